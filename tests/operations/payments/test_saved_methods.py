"""Saved accounts: saved only when asked, charged only by a payment, ended and deleted at the provider."""

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


class SavingProvider(NoTransactionProvider):
    """A provider with saved accounts, of which it has "account-1".

    ``declines`` is the result of every capture instead of the money. With ``names_later`` the result of a capture does
    not name the account that was saved. ``is_unavailable`` makes it fail to delete an account.
    """

    def __init__(
        self, *results: ProviderResult, declines: ProviderResult | None = None, names_later: bool = False
    ) -> None:
        super().__init__(*results)
        self.declines = declines
        self.assigns_tokens_later = names_later
        self.is_unavailable = False
        self.saved.add("account-1")

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        if self.declines is not None:
            self.requests.append(charge)
            return self.declines
        result = super().capture(charge)
        return replace(result, saved=None) if self.assigns_tokens_later else result

    def delete_saved_account(self, token: str) -> None:
        assert not db.session().in_transaction()
        if self.is_unavailable:
            raise ProviderUnavailable("not now")
        super().delete_saved_account(token)

    def has_saved_account(self, token: str) -> bool:
        assert not db.session().in_transaction()
        return super().has_saved_account(token)


def unpaid_invoice(client: Client | None = None) -> Invoice:
    """The invoice of an upgrade that awaits payment."""
    return factories.invoice_for(factories.confirm(factories.service(client), "b"))


def add_saved_method(client: Client, token: str = "account-1") -> SavedMethod:
    """Add an account that the client saved earlier."""
    method = SavedMethod(client_id=client.id, provider="fake", token=token, label="c•••@example.com", saved_at=AT)
    db.session.add(method)
    db.session.commit()
    return method


def tokens_of(client_id: int) -> list[str]:
    """The tokens of a client's saved accounts."""
    db.session.rollback()
    return [method.token for method in saved_methods_of(client_id)]


def choice_of(method: SavedMethod) -> PaymentChoice:
    return PaymentChoice("fake", saved=method.id)


def pay_and_approve(invoice: Invoice, provider: SavingProvider, payment_choice: PaymentChoice = SAVES) -> None:
    """Pay, approve at the provider and come back."""
    provider.results.append(TO_APPROVE)
    pay(invoice.id, {"fake": provider}, payment_choice, AT)
    provider.approved.add(last_attempt(invoice).key)
    verify(invoice.id, {"fake": provider}, LATER)


def test_account_is_saved_with_the_payment_that_asks_for_it() -> None:
    invoice = unpaid_invoice()
    pay_and_approve(invoice, SavingProvider())
    [method] = saved_methods_of(invoice.client_id)
    assert (method.provider, method.label, method.saved_at) == ("fake", "c•••@example.com", LATER)
    assert last_attempt(invoice).saved_method is method


def test_account_is_not_saved_unless_asked() -> None:
    invoice = unpaid_invoice()
    pay_and_approve(invoice, SavingProvider(), PaymentChoice("fake"))
    assert rows(SavedMethod) == []


def test_payment_with_a_saved_account_is_created_then_captured_at_once() -> None:
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(READY)

    assert pay(invoice.id, {"fake": provider}, choice_of(method), AT).status is CAPTURED

    [created, taken] = provider.requests
    assert isinstance(created, ChargeRequest)
    assert isinstance(taken, ChargeRequest)
    assert (created.saved, created.approval, created.provider_ref) == ("account-1", "", "")
    assert (taken.saved, taken.approval, taken.provider_ref) == ("account-1", "saved", "ref")
    assert tokens_of(client.id) == ["account-1"]


def test_crash_before_the_capture_is_finished_once_by_the_worker() -> None:
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)

    class Dying(SavingProvider):
        def capture(self, charge: ChargeRequest) -> ProviderResult:
            raise ProcessCrash

    provider = Dying(READY)
    with pytest.raises(ProcessCrash):
        pay(invoice.id, {"fake": provider}, choice_of(method), AT)
    key, well = last_attempt(invoice).key, SavingProvider()
    well.ledger = provider.ledger

    with nothing_written(), pytest.raises(BusinessError):
        give_up(invoice.id, {"fake": well}, AT + timedelta(seconds=30))
    assert follow_up(key, {"fake": well}, LATER) is None
    assert follow_up(key, {"fake": well}, LATER) is None
    assert [charge.approval for charge in well.requests if isinstance(charge, ChargeRequest)] == ["", "saved"]


def test_account_that_the_provider_no_longer_accepts_ends_and_the_payment_can_be_approved() -> None:
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(READY, declines=ENDED)

    result = pay(invoice.id, {"fake": provider}, choice_of(method), AT)

    assert result == ENDED
    assert tokens_of(client.id) == []
    assert message_by_key(f"forget-{method.id}") is not None
    assert last_attempt(invoice).approve_url == TO_APPROVE.approve_url
    provider.ledger[last_attempt(invoice).key] = provider.ledger[last_attempt(invoice).key][0], TO_APPROVE
    assert pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), LATER).approve_url == TO_APPROVE.approve_url
    assert len(rows(Attempt)) == 1


def test_declined_account_is_charged_once_and_stays_saved() -> None:
    """The worker later finds a payment to approve, and does not charge the account again."""
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(READY, declines=replace(TO_APPROVE, reason="INSTRUMENT_DECLINED"))
    pay(invoice.id, {"fake": provider}, choice_of(method), AT)
    attempt = last_attempt(invoice)
    provider.ledger[attempt.key] = provider.ledger[attempt.key][0], TO_APPROVE

    assert follow_up(attempt.key, {"fake": provider}, LATER) == TO_APPROVE

    charges = [charge for charge in provider.requests if isinstance(charge, ChargeRequest)]
    assert [charge.saved for charge in charges] == ["account-1", "account-1", ""]
    assert tokens_of(client.id) == ["account-1"]


def test_refused_payment_ends_an_account_that_is_no_longer_accepted() -> None:
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(READY, declines=ProviderResult(REFUSED, "ref", reason=SAVED_METHOD_ENDED))
    assert pay(invoice.id, {"fake": provider}, choice_of(method), AT).status is REFUSED
    assert tokens_of(client.id) == []


@pytest.mark.parametrize("account", ["ended", "another's", "nobody's", "another provider's"])
def test_only_a_clients_own_active_account_can_be_charged(account: str) -> None:
    client = factories.client()
    method, invoice = add_saved_method(factories.client() if account == "another's" else client), unpaid_invoice(client)
    if account == "ended":
        remove(client.id, method.id, AT)
    payment_choice = {
        "nobody's": PaymentChoice("fake", saved=999),
        "another provider's": PaymentChoice("other", saved=method.id),
    }
    provider = SavingProvider()

    with nothing_written(), pytest.raises(BusinessError) as error:
        pay(invoice.id, {"fake": provider, "other": provider}, payment_choice.get(account, choice_of(method)), AT)

    assert error.value.code is Refusal.SAVED_METHOD_ENDED
    assert provider.requests == []


@pytest.mark.parametrize(("first", "then"), [(SAVES, PaymentChoice("fake")), (PaymentChoice("fake"), SAVES)])
def test_other_choice_about_saving_starts_another_attempt(first: PaymentChoice, then: PaymentChoice) -> None:
    invoice, provider = unpaid_invoice(), SavingProvider(TO_APPROVE, TO_APPROVE)
    pay(invoice.id, {"fake": provider}, first, AT)

    pay(invoice.id, {"fake": provider}, then, LATER)

    assert [(each.status, each.save_method) for each in rows(Attempt)] == [
        (REFUSED, first.save_method),
        (PENDING, then.save_method),
    ]


def test_payment_with_a_saved_account_abandons_the_one_that_waits_for_approval() -> None:
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(TO_APPROVE, READY)
    pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), AT)

    assert pay(invoice.id, {"fake": provider}, choice_of(method), LATER).status is CAPTURED

    assert [(each.status, each.reason) for each in rows(Attempt)] == [(REFUSED, "given_up"), (CAPTURED, "")]


def test_account_named_later_is_looked_up_and_saved() -> None:
    invoice, provider = unpaid_invoice(), SavingProvider(names_later=True)
    pay_and_approve(invoice, provider)
    key = last_attempt(invoice).key
    assert rows(SavedMethod) == []
    message = message_by_key(f"settle-{key}-saves")
    assert message is not None
    assert (message.ids, message.run_at) == ({"attempt": key, "again": True}, LATER + timedelta(minutes=5))

    for _ in range(2):
        assert follow_up(key, {"fake": provider}, LATER, again=True) is None

    assert tokens_of(invoice.client_id) == [f"account-{key}"]
    with nothing_written():
        assert record_result(key, ProviderResult(CAPTURED, saved=SavedAccount("another", "x")), LATER)


def test_webhook_has_an_account_looked_up() -> None:
    class AnnouncingProvider(WebhookVerifier, SavingProvider):
        """A provider with webhooks and saved accounts."""

    provider = AnnouncingProvider()
    provider.declines, provider.assigns_tokens_later = None, True
    invoice = unpaid_invoice()
    pay_and_approve(invoice, provider)
    key = last_attempt(invoice).key
    provider.message = WebhookMessage("WH-1", "VAULT.PAYMENT-TOKEN.CREATED", key)
    receive_webhook(provider, {}, b"", LATER)
    assert message_by_key(f"settle-{key}-WH-1") is not None

    follow_up(key, {"fake": provider}, LATER, again=True)
    provider.message = WebhookMessage("WH-2", "VAULT.PAYMENT-TOKEN.DELETED", provider_ref=f"account-{key}")
    receive_webhook(provider, {}, b"", LATER)
    [message] = [message for message in rows(Message) if message.kind == "check"]
    check(message.ids["saved_method"], {"fake": provider}, LATER)
    assert tokens_of(invoice.client_id) == [f"account-{key}"], "a webhook is no proof"

    provider.saved.clear()
    check(message.ids["saved_method"], {"fake": provider}, LATER)
    assert tokens_of(invoice.client_id) == []


def test_second_account_replaces_the_first_which_is_deleted() -> None:
    client = factories.client()
    first, invoice = add_saved_method(client, "account-0"), unpaid_invoice(client)
    pay_and_approve(invoice, SavingProvider())
    assert tokens_of(client.id) == [f"account-{last_attempt(invoice).key}"]
    assert message_by_key(f"forget-{first.id}") is not None


def test_same_account_saved_again_stays_one_row() -> None:
    client = factories.client()
    invoice = unpaid_invoice(client)
    provider = SavingProvider(names_later=True)
    pay_and_approve(invoice, provider)
    key = last_attempt(invoice).key
    add_saved_method(client, f"account-{key}")
    follow_up(key, {"fake": provider}, LATER, again=True)
    assert len(rows(SavedMethod)) == 1


def test_removed_account_is_deleted_at_the_provider_and_its_token_cleared() -> None:
    client = factories.client()
    method = add_saved_method(client)
    provider = SavingProvider()

    remove(client.id, method.id, LATER)
    with nothing_written():
        remove(client.id, method.id, LATER)
    assert method.ended_at == LATER
    provider.is_unavailable = True
    with nothing_written(), pytest.raises(ProviderUnavailable):
        forget(method.id, {"fake": provider})
    provider.is_unavailable = False
    for _ in range(2):
        forget(method.id, {"fake": provider})

    assert (provider.saved, method.token) == (set(), "")


def test_account_that_another_client_uses_too_is_not_deleted() -> None:
    one, other = add_saved_method(factories.client()), add_saved_method(factories.client())
    provider = SavingProvider()
    remove(one.client_id, one.id, LATER)
    forget(one.id, {"fake": provider})
    assert provider.saved == {"account-1"}
    assert tokens_of(other.client_id) == ["account-1"]


@pytest.mark.parametrize("method_id", [None, 999])
def test_account_of_another_client_cannot_be_removed(method_id: int | None) -> None:
    method, stranger = add_saved_method(factories.client()), factories.client()
    number, stranger_id = method_id or method.id, stranger.id
    with nothing_written(), pytest.raises(LookupError):
        remove(stranger_id, number, LATER)


def test_account_removed_meanwhile_is_not_charged_by_the_worker() -> None:
    """The process died before the charge, and the client removed the account."""
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    provider = SavingProvider(ProviderResult(UNKNOWN))
    provider.takes_money = False
    pay(invoice.id, {"fake": provider}, choice_of(method), AT)
    provider.ledger[last_attempt(invoice).key] = provider.requests[0], TO_APPROVE  # type: ignore[assignment]
    remove(client.id, method.id, LATER)

    assert follow_up(last_attempt(invoice).key, {"fake": provider}, LATER) == TO_APPROVE

    assert [charge.saved for charge in provider.requests if isinstance(charge, ChargeRequest)] == ["account-1", ""]


def test_lost_charge_of_a_removed_account_is_not_abandoned_at_once() -> None:
    """A look-up finds a payment to approve while the provider may still be charging the account."""
    client = factories.client()
    method, invoice = add_saved_method(client), unpaid_invoice(client)
    number, provider = invoice.id, SavingProvider(READY, ProviderResult(UNKNOWN))
    provider.takes_money = False
    pay(number, {"fake": provider}, choice_of(method), AT)
    key = last_attempt(invoice).key
    provider.ledger[key] = provider.ledger[key][0], TO_APPROVE
    remove(client.id, method.id, AT)

    assert follow_up(key, {"fake": provider}, AT + timedelta(seconds=5)) == TO_APPROVE

    with nothing_written(), pytest.raises(BusinessError):
        give_up(number, {"fake": provider}, AT + timedelta(seconds=59))
    give_up(number, {"fake": provider}, AT + timedelta(minutes=1))
    assert last_attempt(invoice).reason == "given_up"
