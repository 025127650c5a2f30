"""Tests of kajoom/worker."""
