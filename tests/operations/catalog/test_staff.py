"""The staff to notify, as the catalogue file names them."""

from __future__ import annotations

import pytest

from kajoom.models.catalog import catalog
from tests.operations.catalog.catalog_text import DEMO, errors_of, load

NOTIFY = 'notify = ["equipe@example.com"]'


@pytest.fixture(autouse=True)
def _empty_database(empty_database: None) -> None:
    """The file is what fills the database."""


def test_staff_of_the_file_are_notified() -> None:
    assert DEMO.count(NOTIFY) == 1
    load(DEMO.replace(NOTIFY, 'notify = [" Anne@Example.com ", "soutien@example.com"]\nlocale = "en"', 1).replace(
        'locale = "en"\nlocale = "fr"', 'locale = "en"', 1))  # fmt: skip

    assert catalog().staff_emails == ("anne@example.com", "soutien@example.com")
    assert catalog().staff_locale == "en"


def test_seller_is_notified_when_no_staff_is_named() -> None:
    load(DEMO.replace(NOTIFY, "", 1))

    assert (catalog().staff_emails, catalog().staff_locale) == (("facturation@example.com",), "fr")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("notify = []", "staff.notify: empty"),
        ('notify = ["equipe"]', "staff.notify[0]: not an e-mail address: 'equipe'"),
        ('notify = ["rené@example.com"]', "staff.notify[0]: not an e-mail address: 'rené@example.com'"),
        ('notify = "equipe@example.com"', "staff.notify: a list expected"),
        ('notifies = ["equipe@example.com"]', "staff.notifies: unknown key"),
    ],
)
def test_invalid_staff_is_an_error(line: str, error: str) -> None:
    [found] = errors_of(DEMO.replace(NOTIFY, line, 1))
    assert found.startswith(error)


def test_invalid_address_of_the_seller_is_an_error() -> None:
    text = DEMO.replace('email = "facturation@example.com"', 'email = "facturation"', 1)
    [found] = errors_of(text)
    assert found.startswith("seller.email: not an e-mail address")
