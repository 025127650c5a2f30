"""The demonstration: a payment provider and a hosting panel that move no money and host nothing."""
