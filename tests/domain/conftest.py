"""Hypothesis settings: examples chosen without chance, three times as many in CI, and no time limit per example."""

import os

from hypothesis import settings

EXAMPLES = 120 if os.environ.get("CI") else 40

settings.register_profile("domain", deadline=None, database=None, derandomize=True, max_examples=EXAMPLES)
settings.load_profile("domain")
