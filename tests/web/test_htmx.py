"""One address gives the page or its fragment, by three headers and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from app import create_app
from kajoom.config import Config
from kajoom.web.htmx import redirect_to, render

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def house(config: Config) -> Flask:
    """A house with two templates of a page, which say which of them was asked for."""
    app = create_app(config)
    templates = {
        "page.html": "<title>{{ title }}</title>the page {{ aside }} {{ value }}",
        "_part.html": "the part {{ value }} {{ _('Due date') }}",
    }
    assert app.jinja_env.loader is not None
    app.jinja_env.loader = ChoiceLoader([DictLoader(templates), app.jinja_env.loader])
    return app


def _aside() -> Mapping[str, str]:
    return {"aside": "with its aside"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HX-Request": "true"},
        {"HX-Request": "true", "HX-Request-Type": "full"},
        {"HX-Request-Type": "partial"},
        {**PARTIAL, "HX-History-Restore-Request": "true"},
    ],
)
def test_whoever_does_not_ask_for_a_part_gets_the_page(house: Flask, headers: dict[str, str]) -> None:
    with house.test_request_context(headers=headers):
        result = render("page.html", "_part.html", title="A title", push="/there", page=_aside, value="<1>")
        assert result.get_data(as_text=True) == "<title>A title</title>the page with its aside &lt;1&gt;"
        assert "HX-Push-Url" not in result.headers


def test_htmx_gets_the_part_with_its_title_its_address_and_what_to_say(house: Flask) -> None:
    with house.test_request_context(headers=PARTIAL):
        result = render(
            "page.html", "_part.html", title="A title", push="/there", replace="/here", status=409, announce="Done",
            page=pytest.fail, value=1,
        )  # fmt: skip
    assert result.status_code == 409
    assert result.headers["HX-Push-Url"] == "/there"
    assert result.headers["HX-Replace-Url"] == "/here"
    body = result.get_data(as_text=True)
    assert "<title>A title · Kajoom</title>" in body
    assert "the part 1 Date d'échéance" in body
    assert '<hx-partial data-hx-target="#status" data-hx-swap="textContent">Done</hx-partial>' in body


def test_without_htmx_a_deed_that_succeeded_leads_to_its_page(house: Flask) -> None:
    with house.test_request_context(method="POST"):
        result = render("page.html", "_part.html", see_other="/orders/x")
    assert (result.status_code, result.location) == (303, "/orders/x")


def test_a_page_without_a_fragment_is_always_whole(house: Flask) -> None:
    with house.test_request_context(headers=PARTIAL):
        assert "the page" in render("page.html", None).get_data(as_text=True)


def test_leaving_a_panel_is_never_a_redirect_inside_it(house: Flask) -> None:
    with house.test_request_context(headers=PARTIAL):
        result = redirect_to("/services")
        assert (result.status_code, result.headers["HX-Redirect"]) == (200, "/services")
    with house.test_request_context():
        result = redirect_to("/services")
        assert (result.status_code, result.location) == (303, "/services")


def test_a_sentence_of_a_template_is_said_when_it_is_compiled(house: Flask) -> None:
    with house.test_request_context():
        render("page.html", "_part.html")
        formats = house.jinja_env.by_language["fr"]  # type: ignore[attr-defined]
        code = formats.compile("{{ _('Due date') }}: {{ _('Pay %(amount)s', amount=due) }}", raw=True)
        assert "Date d'échéance" in code or "Date d\\'échéance" in code
        assert "Due date" not in code
        assert formats.from_string("{{ _('Pay %(amount)s', amount='<b>') }}").render() == "Payer &lt;b&gt;"
