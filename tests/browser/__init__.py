"""The house as a client meets it: in a real browser, through a real server."""
