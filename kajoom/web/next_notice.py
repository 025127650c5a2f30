"""A sentence on the next page: what has just been done, shown once after the redirect that follows a form.

Each sentence may hold ``%(name)s``: what was acted on, and other values of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flask import session

from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.web.session import NOTICE

_TEXTS: Mapping[str, str] = {
    "activated": N_("Welcome! Your access is active."),
    "address": N_("Your e-mail address was changed. You now sign in with it."),
    "client_invited": N_("An invitation to choose a password is on its way to %(name)s."),
    "client_reset": N_("A link to choose a new password is on its way to %(name)s."),
    "client_deactivated": N_("%(name)s can’t sign in any more."),
    "client_reactivated": N_("%(name)s can sign in again."),
    "terms_changed": N_("%(name)s: the terms were changed. The client is sent an e-mail."),
    "change_done": N_("%(name)s is operational. The client was sent an e-mail."),
    "change_refused": N_("%(name)s is refused. The client was sent an e-mail."),
    "change_retried": N_("The panel is asked again for %(name)s."),
    "suspension_asked": N_("%(name)s is being suspended. The client is sent an e-mail once it is done."),
    "suspension_lifting": N_("%(name)s is being restored. The client is sent an e-mail once it is done."),
    "suspension_withdrawn": N_("%(name)s is not suspended after all: nothing had been done yet."),
    "task_claimed": N_("%(name)s: your colleagues see that you are working on it."),
    "task_done": N_("%(name)s: the task is done."),
    "task_released": N_("%(name)s: nobody is working on it any more."),
    "factor_removed": N_("Two-step verification is off, and your other sessions were closed."),
    "last_recovery_code": N_("You have used your last recovery code. Create new ones in your account."),
    "recovery_code": N_("You have used a recovery code. It can’t be used again."),
    "password": N_("Your password was changed, and your other sessions were closed."),
    "job_retried": N_("Job %(name)s will be tried again as soon as a worker is free."),
    "job_discarded": N_("Job %(name)s was discarded."),
    "credit_added": N_(
        "%(amount)s was added to the account credit of %(name)s, now %(balance)s. They are sent an e-mail."
    ),
    "credit_taken": N_(
        "%(amount)s was taken from the account credit of %(name)s, now %(balance)s. They are sent an e-mail."
    ),
    "refund_done": N_("%(amount)s of invoice %(name)s was sent back: %(provider)s. The client is sent an e-mail."),
    "refund_pending": N_(
        "%(amount)s of invoice %(name)s is on its way back: %(provider)s. The client is sent an e-mail once it is done."
    ),
    "refund_unknown": N_(
        "We don’t know yet whether %(amount)s of invoice %(name)s was sent back: %(provider)s has not answered. It is"
        " asked again automatically, and nothing is sent twice."
    ),
    "refund_refused": N_(
        "%(amount)s of invoice %(name)s was not sent back: %(provider)s refused it. It is account credit again."
    ),
    "difference_explained": N_("The difference %(name)s is explained."),
    "difference_recorded": N_("%(amount)s was recorded for invoice %(name)s, and the difference is closed."),
    "notice_closed": N_("The notice is closed, with what you wrote."),
    "received_all": N_("%(amount)s was recorded: invoice %(name)s is paid in full."),
    "received_part": N_("%(amount)s was recorded for invoice %(name)s: %(balance)s is still to be paid."),
    "received_more": N_(
        "%(amount)s was recorded: invoice %(name)s is paid in full, and %(credited)s was added to the account credit."
    ),
    "received_credit": N_(
        "%(amount)s was recorded. Nothing was due on invoice %(name)s, so the whole amount is now account credit."
    ),
    "received_again": N_("This payment of invoice %(name)s was already recorded: nothing was added."),
}


_TO_LOOK_AT = frozenset({"refund_unknown", "refund_refused"})
"""The codes of what is not simply done."""


class Notice(NamedTuple):
    """A sentence to show, and whether it says that something is to be looked at."""

    text: str
    is_warning: bool


def show_next(code: str, name: str = "", **values: str) -> None:
    """Have the next page show the sentence of a code.

    ``name`` is what it is about, such as a reference; ``values``, on one line each, are what else it names.
    """
    others = (f"\n{key} {value}" for key, value in values.items())
    session[NOTICE] = "".join([f"{code} {name}".rstrip(), *others])


def take_notice() -> Notice | None:
    """The notice to show, once; ``None`` when there is none."""
    if NOTICE not in session:
        return None
    first, *others = session.pop(NOTICE).split("\n")
    code, _, name = first.partition(" ")
    text = notice_text(code, name, **dict(other.partition(" ")[::2] for other in others))
    return Notice(text, code in _TO_LOOK_AT) if text else None


def notice_text(code: str, name: str, **values: str) -> str:
    """The sentence of a code about ``name``; empty for an unknown code, or without a value that it names."""
    text = _TEXTS.get(code)
    try:
        return str(gettext(text, name=name, **values)) if text else ""
    except (KeyError, TypeError):  # a cookie signed with the secret of the demonstration
        return ""
