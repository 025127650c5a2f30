"""Tests of kajoom/operations/catalog."""
