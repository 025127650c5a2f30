"""The flow in Firefox and WebKit: ``make engines``."""
