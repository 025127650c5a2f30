"""Errors of pydantic in an operator's words: where in the file, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

REASONS: Mapping[str, str] = {
    "missing": "missing",
    "value_error": "{error}",
    "string_too_long": "longer than {max_length} characters",
}
"""A sentence for each of pydantic's error types that every kind of file can have, with pydantic's own placeholders."""


def describe_errors(error: ValidationError, reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """The place ("groups.hosting.moves[1].to") and the reason of each error, in the order of the model's fields.

    A type that ``reasons`` does not have keeps pydantic's own message.
    """
    described = []
    for each in error.errors(include_url=False, include_input=False):
        sentence = reasons.get(each["type"])
        reason = sentence.format(**each.get("ctx", {})) if sentence else each["msg"]
        described.append((place_of(each["loc"]), reason))
    return described


def place_of(location: tuple[int | str, ...]) -> str:
    """A location of pydantic as one text; an invalid key of a table is named by the place it would have."""
    keys = (key for key in location if key != "[key]")
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")
