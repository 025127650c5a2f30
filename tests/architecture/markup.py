"""The rules of templates, each a function that yields the faults in a template's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, TemplateSyntaxError, nodes

JINJA = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
TAGS = re.compile(r"{#.*?#}|{%.*?%}", re.DOTALL)
MACROS = re.compile(r"{%-?\s*macro\b.*?endmacro\s*-?%}", re.DOTALL)
VALUES = re.compile(r"{{.*?}}", re.DOTALL)
FORMS = re.compile(r"<form\b.*?</form>", re.DOTALL | re.IGNORECASE)
HTMX_REQUEST = re.compile(r"data-hx-(?:get|post|put|patch|delete)")
ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FILLED = {"innerHTML", "textContent"}
"""The htmx swaps that change an element's content; every other swap replaces the element."""
OUT_OF_BAND = {"hx-partial"}
"""Elements whose content htmx puts elsewhere: a partial may have them beside its root."""

Element = tuple[int, int, str, dict[str, str]]


class Elements(HTMLParser):
    """Parses a template into its elements: line, depth, name and attributes, with "{}" for each Jinja value."""

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
    """A template that does not parse, uses ``|safe``, or calculates."""
    try:
        tree = JINJA.parse(text)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {error.message}"
        return
    yield from (f"line {each.lineno}: |safe" for each in tree.find_all(nodes.Filter) if each.name == "safe")
    for each in tree.find_all(ARITHMETIC):
        yield f"line {each.lineno}: arithmetic; compute it in the view"


def unsafe(text: str, email: bool = False) -> Iterator[str]:
    """Inline scripts and styles, and htmx attributes that run scripts. An ``email`` may have inline styles."""
    for line, _, tag, attributes in Elements(text).found:
        if tag == "script" and not attributes.get("src"):
            yield f"line {line}: inline script"
        if tag == "style" and not email:
            yield f"line {line}: inline style"
        for name, value in attributes.items():
            if (name == "style" and not email) or name.startswith("on"):
                yield f"line {line}: the attribute {name}"
            if name.startswith("hx-") and tag not in OUT_OF_BAND:
                yield f"line {line}: {name} is not valid HTML; write data-{name}"
            if re.match(r"(data-)?hx-(on|boost)", name):
                yield f"line {line}: {name} is not used in this project"
            if "hx-" in name and re.search(r"\b(js|javascript):", value):
                yield f"line {line}: {name} runs a script"
            if name.endswith("hx-trigger") and "[" in value:
                yield f"line {line}: a filter in {name} runs a script"


def needing_javascript(text: str) -> Iterator[str]:
    """Links and forms that do nothing without JavaScript, and POST forms without a CSRF token."""
    for line, _, tag, attributes in Elements(text).found:
        enhanced = any(name.startswith("data-hx-") for name in attributes)
        if tag == "a" and any(HTMX_REQUEST.match(name) for name in attributes) and "href" not in attributes:
            yield f"line {line}: a link without href"
        if tag == "form" and enhanced and not {"action", "method"} <= set(attributes):
            yield f"line {line}: a form without action and method"
    for form in FORMS.findall(text):
        posts = re.search(r"""method\s*=\s*["']?post""", form, re.IGNORECASE)
        if posts and "csrf_token" not in form:
            yield f"a form that posts without csrf_token: {form[:60]!r}"


def extended(text: str) -> list[str]:
    """The names of the templates that this one extends."""
    return [
        str(each.template.value) if isinstance(each.template, nodes.Const) else "a computed name"
        for each in JINJA.parse(text).find_all(nodes.Extends)
    ]


def ill_rooted(name: str, text: str) -> Iterator[str]:
    """Faults of a swapped partial: it must be one element whose id is the file's name."""
    roots = [each for each in Elements(MACROS.sub("", text)).found if each[1] == 0 and each[2] not in OUT_OF_BAND]
    if len(roots) != 1:
        yield f"{len(roots)} root elements, and a swapped partial has one"
    for line, _, tag, attributes in roots:
        found = attributes.get("id", "")
        if found != name and not found.startswith(f"{name}-"):
            yield f'line {line}: <{tag} id="{found}"> and the file is named for "{name}"'


def targets_in(text: str) -> tuple[set[str], set[str]]:
    """The ids of the elements that htmx replaces, and of those that it fills; without the part that a value makes."""
    replaced: set[str] = set()
    filled: set[str] = set()
    for *_, attributes in Elements(text).found:
        target, swap = attributes.get("data-hx-target", ""), attributes.get("data-hx-swap", "")
        if target.startswith("#"):
            (filled if swap.split(" ")[0] in FILLED else replaced).add(target[1:].split("{")[0].rstrip("-"))
    return replaced, filled
