"""Tests of kajoom/operations/orders."""
