"""What is true, tested as values: no application, no database, no clock."""
