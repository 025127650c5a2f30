"""Whatever a client or a host wrote stays in the header it was written for."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.worker.email_headers import POLICY, address, header_text
from kajoom.worker.email_samples import AT, SELLER, client_sample
from kajoom.worker.emails import write
from tests.worker.email_parts import parse

_NAMES = (
    "=?utf-8?q?hi=0D=0ABcc:_evil@example.com?=",
    "Line\N{LINE SEPARATOR}Paragraph\N{PARAGRAPH SEPARATOR}\x0b\x0c\x1c\x85End",
    "Jean\r\nBcc: evil@example.com",
    "\0nul \x1b[31m",
    "x" * 5000,
    "é" * 5000,
    "",
)


def sent_and_read(text: str) -> EmailMessage:
    """An e-mail with ``text`` as its subject and as the name of its recipient, after its way as bytes."""
    email = EmailMessage(policy=POLICY)
    email["Subject"] = header_text(text)
    email["To"] = address(text, "client@example.com")
    return message_from_bytes(email.as_bytes(), policy=default)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", _NAMES, ids=ascii)
@pytest.mark.parametrize("kind", ["change_requested", "staff_notice"])
def test_name_of_a_client_adds_no_header(kind: str, name: str) -> None:
    context = client_sample(kind, "fr")
    plain = parse(write(kind, context, "key", AT, SELLER))
    context.client.name = name
    email = parse(write(kind, context, "key", AT, SELLER))
    assert email.keys() == plain.keys()
    assert [each.addr_spec for each in email["To"].addresses] == [each.addr_spec for each in plain["To"].addresses]


@pytest.mark.usefixtures("app")
def test_name_of_a_seller_adds_no_header() -> None:
    for name in _NAMES:
        email = parse(
            write("change_requested", client_sample("change_requested", "fr"), "key", AT, {**SELLER, "name": name})
        )
        assert "Bcc" not in email
        assert [each.addr_spec for each in email["From"].addresses] == [SELLER["email"]]


@given(st.text())
def test_any_text_is_one_header_that_is_read_as_it_was_written(text: str) -> None:
    email = sent_and_read(text)
    assert email.keys() == ["Subject", "To"]
    assert email["Subject"] == header_text(text)
    [recipient] = email["To"].addresses
    assert recipient.addr_spec == "client@example.com"
    # Python's reader, not its writer, may add a space where a long name is folded.
    assert "".join(recipient.display_name.split()) == "".join(header_text(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Votre changement\N{NO-BREAK SPACE}: été", "Votre changement\N{NO-BREAK SPACE}: été"),
        ("two\r\nlines", "two lines"),
        ("=?utf-8?q?a?=", "= ?utf-8?q?a?="),
        ("a" * 201, "a" * 199 + "…"),
    ],
)
def test_text_of_a_header_changes_only_where_it_must(text: str, expected: str) -> None:
    assert header_text(text) == expected


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("info@hébergement.ca", "info@xn--hbergement-b7a.ca"),
        ("info@xn--hbergement-b7a.ca", "info@xn--hbergement-b7a.ca"),
        ("info@example.com", "info@example.com"),
    ],
)
def test_internationalised_domain_is_written_in_punycode(email: str, expected: str) -> None:
    assert address("Hébergement", email).addr_spec == expected


@pytest.mark.parametrize(
    "text",
    [
        "Montée été à là où ça œuvre déjà très éloigné",
        "exemple.ca\N{NO-BREAK SPACE}: changement à effectuer (CH-2022-000001)",
        "été " * 40 + "fini",
        "plain words that need no encoding, a few more than what stands on a line of seventy-six characters",
        "a é b é é c " * 10 + "d",
        "🎉 " * 20 + "!",
    ],
)
def test_subject_keeps_the_spaces_between_encoded_words(text: str) -> None:
    email = EmailMessage(policy=POLICY)
    email["Subject"] = text
    email.set_content("text")

    raw = email.as_bytes()
    read = message_from_bytes(raw, policy=default)

    assert read["Subject"] == text
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert raw.isascii()
