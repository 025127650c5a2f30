"""Reading a new password from a form: the sentence of each rule it breaks, and the hash of one that breaks none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flask import current_app, request
from flask_security import PasswordUtil

from kajoom.domain.password import PasswordFault, password_fault
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.catalog import catalog
from kajoom.operations.accounts.common_passwords import is_common
from kajoom.web.forms import ANY_LENGTH, SingleField, StrictForm

_TEXTS: Mapping[PasswordFault, str] = {
    PasswordFault.TOO_SHORT: N_("Choose a password of at least 12 characters: a few words make a good one."),
    PasswordFault.TOO_LONG: N_("Choose a password of at most 128 characters."),
    PasswordFault.COMMON: N_("This password is easily guessed: it is a common one, or your own name. Choose another."),
}
_DIFFERENT = N_("The two passwords are not the same. Type the same one twice.")


class NewPasswordForm(StrictForm):
    """A new password, twice; its rules are in ``domain.password``, so that each has its sentence."""

    password = SingleField(max_length=ANY_LENGTH)
    password_confirm = SingleField(max_length=ANY_LENGTH)


class FieldError(NamedTuple):
    """What is wrong with a field: its name and a sentence in the client's language."""

    field: str
    text: str


def read_new_password(email: str, name: str) -> tuple[str, list[FieldError]]:
    """The normalised password of the form that was sent, and what is wrong with it; ``email`` and ``name`` are the
    client's, of whom they make no password."""
    form = NewPasswordForm.parse(request.form)
    password, confirmed = (form.password.data or "", form.password_confirm.data or "")
    names = (email, name, catalog().seller.get("name", ""))
    if fault := password_fault(password, lambda text: is_common(text, names)):
        return "", [FieldError("password", str(gettext(_TEXTS[fault])))]
    normalize = PasswordUtil(current_app).normalize
    if normalize(password) != normalize(confirmed):
        return "", [FieldError("password_confirm", str(gettext(_DIFFERENT)))]
    return normalize(password), []
