"""What is kept: what the database itself promises, whatever the code above it does."""
