"""Pure business rules: money, billing cycles, taxes, quotes and order statuses. Standard library only, no I/O."""
