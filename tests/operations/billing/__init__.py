"""Tests of kajoom/operations/billing."""
