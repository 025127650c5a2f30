"""What is done: every deed, with a real database and doors that live in memory."""
