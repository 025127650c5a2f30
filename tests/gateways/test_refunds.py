"""What any provider must do when money is given back or counted, asked of those that come in the box."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import Capture, ChargeRequest, PaymentProvider, ProviderResult, Refund
from tests.fake_gateways import FakeProvider

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN


class Till(NamedTuple):
    """A provider, and how it is told to lose its next answer: once the money has moved, or before."""

    provider: PaymentProvider
    lose: Callable[[bool], None]


def demonstration_till(folder: Path) -> Till:
    demonstration = DemoStore(folder / "demonstration.sqlite")

    def lose(after: bool) -> None:
        demonstration.set_behaviour(
            DemoSystem.PAYMENT, Behaviour.LOSE_AFTER if after else Behaviour.LOSE_BEFORE, once=True
        )

    return Till(DemoProvider(demonstration, 0), lose)


def null_till(_folder: Path) -> Till:
    provider = FakeProvider(at=datetime.now(UTC))

    def lose(after: bool) -> None:
        provider.results.append(ProviderResult(UNKNOWN))
        provider.takes_money = after

    return Till(provider, lose)


@pytest.fixture(params=[demonstration_till, null_till], ids=["demonstration", "null"])
def till(request: pytest.FixtureRequest, tmp_path: Path) -> Till:
    make: Callable[[Path], Till] = request.param
    return make(tmp_path)


def charge_of(cents: int = 4172, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="any", amount=Money(cents), invoice="2026-0001", locale="fr")


def taken(till: Till, cents: int = 4172) -> str:
    """Money taken: the provider's name for it."""
    return till.provider.charge(charge_of(cents)).reference


def back(reference: str, cents: int, key: str = "r1") -> Refund:
    return Refund(key=key, reference=reference, amount=Money(cents), invoice="2026-0001")


def counted(till: Till) -> list[Capture]:
    """What the provider says it took lately: a test may begin before midnight and end after it."""
    today = datetime.now(UTC).date()
    return [each for day in (today - timedelta(days=1), today) for each in till.provider.captures(day)]


def test_what_was_taken_is_given_back_with_a_reference(till: Till) -> None:
    result = till.provider.refund(back(taken(till), 4172))
    assert result.status is CAPTURED
    assert result.reference


def test_a_key_gives_back_once_however_often_it_is_asked(till: Till) -> None:
    reference = taken(till)
    first = till.provider.refund(back(reference, 3000))
    assert till.provider.refund(back(reference, 3000)) == first
    assert till.provider.refund(back(reference, 1172, "r2")).status is CAPTURED


def test_no_more_is_given_back_than_was_taken(till: Till) -> None:
    reference = taken(till)
    till.provider.refund(back(reference, 3000))
    assert till.provider.refund(back(reference, 1173, "r2")).status is REFUSED


def test_what_was_never_taken_is_not_given_back(till: Till) -> None:
    result = till.provider.refund(back("nothing", 100))
    assert (result.status, result.reason) == (REFUSED, "not_found")


@pytest.mark.parametrize("after", [True, False])
def test_an_answer_lost_is_found_by_asking_again(till: Till, after: bool) -> None:
    reference = taken(till)
    till.lose(after)
    assert till.provider.refund(back(reference, 4172)).status is UNKNOWN
    assert till.provider.refund(back(reference, 4172)).status is CAPTURED
    assert till.provider.refund(back(reference, 1, "r2")).status is REFUSED


def test_a_capture_is_counted_once_with_what_names_it(till: Till) -> None:
    before = datetime.now(UTC)
    reference = taken(till)
    till.provider.charge(charge_of())
    (capture,) = counted(till)
    assert (capture.reference, capture.key, capture.invoice) == (reference, "k1", "2026-0001")
    assert capture.amount == Money(4172)
    assert abs(capture.at - before) < timedelta(minutes=1)


def test_money_whose_answer_was_lost_is_counted_too(till: Till) -> None:
    till.lose(True)
    till.provider.charge(charge_of())
    assert [capture.key for capture in counted(till)] == ["k1"]


def test_what_was_not_taken_is_not_counted(till: Till) -> None:
    till.lose(False)
    till.provider.charge(charge_of())
    assert counted(till) == []


def test_another_day_counts_nothing_of_this_one(till: Till) -> None:
    taken(till)
    assert list(till.provider.captures(datetime.now(UTC).date() - timedelta(days=3))) == []
