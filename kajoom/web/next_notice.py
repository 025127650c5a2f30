"""A sentence on the next page: what has just been done, shown once after the redirect that follows a form.

Each sentence may hold ``%(name)s``: what was acted on.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import session
from flask_babel import gettext

from kajoom.i18n.translations import N_
from kajoom.web.session import NOTICE

_TEXTS: Mapping[str, str] = {
    "activated": N_("Welcome! Your access is active."),
    "address": N_("Your e-mail address was changed. You now sign in with it."),
    "factor_removed": N_("Two-step verification is off, and your other sessions were closed."),
    "last_recovery_code": N_("You have used your last recovery code. Create new ones in your account."),
    "recovery_code": N_("You have used a recovery code. It can’t be used again."),
    "password": N_("Your password was changed, and your other sessions were closed."),
}


def show_next(code: str, name: str = "") -> None:
    """Have the next page show the sentence of a code; ``name`` is what it is about, such as a reference."""
    session[NOTICE] = f"{code} {name}".rstrip()


def take_notice() -> str:
    """The sentence to show, once; empty when there is none."""
    code, _, name = session.pop(NOTICE).partition(" ") if NOTICE in session else ("", "", "")
    return notice_text(code, name)


def notice_text(code: str, name: str) -> str:
    """The sentence of a code about ``name``; empty for an unknown code."""
    text = _TEXTS.get(code)
    return str(gettext(text, name=name)) if text else ""
