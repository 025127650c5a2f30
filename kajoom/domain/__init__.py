"""What is true: money, cycles, taxes, quotes and the life of an order. Standard library only; no clock, no words."""
