"""Tests of the tables: constraints, transactions and migrations, on each database engine."""
