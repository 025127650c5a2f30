"""The provinces and territories of Canada by their codes and by their names in both languages."""

from __future__ import annotations

import re
import unicodedata

_NAMES = {
    "AB": ("Alberta",),
    "BC": ("British Columbia", "Colombie-Britannique"),
    "MB": ("Manitoba",),
    "NB": ("New Brunswick", "Nouveau-Brunswick"),
    "NL": (
        "Newfoundland and Labrador", "Newfoundland & Labrador", "Newfoundland", "Terre-Neuve-et-Labrador",
        "Terre-Neuve", "NF",
    ),
    "NS": ("Nova Scotia", "Nouvelle-Écosse"),
    "NT": ("Northwest Territories", "Territoires du Nord-Ouest", "NWT"),
    "NU": ("Nunavut",),
    "ON": ("Ontario",),
    "PE": ("Prince Edward Island", "Île-du-Prince-Édouard", "PEI"),
    "QC": ("Québec", "Quebec", "PQ"),
    "SK": ("Saskatchewan",),
    "YT": ("Yukon", "Yukon Territory", "Territoire du Yukon"),
}  # fmt: skip


def _letters(name: str) -> str:
    """A name as it is compared: without accents, in lower case, without hyphens and spaces."""
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFD", name).lower())


_CODES = {_letters(name): code for code, names in _NAMES.items() for name in (code, *names)}


def province_code(name: str) -> str:
    """The code of a province by its code or its name ("Quebec", "nouvelle ecosse"); other names as they are."""
    return _CODES.get(_letters(name), name)
