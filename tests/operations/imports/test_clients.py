"""A host's clients are taken in whole or not at all, and taking them in twice is taking them in once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.imports.clients import CLIENT_COLUMNS, DEMONSTRATION_COLUMNS, import_clients
from kajoom.operations.imports.csv_file import read_rows
from kajoom.operations.imports.report import ImportReport

AT = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)
DEMO = Path(__file__).parents[3] / "demo" / "clients.csv"
HEADER = "external_id,email,name,province,country,locale,password_hash\n"
ANNA = "1,anna@example.com,Anna,QC,CA,fr,$argon2id$x\n"
BRUNO = "2,Bruno@Example.com,Bruno,on,,,\n"


def lease_next(text: str | bytes, *, dry_run: bool = False) -> ImportReport:
    """Import a text as a host's file."""
    content = text.encode() if isinstance(text, str) else text
    return import_clients(read_rows(content.splitlines(keepends=True), CLIENT_COLUMNS), AT, dry_run=dry_run)


def clients() -> dict[str, Client]:
    return {row.external_id: row for row in db.session.query(Client)}


def reasons(report: ImportReport) -> list[str]:
    return [str(error) for error in report.errors]


def test_clients_are_added_with_what_the_file_says() -> None:
    report = lease_next(HEADER + ANNA + BRUNO)
    assert (report.added, report.changed, report.unchanged, report.errors) == (2, 0, 0, [])
    anna, bruno = clients()["1"], clients()["2"]
    assert (anna.password, anna.locale, anna.tax_province) == ("$argon2id$x", "fr", "QC")
    assert (bruno.email, bruno.country, bruno.province, bruno.locale) == ("bruno@example.com", "CA", "ON", "fr")
    assert bruno.password is None
    assert anna.fs_uniquifier != bruno.fs_uniquifier


def test_second_import_changes_nothing() -> None:
    lease_next(HEADER + ANNA + BRUNO)
    report = lease_next(HEADER + ANNA + BRUNO)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)


def test_file_wins_for_who_a_client_is_but_not_for_language_and_password() -> None:
    lease_next(HEADER + ANNA)
    report = lease_next(HEADER + "1,anne@example.com,Anne,ON,CA,en,$argon2id$other\n")
    assert report.changed == 1
    anna = clients()["1"]
    assert (anna.email, anna.name, anna.province) == ("anne@example.com", "Anne", "ON")
    assert (anna.locale, anna.password) == ("fr", "$argon2id$x")


def test_password_hash_is_taken_by_a_client_who_has_none() -> None:
    lease_next(HEADER + BRUNO)
    lease_next(HEADER + "2,bruno@example.com,Bruno,ON,,,$argon2id$y\n")
    assert clients()["2"].password == "$argon2id$y"


def test_column_that_the_file_does_not_have_is_left_as_it_was() -> None:
    lease_next(HEADER + BRUNO)
    report = lease_next("external_id,email,name\n2,bruno@example.com,Bruno\n")
    assert (report.unchanged, report.errors) == (1, [])


def test_dry_run_counts_and_writes_nothing() -> None:
    report = lease_next(HEADER + ANNA + BRUNO, dry_run=True)
    assert report.added == 2
    assert clients() == {}


def test_one_bad_line_keeps_every_other_out_and_every_fault_is_told() -> None:
    report = lease_next(HEADER + ANNA + "2,nobody,Bruno,ZZ,CA,de,\n" + "3,c@example.com,,QC,CA,fr,plain\n")
    assert reasons(report) == [
        "line 3: email: not an e-mail address: 'nobody'",
        "line 3: locale: unknown: 'de'; one of fr, en, french, english",
        "line 4: name: empty",
        "line 4: password_hash: not the hash of a password, which begins with $",
    ]
    assert clients() == {}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2,b@example.com,B,,CA,fr,", "province: empty: in Canada, one of AB, BC"),
        ("2,b@example.com,B,Québec,CA,fr,", "province: QUÉBEC: in Canada, one of"),
        ("2,anna@example.com,B,QC,CA,fr,", "email: 'anna@example.com' already stands on line 2"),
        ("1,b@example.com,B,QC,CA,fr,", "external_id: '1' already stands on line 2"),
        ("2,b@example.com,B,QC,CA", "5 cells under 7 columns"),
        ("2,b@example.com,B\0,QC,CA,fr,", "holds a control character"),
        ('2,b@example.com,"B"x,QC,CA,fr,', "',' expected after '\"'"),
        ('2,b@example.com,"B,QC,CA,fr,', "unexpected end of data"),
        (f"2,b@example.com,{'B' * 201},QC,CA,fr,", "name: longer than 200 characters"),
        (f"2,{'b' * 250}@example.com,B,QC,CA,fr,", "email: not an e-mail address"),
    ],
)
def test_bad_line_is_named_with_its_reason(line: str, named: str) -> None:
    report = lease_next(f"{HEADER}{ANNA}{line}\n")
    assert any(error.startswith(f"line 3: {named}") for error in reasons(report)), reasons(report)
    assert clients() == {}


def test_address_of_another_client_is_refused() -> None:
    lease_next(HEADER + ANNA)
    assert reasons(lease_next(HEADER + "9,anna@example.com,Other,QC,CA,fr,\n")) == [
        "line 2: email: anna@example.com is already that of 1"
    ]


def test_client_outside_canada_needs_no_province() -> None:
    assert lease_next(HEADER + "2,b@example.com,B,,FR,fr,\n").added == 1
    assert clients()["2"].tax_province == ""


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEADER + ANNA).encode(),
        (HEADER + ANNA).replace(",", ";").encode(),
        (HEADER + ANNA).replace("\n", "\r\n").encode(),
        (HEADER + "\n" + ANNA + "\n\n").encode(),
        (HEADER.upper() + ANNA).encode(),
    ],
    ids=["byte order mark", "semicolons", "Windows line ends", "empty lines", "capital header"],
)
def test_usual_ways_of_writing_a_file_are_accepted(content: bytes) -> None:
    report = lease_next(content)
    assert (report.added, report.errors) == (1, [])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", ["line 1: external_id: the column is missing", "line 1: email: the column is missing"]),
        (b"external_id,email,nom\n", ["line 1: nom: unknown column", "line 1: name: the column is missing"]),
        (b"external_id,email,name,email\n", ["line 1: email: the column stands twice"]),
        (b"external_id,email,name,password\n", ["line 1: password: unknown column"]),
        (HEADER.encode() + b"1,a@example.com,Caf\xe9,QC,CA,fr,\n", ["line 2: not UTF-8 text"]),
    ],
)
def test_file_that_cannot_be_read_says_why(content: bytes, named: list[str]) -> None:
    told = reasons(lease_next(content))
    assert all(any(error.startswith(name) for error in told) for name in named), told
    assert clients() == {}


def test_line_of_a_fault_is_that_of_the_file_whatever_stands_before_it() -> None:
    text = HEADER + '1,a@example.com,"Anna\nof two lines",QC,CA,fr,\n' + "\n" + "2,nobody,B,QC,CA,fr,\n"
    assert reasons(lease_next(text)) == ["line 5: email: not an e-mail address: 'nobody'"]


def test_demonstration_brings_its_passwords_and_its_staff() -> None:
    with DEMO.open("rb") as lines:
        rows = list(read_rows(lines, DEMONSTRATION_COLUMNS))
    for _ in range(2):
        report = import_clients(iter(rows), AT, hash_password="hash of {}".format)
        assert report.errors == []
    assert (report.added, report.unchanged) == (0, 3)
    people = {row.email: row for row in clients().values()}
    assert people.keys() == {"fr@example.com", "en@example.com", "staff@example.com"}
    assert {row.password for row in people.values()} == {"hash of kajoom-demonstration"}
    assert [row.email for row in people.values() if [role.name for role in row.roles] == ["staff"]] == [
        "staff@example.com"
    ]
    assert (people["fr@example.com"].locale, people["en@example.com"].locale) == ("fr", "en")
