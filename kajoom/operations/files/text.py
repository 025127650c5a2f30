"""What every file of a host may hold as text."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that no text may hold: controls other than tabs and line ends (PostgreSQL refuses NUL), the line and
paragraph separators, which would end a header of an e-mail, and those that reverse the direction of what follows."""


def describe_character(character: str) -> str:
    """A character by its code point, such as "U+2028"."""
    return f"U+{ord(character):04X}"


def is_utf16(content: bytes) -> bool:
    """Whether bytes are the beginning of a UTF-16 or UTF-32 text: its mark, or a NUL beside an ASCII character."""
    return content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]
