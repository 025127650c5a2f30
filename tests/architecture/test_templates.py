"""Every template parses, runs no script of its own, works without JavaScript, and is found by the id it owns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.files import ROOT, named, templates
from tests.architecture.markup import Elements, extended, ill_rooted, needing_javascript, targets_in, unreadable, unsafe


@pytest.mark.parametrize(
    "text", ["{% if %}", "{{ a", "{% block x %}", "{{ a|safe }}", "{{ a + 1 }}", "{{ price * 2 }}"]
)
def test_the_rule_of_reading_catches(text: str) -> None:
    assert list(unreadable(text))


@pytest.mark.parametrize(
    "text", ["{{ _('Hello %(name)s', name=n) }}", "{% trans %}Hello{% endtrans %}", "{% do f() %}"]
)
def test_the_rule_of_reading_allows(text: str) -> None:
    assert not list(unreadable(text))


@pytest.mark.parametrize(
    "text",
    [
        "<script>go()</script>",
        '<script type="application/json">{}</script>',
        "<style>a{}</style>",
        '<p style="color: red">',
        '<p {% if a %}style="color: red"{% endif %}>',
        '<button onclick="go()">',
        '<a hx-get="/x" href="/x">',
        '<a data-hx-on:click="go()">',
        '<body data-hx-boost="true">',
        "<a data-hx-vals='js:{a: 1}'>",
        '<a data-hx-trigger="click[ctrlKey]">',
    ],
)
def test_the_rule_of_safety_catches(text: str) -> None:
    assert list(unsafe(text))


@pytest.mark.parametrize(
    "text",
    [
        '<script src="/static/app.js" defer></script>',
        '<a data-hx-get="/x" data-hx-target="#quote" href="/x">x</a>',
        '<hx-partial hx-target="#status" hx-swap="textContent">x</hx-partial>',
        '{# <p style="color: red"> #}',
    ],
)
def test_the_rule_of_safety_allows(text: str) -> None:
    assert not list(unsafe(text))


@pytest.mark.parametrize(
    "text",
    [
        '<a data-hx-get="/x">x</a>',
        '<form data-hx-get="/x" method="get"></form>',
        '<form data-hx-post="/x" action="/x"></form>',
        '<form method="post" action="/x"></form>',
        "<FORM METHOD=POST></FORM>",
        '<form method="post" action="/x">{{ csrf_token() }}</form><form method="post"></form>',
    ],
)
def test_the_rule_of_working_without_javascript_catches(text: str) -> None:
    assert list(needing_javascript(text))


def test_the_rule_of_working_without_javascript_allows() -> None:
    get = '<form data-hx-get="/x" action="/x" method="get"><input name="plan"></form>'
    post = (
        '<form data-hx-post="/x" action="/x" method="post"><input name="csrf_token" value="{{ csrf_token() }}"></form>'
    )
    assert not list(needing_javascript(get + post))


@pytest.mark.parametrize(
    "text",
    ["", '<p id="quote"></p><p></p>', "<div></div>", '<div id="prices">', '<section><p id="quote"></p></section>'],
)
def test_the_rule_of_roots_catches(text: str) -> None:
    assert list(ill_rooted("quote", text))


@pytest.mark.parametrize(
    "text",
    [
        '{% macro m() %}<b>x</b>{% endmacro %}<section id="quote"><br><p>x</p><input></section>',
        '<tr id="quote-{{ row.id }}"><td>x</td></tr>',
        '<section id="quote"></section><hx-partial hx-target="#status">x</hx-partial>',
    ],
)
def test_the_rule_of_roots_allows(text: str) -> None:
    assert not list(ill_rooted("quote", text))


def test_what_is_replaced_is_told_from_what_is_filled() -> None:
    text = """<a data-hx-target="#quote" data-hx-swap="outerHTML"></a><a data-hx-target="#row-{{ id }}"></a>
        <a data-hx-target="#panel" data-hx-swap="innerHTML show:top"></a><a data-hx-target="closest form"></a>"""
    assert targets_in(text) == ({"quote", "row"}, {"panel"})


def is_letter(path: Path) -> bool:
    """Whether a template is a letter, which is read outside the pages."""
    return ROOT / "templates" / "email" in path.parents


def test_there_are_templates_and_a_base() -> None:
    assert ROOT / "templates" / "base.html" in templates(), "templates/base.html is missing: every page extends it"


@pytest.mark.parametrize("path", templates(), ids=named)
def test_a_template_keeps_the_rules_of_the_house(path: Path) -> None:
    text = path.read_text()
    faults = list(unreadable(text))
    if path.suffix == ".html":
        faults += [*unsafe(text, is_letter(path)), *needing_javascript(text)]
    assert not faults, f"{named(path)}: " + "; ".join(faults)


@pytest.mark.parametrize("path", [path for path in templates() if not is_letter(path)], ids=named)
def test_a_page_extends_the_base_and_a_partial_nothing(path: Path) -> None:
    if path.name == "base.html":
        return
    above = extended(path.read_text())
    if path.name.startswith("_"):
        assert not above, f"{named(path)} is a partial and extends {above}"
    else:
        while above and above != ["base.html"]:
            assert (ROOT / "templates" / above[0]).is_file(), f"{named(path)} extends {above[0]}"
            above = extended((ROOT / "templates" / above[0]).read_text())
        assert above, f"{named(path)} is a page and does not extend base.html"


def test_what_htmx_replaces_is_a_partial_of_that_name() -> None:
    partials: dict[str, list[Path]] = {}
    for path in templates():
        if path.name.startswith("_") and path.suffix == ".html":
            partials.setdefault(path.stem[1:], []).append(path)
    targets = {target for path in templates() for target in targets_in(path.read_text())[0]}
    faults = [f"no partial _{target}.html for the target #{target}" for target in targets if target not in partials]
    for target in targets & set(partials):
        for path in partials[target]:
            faults += [f"{named(path)}: {fault}" for fault in ill_rooted(target, path.read_text())]
    assert not faults, "; ".join(sorted(faults))


def test_what_htmx_fills_is_a_place_of_some_page() -> None:
    places = {each[3].get("id") for path in templates() for each in Elements(path.read_text()).found}
    missing = {target for path in templates() for target in targets_in(path.read_text())[1]} - places
    assert not missing, f"no element with these ids: {sorted(missing)}"
