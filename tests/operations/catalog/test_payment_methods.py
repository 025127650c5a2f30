"""Offline payment methods in the catalogue file."""

from __future__ import annotations

import pytest

from kajoom.domain.payment_method import BUILT_IN
from kajoom.models.catalog import catalog
from tests.catalog_cache import forget_catalog
from tests.operations.catalog.catalog_text import DEMO, DEMO_WITHOUT_PAYMENTS, errors_of, load

WIRE = """
[payments.wire]
label = { fr = "Télévirement", en = "Wire transfer" }
instructions = { fr = "Au compte 1.", en = "To account 1." }
"""


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def test_demonstration_has_interac_and_cheque_in_both_languages() -> None:
    load(DEMO)
    interac, cheque = catalog().offline
    assert (interac.code, cheque.code) == ("interac", "cheque")
    assert "paiements@example.com" in interac.instructions["fr"]
    assert "payable to Kajoom" in cheque.instructions["en"]
    assert interac.label == BUILT_IN["interac"].label


def test_method_of_the_host_has_the_label_of_the_file() -> None:
    load(DEMO + WIRE)
    method = catalog().payment_methods["wire"]
    assert method.is_offline
    assert method.label == {"fr": "Télévirement", "en": "Wire transfer"}
    assert [each.code for each in catalog().offline] == ["interac", "cheque", "wire"]


def test_days_until_the_money_is_there_are_those_of_the_file() -> None:
    load(DEMO + WIRE.replace("label", "needs = 3\nlabel"))
    assert [(each.code, each.needs) for each in catalog().offline] == [("interac", 2), ("cheque", 10), ("wire", 3)]
    assert load(DEMO + WIRE.replace("label", "needs = 4\nlabel")).changed == ["payments.wire"]


def test_method_without_days_has_the_usual_ones() -> None:
    load(DEMO_WITHOUT_PAYMENTS + WIRE + WIRE.replace("wire", "bank_transfer"))
    assert [each.needs for each in catalog().offline] == [5, 5]


def test_method_is_added_changed_and_withdrawn() -> None:
    load(DEMO)
    assert load(DEMO + WIRE).added == ["payments.wire"]
    assert load(DEMO + WIRE.replace("account 1", "account 2")).changed == ["payments.wire"]
    forget_catalog()
    assert catalog().offline[2].instructions["en"] == "To account 2."
    assert load(DEMO).withdrawn == ["payments.wire"]
    assert load(DEMO).has_changes is False


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (WIRE.replace(', en = "To account 1."', ""), "payments.wire.instructions: English is missing"),
        (WIRE.replace("label", "lable"), "payments.wire.lable: unknown key"),
        ("[payments.wire.instructions]\nfr = 'a'\nen = 'b'\n", "payments.wire.label: missing"),
        ("[payments.bank_transfer]\n", "payments.bank_transfer.instructions: missing"),
        (WIRE.replace("label", "needs = 61\nlabel"), "payments.wire.needs: 60 or less expected"),
        (WIRE.replace("label", "needs = -1\nlabel"), "payments.wire.needs: 0 or more expected"),
        (WIRE.replace("label", 'needs = "2"\nlabel'), "payments.wire.needs: a whole number expected"),
        (WIRE.replace("label", "needs = true\nlabel"), "payments.wire.needs: a whole number expected"),
        (WIRE.replace("wire", "paypal"), "payments.paypal: not an offline method"),
        (WIRE.replace("wire", "credit"), "payments.credit: not an offline method"),
        (WIRE.replace("wire", "Wire"), "payments.Wire: not a code"),
        ("[payments]\ninterac = 1\n", "payments.interac: a table"),
    ],
)  # fmt: skip
def test_error_is_reported_with_its_place(text: str, error: str) -> None:
    assert any(each.startswith(error) for each in errors_of(DEMO_WITHOUT_PAYMENTS + text))


@pytest.mark.parametrize("code", [code for code, method in BUILT_IN.items() if method.is_offline])
def test_built_in_offline_method_needs_no_label(code: str) -> None:
    text = WIRE.replace("wire", code).replace('label = { fr = "Télévirement", en = "Wire transfer" }', "")
    assert load(DEMO_WITHOUT_PAYMENTS + text).errors == []
    assert [method.code for method in catalog().offline] == [code]
