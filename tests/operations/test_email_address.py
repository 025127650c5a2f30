"""E-mail addresses are stored in lower case, with an internationalised domain in punycode."""

import pytest

from kajoom.operations.email_address import parse_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Anna.Roy@Example.com", "anna.roy@example.com"),
        ("anna+web@sub.example.com", "anna+web@sub.example.com"),
        ("Anna@Café.example.com", "anna@xn--caf-dma.example.com"),
        ("anna@xn--caf-dma.example.com", "anna@xn--caf-dma.example.com"),
    ],
)
def test_address_has_one_form(text: str, address: str) -> None:
    assert parse_email(text) == address


@pytest.mark.parametrize(
    "text", ["anna", "rené@example.com", "anna@localhost", "Anna <anna@example.com>", "a b@example.com"]
)
def test_text_that_is_no_address_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an e-mail address: .* \(.+\)"):
        parse_email(text)
