"""The host's catalogue file: schema and load."""
