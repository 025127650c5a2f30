"""Cases of `flask quote`: each line is priced, refused or reported as invalid, in one line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kajoom.cli.quote_case import Case, answer, answer_line

# 10.00 to 20.00 a month, 15 of 30 days left: 5.00; GST 0.25, QST 0.49875 -> 0.50.
CASE: dict[str, Any] = {
    "id": "7",
    "old_price": "10.00",
    "old_cycle_months": "1",
    "new_price": "20.00",
    "new_cycle_months": "1",
    "next_due": "2026-07-01",
    "on": "2026-06-16",
}
KEYS = {
    "id",
    "decision",
    "reason",
    "subtotal",
    "taxes",
    "total",
    "credit_used",
    "due_today",
    "next_due",
    "lines",
}


def answer_to(**fields: Any) -> dict[str, Any]:
    """The answer to CASE with some fields changed; ``...`` removes a field."""
    return answer({key: value for key, value in {**CASE, **fields}.items() if value is not ...})


def test_answer_has_every_figure_of_the_quote() -> None:
    assert answer_to() == {
        "id": "7",
        "decision": "now",
        "reason": None,
        "subtotal": "5.00",
        "taxes": [{"name": "GST", "amount": "0.25"}, {"name": "QST", "amount": "0.50"}],
        "total": "5.75",
        "credit_used": "0.00",
        "due_today": "5.75",
        "next_due": "2026-07-01",
        "lines": [{"code": "difference", "amount": "5.00"}],
    }


def test_refused_case_has_a_reason_and_no_figures() -> None:
    error = answer_to(on="2026-07-11")
    assert error.keys() == KEYS
    assert (error["decision"], error["reason"]) == ("refused", "overdue")
    assert error["taxes"] == error["lines"] == []
    assert {error[key] for key in ("subtotal", "total", "credit_used", "due_today", "next_due")} == {None}


@pytest.mark.parametrize(
    ("fields", "due_today", "next_due"),
    [
        pytest.param({"province": "ON"}, "5.65", "2026-07-01", id="5.00 and HST of 13 %"),
        pytest.param({"province": ""}, "5.75", "2026-07-01", id="an empty province is Quebec"),
        pytest.param({"province": "FR"}, "5.00", "2026-07-01", id="outside Canada nothing is taxed"),
        pytest.param({"quantity": "3"}, "17.25", "2026-07-01", id="three times: 15.00, 0.75, 1.50"),
        pytest.param({"credit": "5.00"}, "0.75", "2026-07-01", id="credit is taken off after tax"),
        pytest.param({"charge": "full_period"}, "11.50", "2026-07-01", id="the whole difference"),
        pytest.param({"when": "renewal"}, "0.00", "2026-07-01", id="at the renewal nothing is due today"),
        pytest.param({"new_cycle_months": 12, "new_price": 100}, "109.23", "2027-06-16", id="a year from today"),
        pytest.param({"old_price": "0", "next_due": ...}, "23.00", "2026-07-16", id="free: a whole first month"),
        pytest.param({"old_cycle_months": "0", "new_cycle_months": "0"}, "11.50", None, id="paid once"),
        pytest.param({"unpaid": False, "when": None, "quantity": ""}, "5.75", "2026-07-01", id="empty is absent"),
        pytest.param({"old_price": "0.00"}, "11.50", "2026-07-01", id="0.00 with a due date: half of 20.00"),
        pytest.param({"old_price": "0", "next_due": "2026-03-01"}, "11.50", "2026-07-01", id="0.00 moves by itself"),
        pytest.param({"registered": "gst"}, "5.25", "2026-07-01", id="no QST number"),
        pytest.param({"registered": "gst", "province": "ON"}, "5.65", "2026-07-01", id="HST has the number of GST"),
        pytest.param({"registered": "none"}, "5.00", "2026-07-01", id="a small supplier"),
        pytest.param({"registered": "none", "province": "ON"}, "5.00", "2026-07-01", id="no HST without a number"),
        pytest.param({"registered": "both", "exempt": "no"}, "5.75", "2026-07-01", id="the defaults"),
        pytest.param({"exempt": "yes"}, "5.00", "2026-07-01", id="an exempt client"),
        pytest.param(
            {"registered": "gst", "on": "2012-06-16", "next_due": "2012-07-01"},
            "5.25",
            "2012-07-01",
            id="a rate that is not charged need not be known",
        ),
        pytest.param({"old_price": 10, "new_price": 20.0}, "5.75", "2026-07-01", id="numbers are read as written"),
    ],
)
def test_optional_fields_change_the_price(fields: dict[str, Any], due_today: str, next_due: str | None) -> None:
    priced = answer_to(**fields)
    assert (priced.get("due_today"), priced.get("next_due")) == (due_today, next_due), priced


@pytest.mark.parametrize(
    ("fields", "subtotal"),
    [
        ({"options": "5.00"}, "5.00"),  # 15.00 to 25.00: they are on both sides
        ({"discount": "4.00"}, "5.00"),  # 6.00 to 16.00
        ({"discount": "12.00"}, "4.00"),  # 0.00, not -2.00, to 8.00
        ({"discount": "30.00"}, "0.00"),  # 0.00 to 0.00
        ({"quantity": 3, "options": "2.00", "discount": "8.00"}, "15.00"),  # 24.00 to 54.00: totals, not per unit
        # 10.00 + 5.00 a month to 100.00 + 60.00 a year, less half of 15.00
        ({"options": "5.00", "new_price": "100", "new_cycle_months": 12}, "152.50"),
        # 10.00 - 2.50 a month to 100.00 - 30.00 a year, less half of 7.50
        ({"discount": "2.50", "new_price": "100", "new_cycle_months": 12}, "66.25"),
        # a discount of 100 % that carries over
        ({"discount": "10.00", "new_price": "100", "new_cycle_months": 12}, "0.00"),
        ({"old_cycle_months": 0, "new_cycle_months": 0, "options": "1", "discount": "3"}, "10.00"),
    ],
)
def test_options_and_discount_are_totals_that_the_change_carries_over(fields: dict[str, Any], subtotal: str) -> None:
    assert answer_to(**fields).get("subtotal") == subtotal


@pytest.mark.parametrize(("options", "due"), [("0.03", "0.01"), ("0.05", "0.02"), ("0.06", "0.02"), ("0.07", "0.02")])
def test_option_for_another_cycle_is_rounded_half_up(options: str, due: str) -> None:
    case = Case.model_validate({**CASE, "old_cycle_months": 3, "options": options, "new_price": "0"})
    assert str(case.target().recurring) == due


def test_free_service_by_its_discount_needs_no_due_date() -> None:
    assert answer_to(discount="10.00", next_due=...)["lines"] == [{"code": "new_period", "amount": "10.00"}]
    assert "next_due: missing" in answer_to(discount="9.99", next_due=...)["error"]
    assert "next_due: missing" in answer_to(old_price="0", options="0.01", next_due=...)["error"]


def test_unpaid_invoice_is_reported_before_a_past_due_date() -> None:
    assert answer_to(unpaid="yes", on="2026-07-11")["reason"] == "unpaid_invoice"


def test_other_currency_is_reported_before_a_move_that_is_not_permitted() -> None:
    assert answer_to(new_currency="USD", new_cycle_months=0)["reason"] == "other_currency"


@pytest.mark.parametrize("unpaid", [True, "true", "1", "yes", 1, "11.50"])
def test_unpaid_invoice_is_refused_in_every_notation(unpaid: object) -> None:
    assert answer_to(unpaid=unpaid)["reason"] == "unpaid_invoice"


@pytest.mark.parametrize("unpaid", [False, "false", "0", "no", 0, "0.00", "", None])
def test_nothing_unpaid_is_priced_in_every_notation(unpaid: object) -> None:
    assert answer_to(unpaid=unpaid)["decision"] == "now"


def test_only_the_first_invalid_field_is_reported() -> None:
    assert answer_to(old_price="x", on="y", new_price="z")["error"] == "on: not a date like 2022-11-01: 'y'"


def test_next_due_date_of_a_service_paid_once_is_not_read() -> None:
    assert answer_to(old_cycle_months="0", new_cycle_months="0", next_due="never")["decision"] == "now"


def test_other_currency_is_refused() -> None:
    assert answer_to(new_currency="USD")["reason"] == "other_currency"


def test_anchor_day_differs_from_a_due_date_at_the_end_of_a_short_month() -> None:
    # 31 January to 28 February: 14 of 28 days of 14.00 left, not 14 of 31.
    month = answer_to(next_due="2026-02-28", anchor_day="31", on="2026-02-14", new_price="24.00")
    assert month["subtotal"] == "7.00"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"old_price": ...}, "old_price: missing"),
        ({"on": ...}, "on: missing"),
        ({"next_due": ...}, "next_due: missing"),
        ({"old_price": "10.005"}, "old_price: not an amount with at most two decimals"),
        ({"new_price": "-1.00"}, "new_price: less than nothing"),
        ({"new_price": "1e400"}, "new_price: not an amount"),
        ({"new_price": ["20.00"]}, "new_price: text expected, not a list"),
        ({"new_price": float("nan")}, "new_price: not an amount"),
        ({"new_price": True}, "new_price: text expected"),
        ({"new_cycle_months": "5"}, "new_cycle_months: no cycle of 5 months"),
        ({"new_cycle_months": "-1"}, "new_cycle_months: a whole number"),
        ({"new_cycle_months": "٣"}, "new_cycle_months: a whole number"),
        ({"on": "2026-02-30"}, "on: no such day"),
        ({"on": "16/06/2026"}, "on: not a date"),
        ({"on": "20260616"}, "on: not a date"),
        ({"when": "soon"}, "when: one of now, renewal"),
        ({"charge": "double"}, "charge: one of prorated, full_period"),
        ({"quantity": "0"}, "quantity: a whole number from 1"),
        ({"quantity": "9" * 5000}, "quantity: a whole number from 1"),
        ({"anchor_day": "32"}, "anchor_day: a whole number from 1 to 31"),
        ({"credit": "-5.00"}, "credit: less than nothing"),
        ({"options": "-1.00"}, "options: less than nothing"),
        ({"discount": "some"}, "discount: not an amount"),
        ({"registered": "qst"}, "registered: one of both, gst, none"),
        ({"registered": True}, "registered: text expected"),
        ({"exempt": "maybe"}, "exempt: one of yes, no"),
        ({"exempt": True}, "exempt: text expected"),
        ({"currency": "JPY"}, "currency: not a currency with two decimals"),
        ({"new_currency": "clp"}, "new_currency: not a currency with two decimals"),
        ({"on": "2012-06-16", "next_due": "2012-07-01"}, "no QST rate is known before 2013-01-01: 2012-06-16"),
        ({"unpaid": "maybe"}, "unpaid: not an amount"),
        ({"province": "Québec"}, "province: a code of two letters"),
        ({"currency": "CA\0"}, "currency: a code of three letters"),
        ({"next_due": "9999-12-31", "on": "0001-01-01"}, "outside the calendar"),
    ],
)
def test_invalid_field_is_reported_with_its_reason(fields: dict[str, Any], named: str) -> None:
    error = answer_to(**fields)
    assert error.keys() == {"id", "error"}
    assert error["id"] == "7"
    assert named in error["error"]
    assert len(error["error"]) < 300


@pytest.mark.parametrize("case", [None, [], "10.00", 7, {"id": {}}, {"id": 1.5}, {"id": True}])
def test_value_that_is_not_a_case_is_answered_without_an_id(case: object) -> None:
    error = answer(case)
    assert error.keys() == {"id", "error"}
    assert error["id"] is None


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{", b"nul", b"\x00", b"\xff\xfe{}", b'{"id": NaN}', b"[" * 100_000, b"1" * 5000, b'{"id": "\x00"}'],
)
def test_line_that_is_not_json_gets_an_error(line: bytes) -> None:
    error = json.loads(answer_line(line))
    assert error["id"] is None
    assert error["error"].startswith("not JSON: ")


def test_byte_order_mark_is_accepted() -> None:
    assert json.loads(answer_line(b"\xef\xbb\xbf" + json.dumps(CASE).encode() + b"\r\n")) == answer_to()


def _check_answer(line: bytes) -> None:
    result = answer_line(line)
    assert b"\n" not in result
    assert json.loads(result).keys() in (KEYS, {"id", "error"})


@given(st.binary())
def test_any_bytes_get_one_line(line: bytes) -> None:
    _check_answer(line)


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "0", "0.00", "10.00", "999999999999.99", "0001-01-01", "9999-12-31", "2026-07-01", "now"]),
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
_FIELDS = st.sampled_from(
    [
        *CASE,
        "anchor_day",
        "currency",
        "province",
        "when",
        "charge",
        "quantity",
        "credit",
        "unpaid",
        "new_currency",
        "options",
        "discount",
        "registered",
        "exempt",
    ]
)


# No deadline: a service paid ten thousand years ahead is computed month by month.
@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(_FIELDS, _VALUES, max_size=4))
def test_any_fields_get_one_line(fields: dict[str, Any]) -> None:
    _check_answer(json.dumps({**CASE, **fields}).encode())
