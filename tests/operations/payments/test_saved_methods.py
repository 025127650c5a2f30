"""An account is saved when its client asks, spent when they press, and ended for good; never any of it by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kajoom.domain.payment import SAVED_METHOD_ENDED, AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult, ProviderUnavailable, SavedAccount, WebhookMessage
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from kajoom.operations.payments.attempts import record_result
from kajoom.operations.payments.pay import follow_up, give_up, pay, verify
from kajoom.operations.payments.saved_methods import check, forget, remove
from kajoom.operations.payments.webhooks import receive_webhook
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.payments.test_webhooks import WebhookVerifier
from tests.operations.pending_payments import LATER, NoTransactionProvider, ProcessCrash, last_attempt

CAPTURED, PENDING, REFUSED, UNKNOWN = (
    AttemptStatus.CAPTURED,
    AttemptStatus.PENDING,
    AttemptStatus.REFUSED,
    AttemptStatus.UNKNOWN,
)
SAVES = PaymentChoice("fake", save_method=True)
TO_APPROVE = ProviderResult(PENDING, "ref", approve_url="https://paypal.example/approve")
READY = ProviderResult(PENDING, "ref", approval="saved")
ENDED = replace(TO_APPROVE, reason=SAVED_METHOD_ENDED)


class Vault(NoTransactionProvider):
    """A provider that prepares a payment by a saved account and takes it when asked; ``declines`` is what it says
    instead, and ``assigns_tokens_later`` when it does not name at once what it saves."""

    def __init__(
        self, *results: ProviderResult, declines: ProviderResult | None = None, names_later: bool = False
    ) -> None:
        super().__init__(*results)
        self.declines = declines
        self.assigns_tokens_later = names_later
        self.silent = False
        self.saved.add("account-1")

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        if self.declines is not None:
            self.requests.append(charge)
            return self.declines
        result = super().capture(charge)
        return replace(result, saved=None) if self.assigns_tokens_later else result

    def delete_saved_account(self, token: str) -> None:
        assert not db.session().in_transaction()
        if self.silent:
            raise ProviderUnavailable("not now")
        super().delete_saved_account(token)

    def has_saved_account(self, token: str) -> bool:
        assert not db.session().in_transaction()
        return super().has_saved_account(token)


def owed(holder: Client | None = None) -> Invoice:
    """An upgrade's invoice."""
    return factories.invoice_for(factories.confirm(factories.service(holder), "b"))


def kept(holder: Client, token: str = "account-1") -> SavedMethod:
    """An account the client had saved before."""
    method = SavedMethod(client_id=holder.id, provider="fake", token=token, label="c•••@example.com", saved_at=AT)
    db.session.add(method)
    db.session.commit()
    return method


def saved_of(client_id: int) -> list[str]:
    """What the provider calls the accounts a client may pay with."""
    db.session.rollback()
    return [method.token for method in saved_methods_of(client_id)]


def by(method: SavedMethod) -> PaymentChoice:
    return PaymentChoice("fake", saved=method.id)


def approved(invoice: Invoice, provider: Vault, payment_choice: PaymentChoice = SAVES) -> None:
    """The client was led away, approved, and came back."""
    provider.results.append(TO_APPROVE)
    pay(invoice.id, {"fake": provider}, payment_choice, AT)
    provider.approved.add(last_attempt(invoice).key)
    verify(invoice.id, {"fake": provider}, LATER)


def test_an_account_is_saved_with_the_payment_that_asked_for_it() -> None:
    invoice = owed()
    approved(invoice, Vault())
    [method] = saved_methods_of(invoice.client_id)
    assert (method.provider, method.label, method.saved_at) == ("fake", "c•••@example.com", LATER)
    assert last_attempt(invoice).saved_method is method


def test_nothing_is_saved_that_nobody_asked_for() -> None:
    invoice = owed()
    approved(invoice, Vault(), PaymentChoice("fake"))
    assert rows(SavedMethod) == []


def test_a_saved_account_pays_in_one_press_and_is_named_before_the_money_is_asked_for() -> None:
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(READY)

    assert pay(invoice.id, {"fake": provider}, by(method), AT).status is CAPTURED

    [created, taken] = provider.requests
    assert isinstance(created, ChargeRequest)
    assert isinstance(taken, ChargeRequest)
    assert (created.saved, created.approval, created.provider_ref) == ("account-1", "", "")
    assert (taken.saved, taken.approval, taken.provider_ref) == ("account-1", "saved", "ref")
    assert saved_of(holder.id) == ["account-1"]


def test_a_crash_before_the_money_is_asked_for_is_seen_through_by_the_worker_once() -> None:
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)

    class Dying(Vault):
        def capture(self, charge: ChargeRequest) -> ProviderResult:
            raise ProcessCrash

    provider = Dying(READY)
    with pytest.raises(ProcessCrash):
        pay(invoice.id, {"fake": provider}, by(method), AT)
    key, well = last_attempt(invoice).key, Vault()
    well.ledger = provider.ledger

    with nothing_written(), pytest.raises(BusinessError):
        give_up(invoice.id, {"fake": well}, AT + timedelta(seconds=30))
    assert follow_up(key, {"fake": well}, LATER) is None
    assert follow_up(key, {"fake": well}, LATER) is None
    assert [charge.approval for charge in well.requests if isinstance(charge, ChargeRequest)] == ["", "saved"]


def test_an_account_honoured_no_more_ends_and_its_client_may_approve_instead() -> None:
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(READY, declines=ENDED)

    result = pay(invoice.id, {"fake": provider}, by(method), AT)

    assert result == ENDED
    assert saved_of(holder.id) == []
    assert message_by_key(f"forget-{method.id}") is not None
    assert last_attempt(invoice).approve_url == TO_APPROVE.approve_url
    provider.ledger[last_attempt(invoice).key] = provider.ledger[last_attempt(invoice).key][0], TO_APPROVE
    assert pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), LATER).approve_url == TO_APPROVE.approve_url
    assert len(rows(Attempt)) == 1


def test_an_account_that_is_declined_is_tried_once_and_stays_saved() -> None:
    """What the worker finds later is an order to be approved: it does not try the account again by itself."""
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(READY, declines=replace(TO_APPROVE, reason="INSTRUMENT_DECLINED"))
    pay(invoice.id, {"fake": provider}, by(method), AT)
    attempt = last_attempt(invoice)
    provider.ledger[attempt.key] = provider.ledger[attempt.key][0], TO_APPROVE

    assert follow_up(attempt.key, {"fake": provider}, LATER) == TO_APPROVE

    asked = [charge for charge in provider.requests if isinstance(charge, ChargeRequest)]
    assert [charge.saved for charge in asked] == ["account-1", "account-1", ""]
    assert saved_of(holder.id) == ["account-1"]


def test_a_refusal_with_no_way_on_ends_the_account_too() -> None:
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(READY, declines=ProviderResult(REFUSED, "ref", reason=SAVED_METHOD_ENDED))
    assert pay(invoice.id, {"fake": provider}, by(method), AT).status is REFUSED
    assert saved_of(holder.id) == []


@pytest.mark.parametrize("whose", ["ended", "another's", "nobody's", "another provider's"])
def test_only_an_account_of_ones_own_that_is_of_use_pays(whose: str) -> None:
    holder = factories.client()
    method, invoice = kept(factories.client() if whose == "another's" else holder), owed(holder)
    if whose == "ended":
        remove(holder.id, method.id, AT)
    payment_choice = {
        "nobody's": PaymentChoice("fake", saved=999),
        "another provider's": PaymentChoice("other", saved=method.id),
    }
    provider = Vault()

    with nothing_written(), pytest.raises(BusinessError) as error:
        pay(invoice.id, {"fake": provider, "other": provider}, payment_choice.get(whose, by(method)), AT)

    assert error.value.code is Refusal.SAVED_METHOD_ENDED
    assert provider.requests == []


@pytest.mark.parametrize(("first", "then"), [(SAVES, PaymentChoice("fake")), (PaymentChoice("fake"), SAVES)])
def test_who_thinks_again_about_saving_begins_anew_and_the_first_is_never_taken(
    first: PaymentChoice, then: PaymentChoice
) -> None:
    invoice, provider = owed(), Vault(TO_APPROVE, TO_APPROVE)
    pay(invoice.id, {"fake": provider}, first, AT)

    pay(invoice.id, {"fake": provider}, then, LATER)

    assert [(each.status, each.save_method) for each in rows(Attempt)] == [
        (REFUSED, first.save_method),
        (PENDING, then.save_method),
    ]


def test_a_saved_account_gives_up_what_still_waits_for_approval() -> None:
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(TO_APPROVE, READY)
    pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), AT)

    assert pay(invoice.id, {"fake": provider}, by(method), LATER).status is CAPTURED

    assert [(each.status, each.reason) for each in rows(Attempt)] == [(REFUSED, "given_up"), (CAPTURED, "")]


def test_an_account_named_later_is_asked_for_and_kept() -> None:
    invoice, provider = owed(), Vault(names_later=True)
    approved(invoice, provider)
    key = last_attempt(invoice).key
    assert rows(SavedMethod) == []
    message = message_by_key(f"settle-{key}-saves")
    assert message is not None
    assert (message.ids, message.run_at) == ({"attempt": key, "again": True}, LATER + timedelta(minutes=5))

    for _ in range(2):
        assert follow_up(key, {"fake": provider}, LATER, again=True) is None

    assert saved_of(invoice.client_id) == [f"account-{key}"]
    with nothing_written():
        assert record_result(key, ProviderResult(CAPTURED, saved=SavedAccount("another", "x")), LATER)


def test_an_announcement_has_an_account_asked_for() -> None:
    class Telling(WebhookVerifier, Vault):
        """One that announces, and keeps accounts."""

    provider = Telling()
    provider.declines, provider.assigns_tokens_later = None, True
    invoice = owed()
    approved(invoice, provider)
    key = last_attempt(invoice).key
    provider.says = WebhookMessage("WH-1", "VAULT.PAYMENT-TOKEN.CREATED", key)
    receive_webhook(provider, {}, b"", LATER)
    assert message_by_key(f"settle-{key}-WH-1") is not None

    follow_up(key, {"fake": provider}, LATER, again=True)
    provider.says = WebhookMessage("WH-2", "VAULT.PAYMENT-TOKEN.DELETED", provider_ref=f"account-{key}")
    receive_webhook(provider, {}, b"", LATER)
    [asked] = [message for message in rows(Message) if message.kind == "check"]
    check(asked.ids["saved_method"], {"fake": provider}, LATER)
    assert saved_of(invoice.client_id) == [f"account-{key}"], "an announcement is not believed"

    provider.saved.clear()
    check(asked.ids["saved_method"], {"fake": provider}, LATER)
    assert saved_of(invoice.client_id) == []


def test_a_second_account_takes_the_place_of_the_first_which_is_forgotten() -> None:
    holder = factories.client()
    first, invoice = kept(holder, "account-0"), owed(holder)
    approved(invoice, Vault())
    assert saved_of(holder.id) == [f"account-{last_attempt(invoice).key}"]
    assert message_by_key(f"forget-{first.id}") is not None


def test_the_same_account_saved_again_stays_the_same() -> None:
    holder = factories.client()
    invoice = owed(holder)
    provider = Vault(names_later=True)
    approved(invoice, provider)
    key = last_attempt(invoice).key
    kept(holder, f"account-{key}")
    follow_up(key, {"fake": provider}, LATER, again=True)
    assert len(rows(SavedMethod)) == 1


def test_who_removes_an_account_has_it_forgotten_here_and_there() -> None:
    holder = factories.client()
    method = kept(holder)
    provider = Vault()

    remove(holder.id, method.id, LATER)
    with nothing_written():
        remove(holder.id, method.id, LATER)
    assert method.ended_at == LATER
    provider.silent = True
    with nothing_written(), pytest.raises(ProviderUnavailable):
        forget(method.id, {"fake": provider})
    provider.silent = False
    for _ in range(2):
        forget(method.id, {"fake": provider})

    assert (provider.saved, method.token) == (set(), "")


def test_an_account_that_another_client_pays_with_too_is_not_forgotten() -> None:
    one, other = kept(factories.client()), kept(factories.client())
    provider = Vault()
    remove(one.client_id, one.id, LATER)
    forget(one.id, {"fake": provider})
    assert provider.saved == {"account-1"}
    assert saved_of(other.client_id) == ["account-1"]


@pytest.mark.parametrize("method_id", [None, 999])
def test_nobody_removes_what_is_not_theirs(method_id: int | None) -> None:
    method, stranger = kept(factories.client()), factories.client()
    number, stranger_id = method_id or method.id, stranger.id
    with nothing_written(), pytest.raises(LookupError):
        remove(stranger_id, number, LATER)


def test_an_account_removed_meanwhile_is_not_charged_by_the_worker() -> None:
    """It was to be charged, the process died before that, and its client removed it."""
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    provider = Vault(ProviderResult(UNKNOWN))
    provider.takes_money = False
    pay(invoice.id, {"fake": provider}, by(method), AT)
    provider.ledger[last_attempt(invoice).key] = provider.requests[0], TO_APPROVE  # type: ignore[assignment]
    remove(holder.id, method.id, LATER)

    assert follow_up(last_attempt(invoice).key, {"fake": provider}, LATER) == TO_APPROVE

    assert [charge.saved for charge in provider.requests if isinstance(charge, ChargeRequest)] == ["account-1", ""]


def test_a_lost_charge_of_an_account_removed_since_is_not_given_up_at_once() -> None:
    """A look finds an order that waits for approval, while the provider may still be charging the account."""
    holder = factories.client()
    method, invoice = kept(holder), owed(holder)
    number, provider = invoice.id, Vault(READY, ProviderResult(UNKNOWN))
    provider.takes_money = False
    pay(number, {"fake": provider}, by(method), AT)
    key = last_attempt(invoice).key
    provider.ledger[key] = provider.ledger[key][0], TO_APPROVE
    remove(holder.id, method.id, AT)

    assert follow_up(key, {"fake": provider}, AT + timedelta(seconds=5)) == TO_APPROVE

    with nothing_written(), pytest.raises(BusinessError):
        give_up(number, {"fake": provider}, AT + timedelta(seconds=59))
    give_up(number, {"fake": provider}, AT + timedelta(minutes=1))
    assert last_attempt(invoice).reason == "given_up"
