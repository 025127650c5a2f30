"""Forms accept each field once with a known value, and refuse anything else with the code the page shows."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import pytest
from werkzeug.datastructures import MultiDict

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import When
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from kajoom.web.forms import (
    CancellationForm,
    CancellationWhenForm,
    CancelOrderForm,
    ChoiceForm,
    ConfirmForm,
    PaymentForm,
    PlanForm,
    StrictForm,
)

KEY = "0123456789abcdef0123456789abcdef"
CONFIRM = "plan=b cycle=monthly key=" + KEY


def _fields(text: str) -> MultiDict[str, str]:
    """Form data written ``"plan=b cycle=monthly"``."""
    pairs = (pair.partition("=") for pair in text.split(" ") if pair)
    return MultiDict([(name, value) for name, _, value in pairs])


def _refusal(form: type[StrictForm], text: str) -> StrEnum:
    with pytest.raises(BusinessError) as raised:
        form.parse(_fields(text))
    return raised.value.code


def test_plan_form_accepts_a_partial_choice() -> None:
    assert PlanForm.parse(_fields("")).data == {"plan": None, "cycle": None, "when": None, "asked": None}
    form = PlanForm.parse(_fields("plan=web-b_2 cycle=monthly when=renewal asked=monthly.now"))
    assert form.data == {
        "plan": "web-b_2",
        "cycle": BillingCycle.MONTHLY,
        "when": When.RENEWAL,
        "asked": "monthly.now",
    }


def test_empty_field_is_a_missing_field() -> None:
    assert PlanForm.parse(_fields("plan= cycle= when=")).data == PlanForm.parse(_fields("")).data
    assert _refusal(ChoiceForm, "plan=b cycle=") is Refusal.UNREADABLE


def test_choice_form_gives_the_choice() -> None:
    assert ChoiceForm.parse(_fields("plan=b cycle=annually when=now")).choice == Choice(
        "b", BillingCycle.ANNUALLY, When.NOW
    )
    assert ChoiceForm.parse(_fields("plan=b cycle=annually")).choice == Choice("b", BillingCycle.ANNUALLY)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("plan=B", Refusal.UNKNOWN_PLAN),
        ("plan=-b", Refusal.UNKNOWN_PLAN),
        (f"plan={'b' * 41}", Refusal.UNKNOWN_PLAN),
        ("plan=é", Refusal.UNKNOWN_PLAN),
        ("plan=b plan=b", Refusal.UNREADABLE),
        ("plan= plan=b", Refusal.UNREADABLE),
        ("plan=b\0", Refusal.UNREADABLE),
        ("cycle=weekly", Refusal.UNREADABLE),
        ("cycle=monthly cycle=monthly", Refusal.UNREADABLE),
        ("when=later", Refusal.UNREADABLE),
        ("asked=monthly.now asked=monthly.now", Refusal.UNREADABLE),
        ("plan=B cycle=weekly", Refusal.UNKNOWN_PLAN),
    ],
)
def test_choice_with_an_invalid_field_is_refused(text: str, code: Refusal) -> None:
    assert _refusal(PlanForm, text) is code


@pytest.mark.parametrize("text", ["", "plan=b", "cycle=monthly", "plan= cycle=monthly"])
@pytest.mark.parametrize("form", [ChoiceForm, ConfirmForm])
def test_incomplete_choice_cannot_be_reviewed_or_confirmed(form: type[StrictForm], text: str) -> None:
    assert _refusal(form, f"{text} key={KEY}") is Refusal.UNREADABLE


def test_confirm_form_gives_the_choice_and_the_confirmation() -> None:
    form = ConfirmForm.parse(_fields(f"{CONFIRM} digest=4172-abc acknowledged=yes"))
    assert form.choice == Choice("b", BillingCycle.MONTHLY)
    assert form.confirmation == Confirmation("4172-abc", KEY, acknowledged=True)


@pytest.mark.parametrize("text", ["", "acknowledged=", "acknowledged=no", "acknowledged=YES"])
def test_only_yes_acknowledges_the_condition(text: str) -> None:
    assert ConfirmForm.parse(_fields(f"{CONFIRM} {text}")).confirmation == Confirmation("", KEY, acknowledged=False)


@pytest.mark.parametrize(
    "text",
    [
        "plan=b cycle=monthly",
        "plan=b cycle=monthly key=",
        "plan=b cycle=monthly key=0123456789abcde",
        "plan=b cycle=monthly key=0123456789abcdef!",
        f"plan=b cycle=monthly key={'0' * 65}",
        f"{CONFIRM} key={KEY}",
        f"{CONFIRM} digest=1 digest=1",
        f"{CONFIRM} acknowledged=yes acknowledged=yes",
        f"{CONFIRM} saved=one",
    ],
)
def test_confirmation_with_an_invalid_field_is_refused(text: str) -> None:
    assert _refusal(ConfirmForm, text) is Refusal.UNREADABLE


def test_confirm_form_refuses_an_unknown_plan_by_its_name() -> None:
    assert _refusal(ConfirmForm, f"plan=B cycle=monthly key={KEY}") is Refusal.UNKNOWN_PLAN


def test_payment_form_reads_the_method_and_the_saved_account() -> None:
    form = PaymentForm.parse(_fields("method=paypal saved=12 next=/services/1/plan?plan=b"))
    assert form.data == {
        "method": "paypal",
        "saved": 12,
        "saves": None,
        "verify": None,
        "next": "/services/1/plan?plan=b",
    }
    assert not form.declines_saved_account


def test_payment_form_reads_what_to_save_and_to_verify() -> None:
    form = PaymentForm.parse(_fields("method=paypal saves=yes verify=1"))
    assert (form.saves.data, form.verify.data, form.saved.data) == (True, True, None)


def test_empty_saved_account_means_another_method() -> None:
    assert PaymentForm.parse(_fields("saved=")).declines_saved_account
    assert not PaymentForm.parse(_fields("")).declines_saved_account


@pytest.mark.parametrize(
    "text", ["saved=-1", "saved=1234567890", "saved=x", "saved=1 saved=1", "saved=1 saves=yes", "method=a method=b"]
)
def test_payment_with_an_invalid_field_is_refused(text: str) -> None:
    assert _refusal(PaymentForm, text) is Refusal.UNREADABLE


@pytest.mark.parametrize("address", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:0"])
def test_address_of_another_site_is_ignored(address: str) -> None:
    assert PaymentForm.parse(_fields(f"next={address}")).next.data is None


def test_cancel_order_form_reads_what_follows() -> None:
    assert CancelOrderForm.parse(_fields("then=choose")).then.data == "choose"
    assert CancelOrderForm.parse(_fields("")).then.data is None


def test_cancellation_form_reads_when_and_the_reason() -> None:
    fields = MultiDict([("when", "now"), ("key", KEY), ("reason", f"  {'x' * 1998}\r\ny ")])
    form = CancellationForm.parse(fields)
    assert form.data == {"when": CancellationWhen.NOW, "key": KEY, "reason": "x" * 1998 + "\ny"}


def test_reason_of_over_2000_characters_is_refused() -> None:
    with pytest.raises(BusinessError) as raised:
        CancellationForm.parse(MultiDict([("when", "now"), ("key", KEY), ("reason", "x" * 2001)]))
    assert raised.value.code is Refusal.TOO_LONG


@pytest.mark.parametrize("name", ["asked", "method", "digest", "then", "acknowledged"])
def test_text_of_over_200_characters_is_refused(name: str) -> None:
    form = {"asked": PlanForm, "method": PaymentForm, "then": CancelOrderForm}.get(name, ConfirmForm)
    assert _refusal(form, f"{CONFIRM} {name}={'x' * 201}") is Refusal.UNREADABLE


@pytest.mark.parametrize("text", ["", "when=", "when=later", "when=now when=now"])
@pytest.mark.parametrize("form", [CancellationWhenForm, CancellationForm])
def test_cancellation_without_a_valid_day_is_refused(form: type[StrictForm], text: str) -> None:
    assert _refusal(form, f"{text} key={KEY}") is Refusal.UNREADABLE


@pytest.mark.parametrize("text", ["when=now", "when=now key=short", f"when=now key={KEY} reason=a reason=b"])
def test_cancellation_with_an_invalid_field_is_refused(text: str) -> None:
    assert _refusal(CancellationForm, text) is Refusal.UNREADABLE


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"plan": ["b"], "cycle": ["monthly"], "when": ["now"], "asked": ["monthly.now"]},
        {"plan": [""], "cycle": ["annually"]},
        {"plan": ["B!"]},
        {"cycle": ["weekly"]},
        {"when": ["later"]},
        {"plan": ["a", "b"]},
        {"asked": ["\0"]},
        {"asked": ["x" * 201]},
        {"plan": ["b"], "cycle": [""], "when": ["later"]},
        {"plan": ["B!"], "cycle": ["monthly"]},
    ],
)
def test_choice_is_read_as_its_form_parses_it(fields: dict[str, list[str]]) -> None:
    def parsed(sent: MultiDict[str, str]) -> tuple[object, ...]:
        form = PlanForm.parse(sent)
        return form.plan.data, form.cycle.data, form.when.data, form.asked.data

    def outcome(read: Callable[[MultiDict[str, str]], object]) -> object:
        try:
            return read(MultiDict(fields))
        except BusinessError as error:
            return error.code

    assert outcome(PlanForm.read) == outcome(parsed)
    assert outcome(lambda sent: PlanForm.read(sent).choice) == outcome(lambda sent: ChoiceForm.parse(sent).choice)
