"""Tables and queries. This is the only package that contains SQL."""
