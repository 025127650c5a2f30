"""What the workers do for the application itself: heartbeats, and the seals of the audit."""
