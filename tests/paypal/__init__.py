"""A strict PayPal of our own: a real server on loopback, with a ledger that tells what it truly took."""
