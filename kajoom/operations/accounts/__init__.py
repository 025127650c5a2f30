"""Clients' accounts: language and passwords."""
