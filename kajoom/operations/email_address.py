"""E-mail addresses in the one form in which they are stored and looked up."""

from __future__ import annotations

from pkgutil import resolve_name


def parse_email(text: str) -> str:
    """An e-mail address in lower case, an internationalised domain in punycode; ``ValueError`` if it is none.

    The part before the @ must be ASCII (``allow_smtputf8=False``): most servers cannot write to any other. Whether
    the domain exists is not looked up.
    """
    validate = resolve_name("email_validator:validate_email")  # a thirtieth of a command's start, used by few
    try:
        address = validate(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except ValueError as error:
        raise ValueError(f"not an e-mail address: {text[:80]!r} ({error})") from None
    return str(address).lower()
