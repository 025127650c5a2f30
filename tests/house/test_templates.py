"""Every template parses, runs no script of its own, works without JavaScript, and is found by the id it owns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, TemplateSyntaxError, nodes

from tests.house.tree import ROOT, named, templates

JINJA = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
TAGS = re.compile(r"{#.*?#}|{%.*?%}", re.DOTALL)
MACROS = re.compile(r"{%-?\s*macro\b.*?endmacro\s*-?%}", re.DOTALL)
VALUES = re.compile(r"{{.*?}}", re.DOTALL)
FORMS = re.compile(r"<form\b.*?</form>", re.DOTALL | re.IGNORECASE)
ASKS = re.compile(r"data-hx-(?:get|post|put|patch|delete)")
ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LIVE = {"status", "alert"}
"""The live regions of the page: there from the start and never swapped themselves."""
BESIDE = {"hx-partial"}
"""Elements that carry their content elsewhere, and may stand beside a partial's own root."""

Element = tuple[int, int, str, dict[str, str]]


class Elements(HTMLParser):
    """The elements of a page: line, depth, name and attributes (a value made by the template reads "{}")."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Element] = []
        self.depth = 0
        self.feed(VALUES.sub("{}", TAGS.sub(" ", text)))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((self.getpos()[0], self.depth, tag, {name: value or "" for name, value in attrs}))
        self.depth += tag not in VOID

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((self.getpos()[0], self.depth, tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag not in VOID


def unreadable(text: str) -> Iterator[str]:
    """A template that does not parse, trusts a value as markup, or reckons."""
    try:
        tree = JINJA.parse(text)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {error.message}"
        return
    yield from (f"line {each.lineno}: |safe" for each in tree.find_all(nodes.Filter) if each.name == "safe")
    for each in tree.find_all(ARITHMETIC):
        yield f"line {each.lineno}: a template does not reckon; hand it the value"


def unsafe(text: str, letter: bool = False) -> Iterator[str]:
    """Scripts and styles in the page, and ways of htmx that need them; a letter has no style sheet but its own."""
    for line, _, tag, attributes in Elements(text).found:
        if tag == "script" and not attributes.get("src"):
            yield f"line {line}: a script in the page"
        if tag == "style" and not letter:
            yield f"line {line}: a style in the page"
        for name, value in attributes.items():
            if (name == "style" and not letter) or name.startswith("on"):
                yield f"line {line}: the attribute {name}"
            if name.startswith("hx-") and tag not in BESIDE:
                yield f"line {line}: {name} is not valid HTML; write data-{name}"
            if re.match(r"(data-)?hx-(on|boost)", name):
                yield f"line {line}: {name} is not used in this house"
            if "hx-" in name and re.search(r"\b(js|javascript):", value):
                yield f"line {line}: {name} runs a script"
            if name.endswith("hx-trigger") and "[" in value:
                yield f"line {line}: a filter in {name} runs a script"


def needing_javascript(text: str) -> Iterator[str]:
    """Links and forms that do nothing without JavaScript, and forms that post without their token."""
    for line, _, tag, attributes in Elements(text).found:
        enhanced = any(name.startswith("data-hx-") for name in attributes)
        if tag == "a" and any(ASKS.match(name) for name in attributes) and "href" not in attributes:
            yield f"line {line}: a link without href"
        if tag == "form" and enhanced and not {"action", "method"} <= set(attributes):
            yield f"line {line}: a form without action and method"
    for form in FORMS.findall(text):
        posts = re.search(r"""method\s*=\s*["']?post""", form, re.IGNORECASE)
        if posts and "csrf_token" not in form:
            yield f"a form that posts without csrf_token: {form[:60]!r}"


def extended(text: str) -> list[str]:
    """The names of the templates this one extends."""
    return [
        str(each.template.value) if isinstance(each.template, nodes.Const) else "a name made as it runs"
        for each in JINJA.parse(text).find_all(nodes.Extends)
    ]


def ill_rooted(name: str, text: str) -> Iterator[str]:
    """A partial that htmx swaps and that is not one element with the id of its file."""
    roots = [each for each in Elements(MACROS.sub("", text)).found if each[1] == 0 and each[2] not in BESIDE]
    if len(roots) != 1:
        yield f"{len(roots)} root elements, and a swapped partial has one"
    for line, _, tag, attributes in roots:
        found = attributes.get("id", "")
        if found != name and not found.startswith(f"{name}-"):
            yield f'line {line}: <{tag} id="{found}"> and the file is named for "{name}"'


def targets_in(text: str) -> set[str]:
    """The ids that htmx is told to swap, less the live regions; the row's own end of an id is left out."""
    values = (attributes.get("data-hx-target", "") for *_, attributes in Elements(text).found)
    return {value[1:].split("{")[0].rstrip("-") for value in values if value.startswith("#")} - LIVE


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


def test_targets_are_found_without_the_live_regions() -> None:
    text = '<a data-hx-target="#quote"></a><a data-hx-target="#row-{{ id }}"></a><a data-hx-target="#alert"></a>'
    assert targets_in(text) == {"quote", "row"}


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


def test_what_htmx_swaps_is_a_partial_of_that_name() -> None:
    partials: dict[str, list[Path]] = {}
    for path in templates():
        if path.name.startswith("_") and path.suffix == ".html":
            partials.setdefault(path.stem[1:], []).append(path)
    targets = {target for path in templates() for target in targets_in(path.read_text())}
    faults = [f"no partial _{target}.html for the target #{target}" for target in targets if target not in partials]
    for target in targets & set(partials):
        for path in partials[target]:
            faults += [f"{named(path)}: {fault}" for fault in ill_rooted(target, path.read_text())]
    assert not faults, "; ".join(sorted(faults))
