"""How long clients wait for their confirmations while renewals are billed: ``python -m tests.chaos.fairness``."""
