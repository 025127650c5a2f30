"""Text of another system, made fit to be stored and shown."""

from __future__ import annotations

_LONGEST = 300


def plain(text: object) -> str:
    """A text without control characters and doubled spaces, at most 300 characters; empty for anything else."""
    if not isinstance(text, str):
        return ""
    words = "".join(each if each.isprintable() else " " for each in text[: 4 * _LONGEST]).split()
    return " ".join(words)[:_LONGEST]
