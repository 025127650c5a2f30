"""Errors of pydantic in an operator's words: where in the file, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

REASONS: Mapping[str, str] = {
    "missing": "missing",
    "value_error": "{error}",
    "string_too_long": "longer than {max_length} characters",
}
"""A sentence for each of pydantic's error types that every kind of file can have, with pydantic's own placeholders."""


def describe_errors(error: ValidationError, reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """The place ("groups.hosting.moves[1].to") and the reason of each error, in the order of the model's fields.

    ``reasons`` has a sentence for an error type and, with "[key]" after it, for that error in a key of a table; a type
    that it does not have keeps pydantic's own message.
    """
    described = []
    for each in error.errors(include_url=False):
        location, kind = each["loc"], each["type"]
        if location[-1:] == ("[key]",):
            location, kind = location[:-1], f"{kind}[key]"
        sentence = reasons.get(kind) or reasons.get(each["type"])
        reason = sentence.format(**each.get("ctx", {})) if sentence else each["msg"]
        described.append((_place(location), reason))
    return described


def _place(location: Sequence[int | str]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in location).removeprefix(".")
