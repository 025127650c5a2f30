"""Unit tests of the business rules: no application, no database, no clock."""
