"""Crashes, lost answers, full disks and storms: what must be true once everybody has caught up."""
