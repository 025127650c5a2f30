"""Tests of kajoom/operations, with a real database and in-memory gateways."""
