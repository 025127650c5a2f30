"""Templates as they are compiled here: the same text as Jinja's own compiler makes of them.

The compiler is a subclass of Jinja's, with methods of it that Jinja does not document. An upgrade that changes them
fails here.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from jinja2 import DictLoader, Environment, FunctionLoader, TemplateAssertionError, UndefinedError

from kajoom.i18n.formats import Formats, formats_for
from kajoom.i18n.jinja import LocalizedEnvironment

_MACROS = """
{% macro row(label, value="none", mark=false) -%}<p>{{ label }}: {{ value }}{% if mark %}!{% endif %}</p>{%- endmacro %}
{% macro box(title) -%}<div>{{ title }}{{ caller() }}</div>{%- endmacro %}
{% macro links(page) -%}{{ page }}{{ kwargs.q }}{%- endmacro %}
{% macro link(label="") -%}<a>{{ label or caller() }}</a>{%- endmacro %}
{% macro pair(text) -%}{{ link(text) }}{{ row(text, mark=true) }}
{%- call link() %}({{ text }}){% endcall %}{%- endmacro %}
"""
_BASE = """<title>{% block title %}base{% endblock %}</title>
{%- set who = "you & me" %}{% block body %}{% endblock %}<b>{{ who }}</b>"""
_PAGE = """{% extends "base.html" %}
{% from "macros.html" import row, box, links as others %}
{% block title %}{{ title }} · {{ super() }}{% endblock %}
{% block body %}
{% from "macros.html" import row, box, links as others %}
{{ row("a < b", text) }}{{ row(label=text, mark=true) }}{{ row(number) }}
{%- set kept = row("kept") %}{{ kept }}{{ kept|upper }}
{%- call box("title") %} {{ text }} {% endcall %}{{ others(1, q="&") }}
{% for each in items %}{{ loop.index }}{{ each.name }}{% include "part.html" %}{% endfor %}
{{ _("Invoice %(number)s", number=text) }}{{ _("Error: %(title)s", title=kept) }}{{ _("100 %% of %(n)s", n=number) }}
{{ twice(number) }}{{ text.upper() }}{{ items[0].name.replace("x", "<") }}{{ nothing }}{{ safe }}
{{- " hidden" if nothing }}{{ " & shown" if text }}
{% endblock %}"""
_PAIR = """{% from "macros.html" import link, pair %}
{% set kept = link("kept") %}{{ pair(text) }}{{ link(label=text) }}{{ kept }}{% call link() %}{{ kept }}{% endcall %}"""
_INDENTED = """<p>
    {% if number %}{{ number }} services.{% endif %}
    {{ title }}
    {# a comment #}
    {% for each in items %}
      <b>{{ each.name }}</b>
      {{ loop.index }}
    {% endfor %}
</p>"""
_SOURCES = {
    "macros.html": _MACROS,
    "base.html": _BASE,
    "page.html": _PAGE,
    "part.html": "({{ twice(each.name) }}{{ text }})",
    "pair.html": _PAIR,
    "indented.html": _INDENTED,
    "plain.txt": '{% from "macros.txt" import line %}{{ line(text) }}{{ _("Invoice %(number)s", number=text) }}',
    "macros.txt": "{% macro line(text) %}- {{ text }}{% endmacro %}",
    "wrong.html": '{% from "macros.html" import row %}{{ row("a", colour="red") }}',
    "missing.html": "{{ nothing.name }}",
    "item.html": "{{ items[0].price.currency }}",
}


@pytest.fixture
def environment() -> LocalizedEnvironment:
    environment = LocalizedEnvironment(Flask(__name__), loader=DictLoader(_SOURCES), autoescape=_is_html)
    environment.globals["twice"] = lambda value: value * 2
    return environment._environment_for(formats_for("en"))


def _is_html(name: str | None) -> bool:
    return bool(name and name.endswith(".html"))


def _render(environment: LocalizedEnvironment, name: str) -> str:
    values = {"text": "<i>", "number": 7, "items": [{"name": "x"}, {"name": "y"}], "title": "A & B"}
    return environment.get_template(name).render(**values)


def test_page_has_the_text_of_its_template(environment: LocalizedEnvironment) -> None:
    lines = [line for line in _render(environment, "page.html").splitlines() if line.strip()]

    assert lines == [
        "<title>A &amp; B · base</title><p>a &lt; b: &lt;i&gt;</p><p>&lt;i&gt;: none!</p><p>7: none</p>"
        "<p>kept: none</p><P>KEPT: NONE</P><div>title &lt;i&gt; </div>1&amp;",
        "1x(xx&lt;i&gt;)2y(yy&lt;i&gt;)Invoice &lt;i&gt;Error: <p>kept: none</p>100 % of 7",
        "14&lt;I&gt;&lt; &amp; shown",
        "<b>you &amp; me</b>",
    ]


def test_macro_calls_a_macro_of_its_own_file_and_what_calls_it(environment: LocalizedEnvironment) -> None:
    link = "<a>&lt;i&gt;</a>"

    assert _render(environment, "pair.html").strip() == (
        f"{link}<p>&lt;i&gt;: none!</p><a>(&lt;i&gt;)</a>{link}<a>kept</a><a><a>kept</a></a>"
    )


@pytest.mark.parametrize("auto_reload", [False, True])
def test_file_of_macros_is_looked_for_at_each_rendering_only_where_files_may_change(
    environment: LocalizedEnvironment, *, auto_reload: bool
) -> None:
    environment.auto_reload = auto_reload
    _render(environment, "plain.txt")

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(_SOURCES, "macros.txt", "{% macro line(text) %}* {{ text }}{% endmacro %}")
        again = _render(environment, "plain.txt")

    assert again == ("* <i>Invoice <i>" if auto_reload else "- <i>Invoice <i>")


def test_text_of_an_email_is_not_escaped(environment: LocalizedEnvironment) -> None:
    assert _render(environment, "plain.txt") == "- <i>Invoice <i>"


def test_sentence_is_in_the_language_of_its_environment(environment: LocalizedEnvironment) -> None:
    french = environment.overlay()
    french.formats, french.loaded = formats_for("fr"), {}

    assert _render(french, "plain.txt") == "- <i>Facture <i>"
    assert isinstance(environment.formats, Formats)


def test_argument_that_a_macro_does_not_have_is_refused(environment: LocalizedEnvironment) -> None:
    with pytest.raises(TemplateAssertionError, match="row"):
        _render(environment, "wrong.html")


def test_variable_that_is_missing_is_named(environment: LocalizedEnvironment) -> None:
    with pytest.raises(UndefinedError, match="nothing"):
        _render(environment, "missing.html")


def test_a_page_without_indentation_has_spaces_where_it_had_them(environment: LocalizedEnvironment) -> None:
    plain = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    values = {"number": 7, "items": [{"name": "x"}, {"name": "y"}], "title": "A & B"}

    expected = plain.from_string(_INDENTED).render(**values)

    assert _render(environment, "indented.html").split() == expected.split()


def test_item_that_is_missing_is_named(environment: LocalizedEnvironment) -> None:
    with pytest.raises(UndefinedError, match="price"):
        _render(environment, "item.html")


def test_template_that_several_threads_open_first_is_compiled_once(environment: LocalizedEnvironment) -> None:
    read: list[str] = []

    def source(name: str) -> str:
        read.append(name)
        time.sleep(0.01)  # the other threads ask for it meanwhile
        return _SOURCES[name]

    environment.loader, environment.auto_reload = FunctionLoader(source), False
    with ThreadPoolExecutor(4) as threads:
        pages = [*threads.map(environment.get_template, ["plain.txt"] * 4)]
    assert read == ["plain.txt", "macros.txt"]
    assert {*pages} == {pages[0]}
