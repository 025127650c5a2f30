"""Mutation testing of ``kajoom/domain``: each small change to the code must make a test in ``tests/domain`` fail."""
