"""What is common to the tables of an export of WHMCS: how their columns are named, and how a row is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from kajoom.domain.cycle import BillingCycle
from kajoom.operations.files.layout import Layout, Translated, label

_ON = frozenset({"1", "on", "true", "yes", "oui", "vrai"})

Cells = Mapping[str, str]
"""The cells of a row by the names of their columns, in lower case without spaces: "nextduedate"."""


@dataclass(frozen=True, slots=True)
class Sold:
    """What the catalogue sells.

    ``names`` has the plans ("group/plan") by a name in lower case, and ``prices`` the cents of one unit by plan,
    cycle and currency.
    """

    names: Mapping[str, Collection[str]]
    prices: Mapping[tuple[str, BillingCycle, str], int]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of WHMCS: its columns by ours, the first of each that the file has, and how a row is read.

    ``also_read`` are the columns that are read besides, and ``required`` those of ours that must come from the file.
    """

    columns: Mapping[str, tuple[str, ...]]
    read: Callable[[Cells, Layout, Sold], Translated]
    also_read: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def first(cells: Cells, *names: str) -> str:
    """The cell of the first of these columns that the file has; empty without any."""
    return next((cells[name] for name in names if name in cells), "")


def is_on(cell: str) -> bool:
    """Whether a cell of yes and no says yes."""
    return label(cell) in _ON
