"""The registry of payment methods."""

from __future__ import annotations

import re
from datetime import date

import pytest

from kajoom.domain.catalog import Catalog
from kajoom.domain.payment_method import (
    ACCOUNT_CREDIT,
    BUILT_IN,
    PaymentMethodKind,
    arrives_before,
    last_day_to_pay,
    offline_method,
)

INSTRUCTIONS = {"fr": "Postez-le.", "en": "Mail it."}


# For each built-in method its kind, whether the usual method of an imported service may be it, and its labels.
METHODS = """
paypal         provider        assignable  PayPal                     PayPal
interac        offline         assignable  Virement Interac           Interac e-Transfer
cheque         offline         assignable  Chèque                     Cheque
bank_transfer  offline         assignable  Virement bancaire          Bank transfer
credit         account_credit  assignable  Crédit au compte           Account credit
card           provider        assignable  Carte de crédit            Credit card
demonstration  provider        no          Paiement de démonstration  Demonstration payment
"""


def test_built_in_methods_are_those_of_the_table_in_its_order() -> None:
    rows = [tuple(re.split(r"\s{2,}", line)) for line in METHODS.strip().splitlines()]
    found = [
        (code, method.kind, "assignable" if method.is_assignable else "no", method.label["fr"], method.label["en"])
        for code, method in BUILT_IN.items()
    ]
    assert found == rows
    assert all(method.code == code for code, method in BUILT_IN.items())


def test_only_offline_methods_are_offline() -> None:
    assert [code for code, method in BUILT_IN.items() if method.is_offline] == ["interac", "cheque", "bank_transfer"]


def test_offline_method_that_is_not_built_in_may_be_assigned_and_is_labelled_by_its_code() -> None:
    method = offline_method("counter", {}, INSTRUCTIONS)
    assert (method.code, method.label, method.instructions) == (
        "counter",
        {"fr": "counter", "en": "counter"},
        INSTRUCTIONS,
    )
    assert method.is_offline
    assert method.is_assignable


def test_built_in_methods_have_a_label_and_a_phrase_in_both_languages_and_no_instructions() -> None:
    for method in BUILT_IN.values():
        for texts in (method.label, method.phrase):
            assert texts.keys() == {"fr", "en"}
            assert all(texts.values())
        assert not method.instructions


def test_account_credit_is_its_own_kind_of_method() -> None:
    kinds = {code: method.kind for code, method in BUILT_IN.items()}
    assert [code for code, kind in kinds.items() if kind is PaymentMethodKind.ACCOUNT_CREDIT] == [ACCOUNT_CREDIT]


def test_offline_method_without_a_label_takes_the_built_in_one() -> None:
    assert offline_method("cheque", {}, INSTRUCTIONS).label == {"fr": "Chèque", "en": "Cheque"}
    assert offline_method("cheque", {"fr": "Par la poste", "en": "By mail"}, INSTRUCTIONS).label["en"] == "By mail"


def test_method_within_a_sentence_is_its_phrase_or_its_label_in_brackets() -> None:
    label = {"fr": "Au comptoir", "en": "At the counter"}
    phrase = {"fr": "au comptoir", "en": "at the counter"}
    assert offline_method("cheque", {}, INSTRUCTIONS).how == {"fr": "par chèque", "en": "by cheque"}
    assert offline_method("cheque", label, INSTRUCTIONS).how == {"fr": "(Au comptoir)", "en": "(At the counter)"}
    assert offline_method("counter", label, INSTRUCTIONS, phrase=phrase).how == phrase


def test_catalog_adds_its_own_methods_to_the_built_in_ones() -> None:
    own = offline_method("counter", {"fr": "Au comptoir", "en": "At the counter"}, INSTRUCTIONS)
    methods = Catalog(version=1, offline=(own,)).payment_methods
    assert list(methods) == [*BUILT_IN, "counter"]
    assert methods["counter"].is_offline


def test_catalog_gives_a_built_in_offline_method_its_instructions() -> None:
    cheque = offline_method("cheque", {}, INSTRUCTIONS)
    assert Catalog(version=1, offline=(cheque,)).payment_methods["cheque"].instructions == INSTRUCTIONS


def test_usual_offline_method_is_shown_first_and_alone() -> None:
    cheque, interac = offline_method("cheque", {}, INSTRUCTIONS), offline_method("interac", {}, INSTRUCTIONS)
    catalog = Catalog(version=1, offline=(interac, cheque))
    assert catalog.offline_for("cheque", ["paypal"]) == (cheque,)
    assert catalog.offline_for("cheque", []) == (cheque,)
    assert catalog.offline_for("paypal", ["paypal"]) == ()
    assert catalog.offline_for("paypal", []) == (interac, cheque)


def test_money_of_each_method_needs_its_days() -> None:
    needs = {code: method.needs for code, method in BUILT_IN.items()}
    assert needs == {
        "paypal": 0, "interac": 2, "cheque": 10, "bank_transfer": 5, "credit": 0, "card": 0, "demonstration": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("code", "needs", "expected"), [
    ("cheque", None, 10), ("cheque", 0, 0), ("cheque", 14, 14), ("counter", None, 5), ("counter", 1, 1),
])  # fmt: skip
def test_days_of_the_catalogue_replace_the_usual_ones(code: str, needs: int | None, expected: int) -> None:
    assert offline_method(code, {}, INSTRUCTIONS, needs).needs == expected


@pytest.mark.parametrize(
    ("needs", "on", "due", "in_time", "last_day"),
    [
        (0, "2026-06-16", "2026-07-01", True, "2026-06-23"),
        (2, "2026-06-16", "2026-07-01", True, "2026-06-23"),
        (5, "2026-06-16", "2026-07-01", True, "2026-06-25"),
        (10, "2026-06-16", "2026-07-01", True, "2026-06-30"),
        (10, "2026-06-16", "2027-06-01", True, "2026-06-30"),
        (10, "2026-06-20", "2026-07-01", True, "2026-06-30"),
        (10, "2026-06-21", "2026-07-01", False, "2026-06-30"),
        (2, "2026-06-28", "2026-07-01", True, "2026-06-30"),
        (2, "2026-06-29", "2026-07-01", False, "2026-06-30"),
        (0, "2026-06-30", "2026-07-01", True, "2026-06-30"),
        (60, "2026-06-16", None, True, "2026-08-19"),
    ],
)
def test_method_is_offered_where_its_money_arrives_before_the_due_date(
    needs: int, on: str, due: str | None, in_time: bool, last_day: str
) -> None:
    day, due_date = date.fromisoformat(on), date.fromisoformat(due) if due else None
    assert arrives_before(due_date, needs, day) is in_time
    assert last_day_to_pay(due_date, needs, day, 7) == date.fromisoformat(last_day)


def test_host_that_gives_more_days_keeps_them() -> None:
    assert last_day_to_pay(date(2026, 12, 1), 10, date(2026, 6, 16), 30) == date(2026, 7, 16)
