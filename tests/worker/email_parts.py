"""Reading the e-mails that a fake mailer collected: headers, plain text, HTML and amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


def without_digest(emails: Iterable[EmailMessage]) -> list[EmailMessage]:
    """The e-mails but for the daily digest to staff, which a worker's first round sends."""
    return [email for email in emails if not str(email["Message-ID"]).startswith("<staff-digest-")]


def parse(email: EmailMessage) -> EmailMessage:
    """The e-mail as the program of its reader decodes it."""
    return message_from_bytes(email.as_bytes(), policy=default)


def text_of(email: EmailMessage) -> str:
    """The plain text part, with Unix line ends."""
    part = email.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def text_in_file(path: Path) -> str:
    """The plain text part of an e-mail that was written to a file."""
    return text_of(message_from_bytes(path.read_bytes(), policy=default))


def html_of(email: EmailMessage) -> str:
    """The HTML part."""
    part = email.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def french_amounts(text: str) -> set[str]:
    """The amounts written in French, as ``41,72 $``, with a point as decimal separator: ``41.72``."""
    return {amount.replace(",", ".") for amount in re.findall(r"(\d+,\d\d)\N{NO-BREAK SPACE}\$", text)}


def dollars(cents: int) -> str:
    """An amount in dollars with two decimals, as ``french_amounts`` returns it."""
    return f"{cents // 100}.{cents % 100:02d}"
