"""Properties are tried on the same examples in every run, and never judged by how busy the machine is."""

from hypothesis import settings

settings.register_profile("house", deadline=None, database=None, derandomize=True, max_examples=120)
settings.load_profile("house")
