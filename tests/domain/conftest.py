"""Hypothesis settings: the same examples in every run, without a time limit per example."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, database=None, derandomize=True, max_examples=120)
settings.load_profile("domain")
