"""The rules of the house, held by a machine: each is a function over text, shown to fail and then put to every file."""
