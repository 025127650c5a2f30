"""WTForms classes of the client area's forms: each field at most once, with a known value, or refused before use.

A form is parsed with ``PlanForm.parse(request.args)``. A field's error is the ``Refusal`` code that the page shows, so
an invalid form raises ``BusinessError`` with the error of its first invalid field. Templates write the markup of their
fields themselves (radio cards with live prices), so these fields have no widget.

The forms do not check the CSRF token: ``CSRFProtect`` (``csrf.py``) checks it for every POST, before the view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Self

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form
from wtforms.validators import InputRequired, ValidationError

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import When
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from kajoom.web.urls import safe_local_path

_PLAN = re.compile(r"(?:[a-z0-9][a-z0-9_-]{0,39}/)?[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_KEY = re.compile(r"[0-9A-Za-z_-]{16,64}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_LANGUAGE = re.compile("fr|en")
_REASON_LENGTH = 2000
_FIELD_LENGTH = 200
ANY_LENGTH = 64 * 1024
"""The length of the whole form, for a field whose converter has a bound of its own."""

REQUIRED = (InputRequired(message=Refusal.UNREADABLE),)


class SingleField(Field):  # type: ignore[misc]  # WTForms has no type hints
    """A field that may be sent once; its ``data`` is the converted value, ``None`` when it is missing or empty.

    ``convert`` makes the value of the text and raises ``ValueError`` for a text it does not accept; the field's error
    is then ``refusal``. A repeated field, a NUL character or a text of over ``max_length`` characters is
    ``Refusal.UNREADABLE``.
    """

    def __init__(
        self,
        validators: Sequence[Any] = (),
        convert: Callable[[str], Any] = str,
        refusal: Refusal | StaffRefusal = Refusal.UNREADABLE,
        max_length: int = _FIELD_LENGTH,
        **options: Any,
    ) -> None:
        super().__init__(validators=validators, **options)
        self.convert = convert
        self.refusal = refusal
        self.max_length = max_length

    def process_formdata(self, valuelist: list[str]) -> None:
        """Convert the text that was sent; ``ValueError`` with the refusal when it is not acceptable."""
        self.data = _converted(valuelist, self.convert, self.refusal, self.max_length)


def _converted(values: list[str], convert: Callable[[str], Any], refusal: StrEnum, max_length: int) -> Any:
    """The value of a field sent as ``values``, ``None`` when it is missing or empty; ``ValidationError`` otherwise."""
    if not values or (len(values) == 1 and not values[0]):
        return None
    if len(values) > 1 or "\0" in values[0] or len(values[0]) > max_length:
        raise ValidationError(Refusal.UNREADABLE)
    try:
        return convert(values[0])
    except ValueError:
        raise ValidationError(refusal) from None


def _reading(field: Any) -> tuple[Callable[[str], Any], StrEnum, int]:
    """How a ``SingleField`` of a form's class, which is unbound there, is read: see ``_converted``."""
    options = {"convert": str, "refusal": Refusal.UNREADABLE, "max_length": _FIELD_LENGTH, **field.kwargs}
    return options["convert"], options["refusal"], options["max_length"]


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A converter that accepts only the texts that match ``pattern`` from end to end."""

    def convert(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return convert


def whole_number(text: str) -> int:
    """A number of at most nine digits, such as a page or a version."""
    return int(_matching(_NUMBER)(text))


def _short_text(text: str) -> str:
    """A text that a client wrote, measured as the browser does: a line break is one character."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > _REASON_LENGTH:
        raise ValueError("too long")
    return text


def _plan_field(validators: Sequence[Any] = ()) -> SingleField:
    return SingleField(validators, convert=_matching(_PLAN), refusal=Refusal.UNKNOWN_PLAN)


class StrictForm(Form):  # type: ignore[misc]  # WTForms has no type hints
    """A form that is either valid or refused with a code."""

    @classmethod
    def parse(cls, fields: MultiDict[str, str]) -> Self:
        """The valid form of ``fields``; ``BusinessError`` with the refusal of the first invalid field."""
        form = cls(fields)
        if not form.validate():
            raise BusinessError(next(iter(form.errors.values()))[0])
        return form


class AddressForm(StrictForm):
    """An e-mail address as it was typed, which the view reads so that it can show it again."""

    email = SingleField(convert=str.strip, max_length=ANY_LENGTH)


class LanguageForm(StrictForm):
    """The language of a client's pages and e-mails, "fr" or "en"."""

    language = SingleField(REQUIRED, convert=_matching(_LANGUAGE))


class PlanForm(StrictForm):
    """The choice of a plan as it is being made: every field may be missing.

    ``asked`` names the question about ``when`` that the form showed; see ``plan.py``.
    """

    plan = _plan_field()
    cycle = SingleField(convert=BillingCycle)
    when = SingleField(convert=When)
    asked = SingleField()

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> PlanChoice:
        """The data of the form, read with its fields' converters but without building it.

        The price preview is requested at each change, and building the form takes longer than quoting a price.
        Raises ``BusinessError`` as ``parse`` does.
        """
        try:
            return PlanChoice(*[_converted(fields.getlist(name), *how) for name, how in _PLAN_READINGS])
        except ValidationError as error:
            raise BusinessError(error.args[0]) from None


class PlanChoice(NamedTuple):
    """A choice as it is being made, ``None`` for what is missing."""

    plan: str | None
    cycle: BillingCycle | None
    when: When | None
    asked: str | None

    @property
    def choice(self) -> Choice:
        """The complete choice; ``BusinessError`` with ``UNREADABLE`` when the plan or the cycle is missing."""
        if self.plan is None or self.cycle is None:
            raise BusinessError(Refusal.UNREADABLE)
        return Choice(self.plan, self.cycle, self.when)


_PLAN_READINGS = [(name, _reading(getattr(PlanForm, name))) for name in PlanChoice._fields]


class ChoiceForm(StrictForm):
    """A complete choice: only ``when`` may be missing."""

    plan = _plan_field(REQUIRED)
    cycle = SingleField(REQUIRED, convert=BillingCycle)
    when = SingleField(convert=When)

    @property
    def choice(self) -> Choice:
        """The choice that was sent."""
        return Choice(self.plan.data, self.cycle.data, self.when.data)


class ServiceFilterForm(StrictForm):
    """The filter of the list of services: ``q``, part of a domain or of a plan's name, and ``todo``."""

    q = SingleField(convert=str.strip)
    todo = SingleField(convert=bool)


class PaymentFields(StrictForm):
    """How a client pays: a method, the account saved for it (``saved``), or whether to save its account (``saves``)."""

    method = SingleField()
    saved = SingleField(convert=whole_number)
    saves = SingleField(convert=bool)

    def validate_saves(self, field: SingleField) -> None:
        """Refuse to save an account again when paying with one that is saved."""
        if field.data and self.saved.data is not None:
            raise ValidationError(Refusal.UNREADABLE)

    @property
    def declines_saved_account(self) -> bool:
        """Whether the client chose to pay another way than with a saved account: ``saved`` is sent, and empty."""
        return bool(self.saved.raw_data) and self.saved.data is None


class PaymentForm(PaymentFields):
    """The payment of an order or an invoice; with ``verify``, asks what became of the last payment instead of paying.

    ``next`` is the local address to go to once the invoice is paid, ``None`` for any other address.
    """

    verify = SingleField(convert=bool)
    next = SingleField(convert=safe_local_path, max_length=ANY_LENGTH)


class ConfirmForm(ChoiceForm, PaymentFields):
    """The confirmation of a reviewed change, with the digest of the figures seen and the form's one-use key."""

    digest = SingleField()
    key = SingleField(REQUIRED, convert=_matching(_KEY))
    acknowledged = SingleField()

    @property
    def confirmation(self) -> Confirmation:
        """What the client confirms having seen."""
        return Confirmation(self.digest.data or "", self.key.data, self.acknowledged.data == "yes")


class CancelOrderForm(StrictForm):
    """The cancellation of an order; ``then`` is "choose" to open the choice of a plan after it."""

    then = SingleField()


class CancellationWhenForm(StrictForm):
    """When a service is to end."""

    when = SingleField(REQUIRED, convert=CancellationWhen)


class CancellationForm(CancellationWhenForm):
    """A cancellation request: when, the form's one-use key, and the reason, of 2,000 characters at most."""

    key = SingleField(REQUIRED, convert=_matching(_KEY))
    reason = SingleField(convert=_short_text, refusal=Refusal.TOO_LONG, max_length=ANY_LENGTH)
