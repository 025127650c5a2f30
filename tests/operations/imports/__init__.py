"""Tests of kajoom/operations/imports."""
