"""E-mail addresses in the one form in which they are stored and looked up."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def parse_email(text: str) -> str:
    """An e-mail address in lower case, an internationalised domain in punycode; ``ValueError`` if it is none.

    The part before the @ must be ASCII (``allow_smtputf8=False``): most servers cannot write to any other. Whether
    the domain exists is not looked up.
    """
    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError as error:
        raise ValueError(f"not an e-mail address: {text[:80]!r} ({error})") from None
    return str(address).lower()
