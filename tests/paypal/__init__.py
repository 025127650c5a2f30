"""A fake PayPal: an HTTP server on the loopback interface with strict validation and a ledger."""
