"""The addresses of pages: kept once built, whoever asks for them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, render_template_string, url_for
from werkzeug.routing import MapAdapter


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The endpoints of the addresses that are built."""
    endpoints: list[str] = []
    build = MapAdapter.build

    def counting(self: MapAdapter, endpoint: str, *args: Any, **options: Any) -> str:
        endpoints.append(endpoint)
        return build(self, endpoint, *args, **options)

    monkeypatch.setattr(MapAdapter, "build", counting)
    return endpoints


def test_address_is_built_once_for_views_and_once_for_templates(app: Flask, built: list[str]) -> None:
    for _ in range(2):
        with app.test_request_context():
            assert url_for("service.show", service_id=987654) == "/services/987654"
            template = "{{ url_for('service.show', service_id=987654) }}"
            assert render_template_string(template) == "/services/987654"
    assert built == ["service.show"] * 2


@pytest.mark.parametrize("option", [{"_external": True}, {"_scheme": "http"}], ids=["external", "scheme"])
def test_full_address_is_built_each_time(app: Flask, built: list[str], option: dict[str, Any]) -> None:
    for _ in range(2):
        with app.test_request_context():
            assert url_for("service.index", **option) == "http://localhost/services"
    assert built == ["service.index"] * 2
