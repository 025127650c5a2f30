"""How to pay without a provider is read from the host's file as strictly as the rest, and kept with the catalogue."""

from __future__ import annotations

import pytest

from kajoom.domain.payment_method import BUILT_IN
from kajoom.models.catalog import catalog
from tests.catalog_cache import forget_catalog
from tests.operations.catalog.test_load import DEMO, faults_of, load

WIRE = """
[payments.wire]
label = { fr = "Télévirement", en = "Wire transfer" }
instructions = { fr = "Au compte 1.", en = "To account 1." }
"""


@pytest.fixture(autouse=True)
def _catalogue(app: object) -> None:
    """The house is empty: the file is what fills it."""


def test_the_demonstration_is_paid_by_interac_and_by_cheque_in_both_languages() -> None:
    load(DEMO)
    interac, cheque = catalog().offline
    assert (interac.code, cheque.code) == ("interac", "cheque")
    assert "paiements@example.com" in interac.instructions["fr"]
    assert "payable to Kajoom" in cheque.instructions["en"]
    assert interac.label == BUILT_IN["interac"].label


def test_a_method_of_the_hosts_own_brings_its_label() -> None:
    load(DEMO + WIRE)
    method = catalog().payment_methods["wire"]
    assert method.is_offline
    assert method.label == {"fr": "Télévirement", "en": "Wire transfer"}
    assert [each.code for each in catalog().offline] == ["interac", "cheque", "wire"]


def test_a_method_is_added_changed_and_withdrawn() -> None:
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
        (WIRE.replace("wire", "paypal"), "payments.paypal: not an offline method"),
        (WIRE.replace("wire", "credit"), "payments.credit: not an offline method"),
        (WIRE.replace("wire", "Wire"), "payments.Wire: not a code"),
        ("[payments]\ninterac = 1\n", "payments.interac: a table"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, error: str) -> None:
    base = DEMO[: DEMO.index("[payments")] + DEMO[DEMO.index("# Web hosting") :]
    assert any(told.startswith(error) for told in faults_of(base + text))


@pytest.mark.parametrize("code", [code for code, method in BUILT_IN.items() if method.is_offline])
def test_built_in_offline_method_needs_no_label(code: str) -> None:
    text = WIRE.replace("wire", code).replace('label = { fr = "Télévirement", en = "Wire transfer" }', "")
    assert load(DEMO[: DEMO.index("[payments")] + DEMO[DEMO.index("# Web hosting") :] + text).errors == []
    assert [method.code for method in catalog().offline] == [code]
