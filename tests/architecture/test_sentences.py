"""Each sentence that states a date, an amount, a delay, a deletion or a refund names the fact that it comes from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from tests.architecture.files import ROOT, templates
from tests.architecture.sentences import fixed_promises, stated_values
from tests.architecture.test_translations import FRENCH

ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
FACTS: dict[str, dict[str, str]] = tomllib.loads((ROOT / "tests/architecture/facts.toml").read_text(encoding="utf-8"))


def resolve(path: str) -> Any:
    """The object of ``kajoom/`` with this dotted path; ``LookupError`` when there is none."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = import_module(".".join(["kajoom", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(value, name):
                raise LookupError(path)
            value = getattr(value, name)
        return value
    raise LookupError(path)


@cache
def values() -> frozenset[str]:
    """What the sentences of the templates take their dates, amounts and delays from."""
    found = (value for path in templates() for value in stated_values(path.read_text(encoding="utf-8"), ENVIRONMENT))
    return frozenset(found)


@cache
def promises() -> frozenset[str]:
    """The messages that state a delay, a deletion or a refund in words."""
    with FRENCH.open("rb") as file:
        return frozenset(fixed_promises(read_po(file)))


def test_each_stated_value_has_a_fact() -> None:
    assert sorted(values() - FACTS["values"].keys()) == []


def test_each_promise_has_a_fact() -> None:
    assert sorted(promises() - FACTS["promises"].keys()) == []


def test_each_fact_belongs_to_a_sentence() -> None:
    assert sorted(FACTS["values"].keys() - values()) == []
    assert sorted(FACTS["promises"].keys() - promises()) == []


@pytest.mark.parametrize("path", sorted({*FACTS["values"].values(), *FACTS["promises"].values()}))
def test_fact_exists(path: str) -> None:
    assert resolve(path) is not None


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("{{ _('Paid on %(day)s', day=order.paid_on|long_date) }}", ["order.paid_on"]),
        ("{{ _('%(amount)s due', amount=money_tag(invoice.balance)) }}", ["invoice.balance"]),
        ("{{ _('%(delay)s', delay=offer.delay|localized) }}", ["offer.delay"]),
        ("{{ _('Hello %(name)s', name=client.name) }}", []),
        ("{{ money_tag(invoice.balance) }}", []),
    ],
)
def test_values_of_a_sentence_are_found(sentence: str, expected: list[str]) -> None:
    assert list(stated_values(sentence, ENVIRONMENT)) == expected
