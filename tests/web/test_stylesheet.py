"""The stylesheet stays readable, and has no rule that nothing uses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CSS = (ROOT / "static/style.css").read_text(encoding="utf-8")
RULES = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
HTMX_CLASSES = {"htmx-request"}


def test_one_declaration_a_line() -> None:
    crowded = [line for line in RULES.splitlines() if line.count(";") > 1 or re.search(r"[{;]\s*\S", line)]
    assert crowded == []


def test_every_class_is_used_by_a_template_or_script() -> None:
    used = HTMX_CLASSES | set(re.findall(r"[\w-]+", _sources()))
    assert set(re.findall(r"\.([a-z][\w-]*)", RULES)) - used == set()


def test_every_custom_property_is_declared_and_used() -> None:
    declared = set(re.findall(r"(--[\w-]+):", RULES))
    assert declared == set(re.findall(r"var\((--[\w-]+)\)", RULES))


def _sources() -> str:
    """Return all that may put a class on an element: pages, the script, and the states a page names by variable."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "kajoom").rglob("*.py"), ROOT / "static/app.js"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
