"""The host's catalogue file: its schema, its validation, and its load into the database."""
