"""Addresses are built as Werkzeug builds them, by functions that are compiled when they are first needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.routing import BuildError, Map, Rule

from kajoom.web.late_rule import LateRule


def test_rule_compiles_nothing_before_an_address_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_builder = Rule._compile_builder

    def counted(rule: Rule, append_unknown: bool) -> Callable[..., tuple[str, str]]:
        compiled.append(rule.rule)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", counted)
    addresses = Map([LateRule("/orders/<reference>", endpoint="order"), LateRule("/", endpoint="home")]).bind(
        "localhost"
    )
    assert addresses.match("/orders/R1") == ("order", {"reference": "R1"})
    assert compiled == []

    assert addresses.build("order", {"reference": "R 1", "page": 2}) == "/orders/R%201?page=2"
    assert addresses.build("order", {"reference": "R2"}, append_unknown=True) == "/orders/R2"
    assert compiled == ["/orders/<reference>"]


def test_rule_without_a_value_that_it_needs_builds_no_address() -> None:
    addresses = Map([LateRule("/orders/<reference>", endpoint="order")]).bind("localhost")
    with pytest.raises(BuildError):
        addresses.build("order", {})
