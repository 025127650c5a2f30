"""Tests of what the workers do for the application itself."""
