"""A stand-in for a cPanel server."""
