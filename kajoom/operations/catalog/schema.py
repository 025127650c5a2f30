"""A host's catalogue file is read whole into values, or answered with every fault in it; nothing is stored here."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from kajoom.domain.payment_method import BUILT_IN
from kajoom.domain.quote import ChargePolicy
from kajoom.operations.catalog.locations import line_of, lines_of
from kajoom.operations.catalog.plans import PlanEntry, permit, plan_of
from kajoom.operations.catalog.section import Section
from kajoom.operations.imports.report import FileError

_AT_LINE = re.compile(r"at line (\d+)")
_LINK = re.compile(r"(https://|/(?!/))\S*")
_TAX_NUMBERS = {"gst_number": r"\d{9} RT\d{4}", "qst_number": r"\d{10} TQ\d{4}"}


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group by its columns, and its plans by their codes."""

    columns: dict[str, Any]
    plans: dict[str, PlanEntry]


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """The whole of a file: the seller, and groups, banners and offline methods by their codes."""

    seller: dict[str, Any]
    groups: dict[str, GroupEntry]
    banners: dict[str, dict[str, Any]]
    offline: dict[str, dict[str, dict[str, str]]]


def read_catalog(content: bytes) -> CatalogFile | list[FileError]:
    """The catalogue that a TOML file describes, or its faults in the order of the file."""
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return [FileError(content.count(b"\n", 0, error.start) + 1, "", "not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        return [FileError(int(found[1]) if found else None, "", str(error))]
    except RecursionError:
        return [FileError(None, "", "nested too deeply")]
    noted: list[tuple[str, str]] = []
    read = _file(Section(table, "", noted))
    if not noted:
        return read
    lines = lines_of(text)
    errors = [FileError(line_of(place, lines), place, reason) for place, reason in noted]
    return sorted(errors, key=lambda error: error.line or 0)


def _file(root: Section) -> CatalogFile:
    seller = _seller(root.section("seller", required=True))
    groups = {code: _group(section) for code, section in root.sections("groups")}
    if not groups:
        root.note("groups", "no group of products")
    banners = {code: _banner(section, set(groups)) for code, section in root.sections("banners")}
    offline = {code: _offline(code, section, root) for code, section in root.sections("payments")}
    root.close()
    return CatalogFile(seller, groups, banners, offline)


def _seller(section: Section) -> dict[str, Any]:
    seller: dict[str, Any] = {key: section.text(key) for key in ("name", "email", "phone")}
    seller["address"] = section.texts("address")
    if not seller["address"]:
        section.note("address", "missing")
    for key, pattern in _TAX_NUMBERS.items():
        seller[key] = section.text(key, required=False)
        if seller[key] and not re.fullmatch(pattern, seller[key], re.ASCII):
            section.note(key, "not a registration number like 123456789 RT0001 or 1234567890 TQ0001")
    seller["terms"] = section.translated("terms", required=False)
    section.close()
    return seller


def _group(section: Section) -> GroupEntry:
    columns = {
        "name": section.translated("name"),
        "charge": section.code("charge", ChargePolicy, ChargePolicy.PRORATED),
        "delay": section.translated("delay"),
    }
    plans = {code: plan_of(plan) for code, plan in section.sections("plans")}
    if not plans:
        section.note("plans", "no plan")
    _levels(section, plans)
    for move in section.listed("moves"):
        permit(move, plans)
    section.close()
    return GroupEntry(columns, plans)


def _levels(section: Section, plans: dict[str, PlanEntry]) -> None:
    """Two plans of one level would stand in no order, and neither would be above the other."""
    first: dict[int, str] = {}
    for code, plan in plans.items():
        other = first.setdefault(plan.columns["level"], code)
        if other != code:
            section.note(f"plans.{code}.level", f"the same as that of {other}")


def _offline(code: str, section: Section, root: Section) -> dict[str, dict[str, str]]:
    """How to pay without a provider; only a built-in offline method has a label already."""
    built_in = BUILT_IN.get(code)
    if built_in is not None and not built_in.is_offline:
        root.note(f"payments.{code}", "not an offline method")
    texts = {
        "label": section.translated("label", required=built_in is None or not built_in.is_offline),
        "instructions": section.translated("instructions"),
    }
    section.close()
    return texts


def _banner(section: Section, groups: set[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {key: section.translated(key) for key in ("title", "text", "link_label", "link")}
    for language, link in columns["link"].items():
        if link and not _LINK.fullmatch(link):
            section.note(f"link.{language}", "an address that begins with https:// or / expected")
    columns |= {key: section.day(key) for key in ("valid_from", "valid_until")}
    if columns["valid_from"] and columns["valid_until"] and columns["valid_until"] < columns["valid_from"]:
        section.note("valid_until", "before valid_from")
    columns["groups"] = section.texts("groups")
    for code in columns["groups"]:
        if code not in groups:
            section.note("groups", f"no group {code!r}")
    section.close()
    return columns
