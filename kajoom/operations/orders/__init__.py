"""Orders: prices, confirmation, provisioning, cancellation requests and history."""
