"""One address gives the page or its fragment, depending on three request headers only."""

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
def app_with_templates(config: Config) -> Flask:
    """An application with the templates of a page and of its fragment, which tell one from the other."""
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
def test_request_without_the_partial_headers_gets_the_page(app_with_templates: Flask, headers: dict[str, str]) -> None:
    with app_with_templates.test_request_context(headers=headers):
        response = render("page.html", "_part.html", title="A title", push="/there", page=_aside, value="<1>")
        assert response.get_data(as_text=True) == "<title>A title</title>the page with its aside &lt;1&gt;"
        assert "HX-Push-Url" not in response.headers


def test_htmx_gets_the_fragment_with_its_title_address_and_announcement(app_with_templates: Flask) -> None:
    with app_with_templates.test_request_context(headers=PARTIAL):
        response = render(
            "page.html", "_part.html", title="A title", push="/there", replace="/here", status=409, announce="Done",
            page=pytest.fail, value=1,
        )  # fmt: skip
    assert response.status_code == 409
    assert response.headers["HX-Push-Url"] == "/there"
    assert response.headers["HX-Replace-Url"] == "/here"
    body = response.get_data(as_text=True)
    assert "<title>Erreur\N{NO-BREAK SPACE}: A title · Espace client</title>" in body
    assert "the part 1 Date d’échéance" in body
    assert '<hx-partial data-hx-target="#status" data-hx-swap="textContent">Done</hx-partial>' in body


def test_successful_post_without_htmx_redirects(app_with_templates: Flask) -> None:
    with app_with_templates.test_request_context(method="POST"):
        response = render("page.html", "_part.html", see_other="/orders/x")
    assert (response.status_code, response.location) == (303, "/orders/x")


def test_page_without_a_fragment_is_always_rendered_whole(app_with_templates: Flask) -> None:
    with app_with_templates.test_request_context(headers=PARTIAL):
        assert "the page" in render("page.html", None).get_data(as_text=True)


def test_redirect_of_a_fragment_is_a_header(app_with_templates: Flask) -> None:
    with app_with_templates.test_request_context(headers=PARTIAL):
        response = redirect_to("/services")
        assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/services")
    with app_with_templates.test_request_context():
        response = redirect_to("/services")
        assert (response.status_code, response.location) == (303, "/services")


def test_messages_are_translated_when_a_template_is_compiled(app_with_templates: Flask) -> None:
    with app_with_templates.test_request_context():
        render("page.html", "_part.html")
        environment = app_with_templates.jinja_env.by_language["fr"]  # type: ignore[attr-defined]
        code = environment.compile(
            "{{ _('Due date') }}: {{ _('Pay %(amount)s %(how)s', amount=due, how=how) }}", raw=True
        )
        assert "Date d’échéance" in code
        assert "Due date" not in code
        assert (
            environment.from_string("{{ _('Pay %(amount)s %(how)s', amount='<b>', how='x') }}").render()
            == "Payer &lt;b&gt; x"
        )
