"""Reading of a host's catalogue file: the whole file as a value, or every error in it with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kajoom.domain.payment_method import BUILT_IN
from kajoom.operations.catalog.file_schema import CatalogFile
from kajoom.operations.catalog.group_moves import group_move_errors
from kajoom.operations.catalog.limit_schema import limit_errors
from kajoom.operations.catalog.locations import line_of, lines_of
from kajoom.operations.catalog.schema import ANY
from kajoom.operations.catalog.server_schema import PANELS, server_errors
from kajoom.operations.files.report import FileError
from kajoom.operations.files.text import is_utf16
from kajoom.operations.files.validation import REASONS, describe_errors

_AT_LINE = re.compile(r"at line (\d+)")
_LANGUAGES = {"fr": "French", "en": "English"}
_REASONS = {
    **REASONS,
    "extra_forbidden": "unknown key",
    "enum[key]": "unknown key",
    "enum": "{expected} expected",
    "string_type": "a text in quotes expected",
    "int_type": "a whole number expected",
    "greater_than_equal": "{ge} or more expected",
    "less_than_equal": "{le} or less expected",
    "bool_type": "true or false expected",
    "list_type": "a list expected",
    "model_type": "a table expected",
    "dict_type": "a table expected",
    "literal_error": "{expected} expected",
    "too_short": "empty",
    "too_long": "more than {max_length}",
}


def read_catalog(
    content: bytes, panels: Collection[str] = PANELS, folder: Path | None = None
) -> CatalogFile | list[FileError]:
    """The catalogue that a TOML file describes, or its errors in the order of the file.

    ``panels`` are the panels that a server may have; files that it names are read from ``folder``, where it lies.
    """
    if is_utf16(content):
        return [FileError(None, "", "UTF-16 text: save the file as UTF-8")]
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return [FileError(content.count(b"\n", 0, error.start) + 1, "", "not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        return [FileError(int(line[1]) if line else None, "", str(error))]
    except RecursionError:
        return [FileError(None, "", "nested too deeply")]
    catalog, errors = _validate(table, panels, folder)
    if catalog is not None and not errors:
        return catalog
    lines = lines_of(text)
    found = [FileError(line_of(place, lines), place, reason) for place, reason in errors]
    return sorted(found, key=lambda error: error.line or 0)


def _validate(
    table: Mapping[str, Any], panels: Collection[str], folder: Path | None
) -> tuple[CatalogFile | None, list[tuple[str, str]]]:
    others = [*_reference_errors(table), *server_errors(_tables(table, "servers"), panels)]
    try:
        return CatalogFile.model_validate(table, context={"folder": folder}), others
    except ValidationError as error:
        return None, [*map(_name_language, describe_errors(error, _REASONS)), *others]


def _name_language(error: tuple[str, str]) -> tuple[str, str]:
    """A missing text of one language is an error of the text."""
    place, _, key = error[0].rpartition(".")
    return (place, f"{_LANGUAGES[key]} is missing") if error[1] == "missing" and key in _LANGUAGES else error


def _reference_errors(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Errors between parts of the file, also while a part has errors of its own: hence on the table as parsed."""
    groups = _tables(table, "groups")
    yield from limit_errors(groups, _tables(table, "limits"))
    for code, group in groups.items():
        plans = _tables(group, "plans")
        yield from _level_errors(f"groups.{code}.plans", plans)
        yield from _move_errors(f"groups.{code}.moves", group.get("moves"), plans)
        yield from _feature_errors(f"groups.{code}", plans, group.get("features"))
    yield from group_move_errors(table.get("moves"), groups)
    for code, banner in _tables(table, "banners").items():
        names = [name.strip() for name in _texts(banner.get("groups"))]
        yield from ((f"banners.{code}.groups", f"no group {name!r}") for name in names if name not in groups)
    for code, method in _tables(table, "payments").items():
        if "label" not in method and not (code in BUILT_IN and BUILT_IN[code].is_offline):
            yield f"payments.{code}.label", "missing"


def _level_errors(place: str, plans: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Plans are ordered by level, so each has its own."""
    first: dict[int, str] = {}
    for code, plan in plans.items():
        level = plan.get("level")
        # A bool is an int to Python, and the schema reports it.
        other = first.setdefault(level, code) if type(level) is int else code
        if other != code:
            yield f"{place}.{code}.level", f"the same as that of {other}"


def _move_errors(place: str, moves: Any, plans: Iterable[str]) -> Iterator[tuple[str, str]]:
    for index, move in enumerate(moves if isinstance(moves, list) else ()):
        for key in ("from", "to") if isinstance(move, dict) else ():
            codes = [code.strip() for code in _texts(move.get(key))]
            unknown = [code for code in codes if code not in plans and codes != [ANY]]
            yield from ((f"{place}[{index}].{key}", f"no plan {code!r} in this group") for code in unknown)


def _feature_errors(place: str, plans: Mapping[str, Mapping[str, Any]], names: Any) -> Iterator[tuple[str, str]]:
    """A plan's feature is one that its group names."""
    for code, plan in plans.items():
        for key in _tables(plan, "features"):
            if not isinstance(names, dict) or key not in names:
                yield f"{place}.plans.{code}.features.{key}", f"no feature {key!r} in {place}.features"


def _tables(table: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """The tables under ``key`` by their codes; what is not a table counts as an empty one (the schema reports it)."""
    tables = table.get(key)
    if not isinstance(tables, dict):
        return {}
    return {code: each if isinstance(each, dict) else {} for code, each in tables.items()}


def _texts(value: Any) -> list[str]:
    """A text or a list of texts; what is empty or is not a text is left out (the schema reports it)."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str) and each.strip()]
