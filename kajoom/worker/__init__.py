"""The front door without a browser: messages are taken from the outbox, acted on, and their outcome noted."""
