"""Import of the host's clients and services from CSV files."""
