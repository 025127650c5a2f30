"""Imports of the host's clients and services from CSV files."""
