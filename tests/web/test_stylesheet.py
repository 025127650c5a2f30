"""The stylesheet is readable, small, understood by every supported browser, and has no rule that nothing uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kajoom.web.assets import read_asset

ROOT = Path(__file__).resolve().parents[2]
STYLE, STAFF = (
    re.sub(r"/\*.*?\*/", "", (ROOT / "static" / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for name in ("style.css", "staff.css")
)
RULES = f"{STYLE}\n{STAFF}"
MAX_COMPRESSED_BYTES = 10_000
TOO_NEW = ("light-dark(", "color-mix(", "oklch(", "@scope", "@starting-style", "@property", "field-sizing", " lh;")
"""What Safari 16, Chrome 110 or Firefox 121 does not know and that would lose the declaration around it."""


def test_one_declaration_a_line() -> None:
    crowded = [line for line in RULES.splitlines() if line.count(";") > 1 or re.search(r"[{;]\s*\S", line)]
    assert crowded == []


def test_every_class_is_used_by_a_template_or_script() -> None:
    used = set(re.findall(r"[\w-]+", _sources()))
    assert set(re.findall(r"\.([a-z][\w-]*)", RULES)) - used == set()


def test_every_custom_property_is_declared_and_used() -> None:
    declared = set(re.findall(r"(--[\w-]+):", RULES))
    assert declared == set(re.findall(r"var\((--[\w-]+)\)", RULES))


@pytest.mark.parametrize("name", TOO_NEW)
def test_no_function_that_a_supported_browser_lacks(name: str) -> None:
    assert name not in RULES


def test_no_rule_inside_another() -> None:
    """Nested rules need Safari 16.5, Chrome 112: those before drop them."""
    open_blocks: list[str] = []
    for opening, selector, _closing in re.findall(r"(([^{};]*)\{)|(\})", RULES):
        if opening:
            assert not open_blocks or open_blocks[-1].startswith("@"), f"{selector} inside {open_blocks[-1]}"
            open_blocks.append(selector.strip())
        else:
            open_blocks.pop()
    assert open_blocks == []


def test_no_selector_restyles_the_page_after_a_swap() -> None:
    """A browser restyles all below an element with :has(), or beside an inserted one, if a `*` may be there."""
    selectors = [each.strip() for each in re.findall(r"[^{};]+(?=\{)", STYLE.partition("@layer print {")[0])]
    has = r":has\((?:[^()]|\([^()]*\))*\)"
    any_below = re.compile(has + r"[^,]*[ >+~] (?:\*|:not)")
    assert [each for each in selectors if any_below.search(each)] == []
    assert [each for each in selectors if "+ *" in each] == []


def test_each_colour_of_the_dark_scheme_has_its_plain_light_value() -> None:
    light, dark = RULES.partition("@media screen and (prefers-color-scheme: dark)")[::2]
    names = re.findall(r"(--[\w-]+):", dark.partition("\n  }\n")[0])
    assert len(names) > 15
    assert [name for name in names if f"{name}: " not in light] == []


def test_stylesheet_is_sent_in_10_kilobytes() -> None:
    sent = read_asset(ROOT / "static", ROOT / "static/style.css")
    assert b"/*" not in sent.content
    assert len(sent.gzipped) <= MAX_COMPRESSED_BYTES


def _sources() -> str:
    """Return all that may put a class on an element: pages, the script, and the states a page names by variable."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "kajoom").rglob("*.py"), ROOT / "static/app.js"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
