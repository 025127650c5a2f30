"""Formats, labels and translations, shared by the web pages, the worker and the commands."""
