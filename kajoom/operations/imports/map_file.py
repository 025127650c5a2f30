"""The mapping file of an import (``--map map.toml``): how a host's files are written, in the host's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import BillingCycle
from kajoom.operations.catalog.locations import line_of, lines_of
from kajoom.operations.files.encoding import is_text_encoding
from kajoom.operations.files.layout import DateOrder, Layout, label
from kajoom.operations.files.report import FileError
from kajoom.operations.files.validation import REASONS, describe_errors
from kajoom.operations.imports.clients import ClientRow
from kajoom.operations.imports.credit import CreditRow
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.whmcs import Whmcs
from kajoom.operations.imports.whmcs_table import Sold

OUR_COLUMNS = tuple(dict.fromkeys((*ClientRow.model_fields, *ServiceRow.model_fields, *CreditRow.model_fields)))
"""Every column of our own files, which a mapping may name."""

Format = Literal["whmcs"]
_REASONS = {
    **REASONS,
    "extra_forbidden": "unknown key",
    "string_type": "a text in quotes expected",
    "literal_error": "{expected} expected",
    "dict_type": "a table expected",
    "list_type": "a list expected",
    "bool_type": "true or false expected",
}


def _check_encoding(name: str) -> str:
    if not is_text_encoding(name):
        raise ValueError(f"not an encoding of text, such as windows-1252: {name[:40]!r}")
    return name


def _check_plan(plan: str) -> str:
    group, slash, code = plan.partition("/")
    if not (group and slash and code) or "/" in code:
        raise ValueError(f'not a plan like "hosting/base": {plan[:80]!r}')
    return plan


def _check_column(name: str) -> str:
    if name not in OUR_COLUMNS:
        raise ValueError(f"not a column of ours: {', '.join(OUR_COLUMNS)}")
    return name


Column = Annotated[str, AfterValidator(_check_column)]
Plans = dict[str, Annotated[str, AfterValidator(_check_plan)]]


class MapFile(BaseModel):
    """A mapping file.

    ``columns`` gives the file's name of our columns, ``values`` what its cells mean by our column, ``defaults`` the
    cells of columns it does not have. ``products``, ``domains`` and ``addons`` say which plan a product, an ending of
    domains or an add-on of WHMCS is. ``header`` names the columns of a file that has no header.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Format | None = None
    encoding: Annotated[str, AfterValidator(_check_encoding)] = "utf-8"
    dates: DateOrder = "ymd"
    entities: bool | None = None
    header: list[str] = []
    columns: dict[Column, str] = {}
    values: dict[Column, dict[str, str]] = {}
    defaults: dict[Column, str] = {}
    products: Plans = {}
    domains: Plans = {}
    addons: Plans = {}


def read_map(
    content: bytes | None, exported_by: Format | None, encoding: str | None, catalog: Catalog
) -> Layout | list[FileError]:
    """The layout of a file, by its mapping, its format and its encoding; or the errors of the mapping by line."""
    mapping = MapFile() if content is None else _parse(content)
    if isinstance(mapping, list):
        return mapping
    exported_by = exported_by or mapping.format
    tables = {"hosting": mapping.products, "domain": mapping.domains, "addon": mapping.addons}
    return Layout(
        encoding=encoding or mapping.encoding,
        dates=mapping.dates,
        has_entities=exported_by is not None if mapping.entities is None else mapping.entities,
        header=tuple(mapping.header),
        columns=mapping.columns,
        values={name: {label(cell): ours for cell, ours in table.items()} for name, table in mapping.values.items()},
        defaults=mapping.defaults,
        plans={name: {label(key): plan for key, plan in table.items()} for name, table in tables.items()},
        export=Whmcs(sold_by(catalog)) if exported_by == "whmcs" else None,
    )


def sold_by(catalog: Catalog) -> Sold:
    """The plans of a catalogue by each of their names, code, package, name and title in both languages, and prices."""
    names: dict[str, set[str]] = {}
    prices: dict[tuple[str, BillingCycle, str], int] = {}
    for plan in catalog.plans.values():
        place = f"{plan.group}/{plan.code}"
        for name in (plan.code, plan.package, *plan.name.values(), *plan.title.values()):
            names.setdefault(label(name), set()).add(place)
        prices |= {(place, cycle, currency): price.cents for (cycle, currency), price in plan.prices.items()}
    return Sold(names, prices)


def _parse(content: bytes) -> MapFile | list[FileError]:
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        return [FileError(None, "", "not UTF-8 text")]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return [FileError(None, "", str(error))]
    try:
        return MapFile.model_validate(table)
    except ValidationError as error:
        return list(_errors(error, text))


def _errors(error: ValidationError, text: str) -> Iterator[FileError]:
    lines: dict[str, Any] = lines_of(text)
    for place, reason in describe_errors(error, _REASONS):
        yield FileError(line_of(place, lines), place, reason)
