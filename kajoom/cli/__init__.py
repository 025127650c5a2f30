"""The front door of the operator: each command is a sentence said to one deed, and an exit code."""
