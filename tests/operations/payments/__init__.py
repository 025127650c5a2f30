"""Tests of kajoom/operations/payments."""
