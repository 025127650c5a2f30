"""Every template parses, has no inline script, works without JavaScript, and swaps elements that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, relative, templates
from tests.architecture.markup import Elements, extended, ill_rooted, needing_javascript, targets_in, unreadable, unsafe


@pytest.mark.parametrize(
    "text", ["{% if %}", "{{ a", "{% block x %}", "{{ a|safe }}", "{{ a + 1 }}", "{{ price * 2 }}"]
)
def test_an_unreadable_template_is_found(text: str) -> None:
    assert list(unreadable(text))


@pytest.mark.parametrize(
    "text", ["{{ _('Hello %(name)s', name=n) }}", "{% trans %}Hello{% endtrans %}", "{% do f() %}"]
)
def test_a_readable_template_passes(text: str) -> None:
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
def test_an_inline_script_or_style_is_found(text: str) -> None:
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
def test_a_safe_template_passes(text: str) -> None:
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
def test_markup_that_needs_javascript_is_found(text: str) -> None:
    assert list(needing_javascript(text))


def test_markup_that_works_without_javascript_passes() -> None:
    get = '<form data-hx-get="/x" action="/x" method="get"><input name="plan"></form>'
    post = (
        '<form data-hx-post="/x" action="/x" method="post"><input name="csrf_token" value="{{ csrf_token() }}"></form>'
    )
    assert not list(needing_javascript(get + post))


@pytest.mark.parametrize(
    "text",
    ["", '<p id="quote"></p><p></p>', "<div></div>", '<div id="prices">', '<section><p id="quote"></p></section>'],
)
def test_a_partial_without_its_own_root_is_found(text: str) -> None:
    assert list(ill_rooted("quote", text))


@pytest.mark.parametrize(
    "text",
    [
        '{% macro m() %}<b>x</b>{% endmacro %}<section id="quote"><br><p>x</p><input></section>',
        '<tr id="quote-{{ row.id }}"><td>x</td></tr>',
        '<section id="quote"></section><hx-partial hx-target="#status">x</hx-partial>',
    ],
)
def test_a_partial_with_its_own_root_passes(text: str) -> None:
    assert not list(ill_rooted("quote", text))


def test_swaps_that_replace_differ_from_swaps_that_fill() -> None:
    text = """<a data-hx-target="#quote" data-hx-swap="outerHTML"></a><a data-hx-target="#row-{{ id }}"></a>
        <a data-hx-target="#panel" data-hx-swap="innerHTML show:top"></a><a data-hx-target="closest form"></a>"""
    assert targets_in(text) == ({"quote", "row"}, {"panel"})


def is_email(path: Path) -> bool:
    """Whether a template is an e-mail's, which has a style sheet of its own."""
    return ROOT / "templates" / "email" in path.parents


def test_there_is_a_base_template() -> None:
    assert ROOT / "templates" / "base.html" in templates(), "templates/base.html is missing: every page extends it"


@pytest.mark.parametrize("path", templates(), ids=relative)
def test_template_keeps_the_rules(path: Path) -> None:
    text = path.read_text()
    faults = list(unreadable(text))
    if path.suffix == ".html":
        faults += [*unsafe(text, is_email(path)), *needing_javascript(text)]
    assert not faults, f"{relative(path)}: " + "; ".join(faults)


@pytest.mark.parametrize("path", [path for path in templates() if not is_email(path)], ids=relative)
def test_page_extends_the_base_and_partial_extends_nothing(path: Path) -> None:
    if path.name == "base.html":
        return
    above = extended(path.read_text())
    if path.name.startswith("_"):
        assert not above, f"{relative(path)} is a partial and extends {above}"
    else:
        while above and above != ["base.html"]:
            assert (ROOT / "templates" / above[0]).is_file(), f"{relative(path)} extends {above[0]}"
            above = extended((ROOT / "templates" / above[0]).read_text())
        assert above, f"{relative(path)} is a page and does not extend base.html"


def test_swapped_element_is_the_root_of_the_partial_with_its_name() -> None:
    partials: dict[str, list[Path]] = {}
    for path in templates():
        if path.name.startswith("_") and path.suffix == ".html":
            partials.setdefault(path.stem[1:].replace("_", "-"), []).append(path)
    targets = {target for path in templates() for target in targets_in(path.read_text())[0]}
    faults = [f"no partial _{target}.html for the target #{target}" for target in targets if target not in partials]
    for target in targets & set(partials):
        for path in partials[target]:
            faults += [f"{relative(path)}: {fault}" for fault in ill_rooted(target, path.read_text())]
    assert not faults, "; ".join(sorted(faults))


def test_filled_element_exists_in_a_template() -> None:
    ids = {each[3].get("id") for path in templates() for each in Elements(path.read_text()).found}
    missing = {target for path in templates() for target in targets_in(path.read_text())[1]} - ids
    assert not missing, f"no element with these ids: {sorted(missing)}"


def test_no_address_is_the_path_without_the_prefix_of_the_site() -> None:
    alone = re.compile(r'="\{\{ ?request\.(path|full_path)')
    assert [relative(path) for path in templates() if alone.search(path.read_text("utf-8"))] == []
