"""The worker: leases messages of the outbox, sends e-mails, calls panels and providers, and runs each day's work."""
