"""Clients' accounts: language."""
