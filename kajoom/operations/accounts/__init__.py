"""Clients' accounts: language, passwords and sessions."""
