"""Import of a host's clients: all or nothing, and twice is the same as once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher, Type

from kajoom.domain.staff import StaffRole
from kajoom.domain.tax import ALL_TAXES, Taxation
from kajoom.models.bulk import client_ids
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.accounts.staff import StaffDetails, create_staff
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.files.report import ImportReport
from kajoom.operations.imports.batch import HowToImport
from kajoom.operations.imports.clients import ClientRow, DemoClientRow, import_clients

AT = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)
DEMO = Path(__file__).parents[3] / "demo" / "clients.csv"
HEADER = "external_id,email,name,province,country,locale,password_hash\n"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A"
OTHER_HASH = HASH.replace("iWh06", "jWh06")
_QUOTED = '"' + HASH + '"'  # the hash of the password "password"; a comma stands in it
ANNA = f"1,anna@example.com,Anna,QC,CA,fr,{_QUOTED}\n"
BRUNO = "2,Bruno@Example.com,Bruno,on,,,\n"

BCRYPT = "$2y$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK"
PHPASS = "$P$BKJFGlkkOx0ylQ6BiwI9UWba/ub24G0"
_NO_HASH = "password_hash: not a hash by argon2, bcrypt or phpass; leave it empty, and invite the client"


def _quoted(password_hash: str) -> str:
    """A line of a client with a password's hash, in which commas stand."""
    return f'2,b@example.com,B,QC,CA,fr,"{password_hash}"'


def import_text(text: str | bytes, *, dry_run: bool = False) -> ImportReport:
    content = text.encode() if isinstance(text, str) else text
    return import_clients(read_rows(content.splitlines(keepends=True), ClientRow), AT, HowToImport(dry_run=dry_run))


def clients() -> dict[str, Client]:
    return {row.external_id: row for row in db.session.query(Client)}


def errors_of(report: ImportReport) -> list[str]:
    return [str(error) for error in report.errors]


def test_clients_are_added_with_the_values_of_the_file() -> None:
    report = import_text(HEADER + ANNA + BRUNO)
    assert (report.added, report.changed, report.unchanged, report.errors) == (2, 0, 0, [])
    anna, bruno = clients()["1"], clients()["2"]
    assert (anna.password, anna.locale, anna.taxation(ALL_TAXES)) == (HASH, "fr", Taxation("QC"))
    assert (bruno.email, bruno.country, bruno.province, bruno.locale) == ("bruno@example.com", "CA", "ON", "fr")
    assert bruno.password is None
    assert anna.fs_uniquifier != bruno.fs_uniquifier


def test_second_import_changes_nothing() -> None:
    import_text(HEADER + ANNA + BRUNO)
    report = import_text(HEADER + ANNA + BRUNO)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)


def test_import_updates_who_a_client_is_but_not_language_and_password() -> None:
    import_text(HEADER + ANNA)
    report = import_text(HEADER + f'1,anne@example.com,Anne,ON,CA,en,"{OTHER_HASH}"\n')
    assert report.changed == 1
    anna = clients()["1"]
    assert (anna.email, anna.name, anna.province) == ("anne@example.com", "Anne", "ON")
    assert (anna.locale, anna.password) == ("fr", HASH)


def test_password_hash_is_stored_for_a_client_without_a_password() -> None:
    import_text(HEADER + BRUNO)
    import_text(HEADER + f"2,bruno@example.com,Bruno,ON,,,{_QUOTED}\n")
    assert clients()["2"].password == HASH


def test_absent_column_keeps_the_stored_value() -> None:
    import_text(HEADER + BRUNO)
    report = import_text("external_id,email,name\n2,bruno@example.com,Bruno\n")
    assert (report.unchanged, report.errors) == (1, [])


def test_dry_run_counts_and_writes_nothing() -> None:
    report = import_text(HEADER + ANNA + BRUNO, dry_run=True)
    assert report.added == 2
    assert clients() == {}


def test_one_bad_line_stops_the_import_and_every_error_is_reported() -> None:
    report = import_text(HEADER + ANNA + "2,nobody,Bruno,ZZ,CA,de,\n" + "3,c@example.com,,QC,CA,fr,plain\n")
    assert errors_of(report) == [
        "line 3: email: not an e-mail address: 'nobody' (An email address must have an @-sign.)",
        "line 3: locale: unknown: 'de'; one of fr, en",
        "line 4: name: empty",
        "line 4: password_hash: not a hash by argon2, bcrypt or phpass; leave it empty, "
        "and invite the client to choose a new password",
    ]
    assert clients() == {}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2,b@example.com,B,,CA,fr,", "province: empty: in Canada, one of AB, BC"),
        ("2,b@example.com,B,Bavière,CA,fr,", "province: BAVIÈRE: in Canada, one of"),
        ("2,anna@example.com,B,QC,CA,fr,", "email: 'anna@example.com' already stands on line 2"),
        ("1,b@example.com,B,QC,CA,fr,", "external_id: '1' already stands on line 2"),
        ("2,b@example.com,B,QC,CA", "5 cells under 7 columns"),
        ("2,b@example.com,B\0,QC,CA,fr,", "name: holds a control character: U+0000"),
        ('2,b@example.com,"B"x,QC,CA,fr,', "',' expected after '\"'"),
        ('2,b@example.com,"B,QC,CA,fr,', "unexpected end of data"),
        (f"2,b@example.com,{'B' * 201},QC,CA,fr,", "name: longer than 200 characters"),
        (f"2,{'b' * 250}@example.com,B,QC,CA,fr,", "email: not an e-mail address"),
    ],
)
def test_bad_line_is_reported_with_its_reason(line: str, named: str) -> None:
    report = import_text(f"{HEADER}{ANNA}{line}\n")
    assert any(error.startswith(f"line 3: {named}") for error in errors_of(report)), errors_of(report)
    assert clients() == {}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2,b@example.com,B,,Canada,fr,", "country: not a two-letter country code (ISO 3166), such as CA: 'Canada'"),
        ("2,b@example.com,B,,ZZ,fr,", "country: not a two-letter country code (ISO 3166), such as CA: 'ZZ'"),
        ("2,b@example.com,B,,UK,fr,", "country: not a two-letter country code"),
        ("2,b@example.com,B\u2028,QC,CA,fr,", "name: holds a control character: U+2028"),
        ("2,b@example.com,B\x85,QC,CA,fr,", "name: holds a control character: U+0085"),
        ("2,b@example.com,\u202eB,QC,CA,fr,", "name: holds a control character: U+202E"),
        ("2,Anna@Example.COM,B,QC,CA,fr,", "email: 'anna@example.com' already stands on line 2"),
        ("2,jean..t@example.com,B,QC,CA,fr,", "email: not an e-mail address"),
        ("2,b@example.com,B,QC,CA,fr,$argon2id$x", _NO_HASH),
        ("2,b@example.com,B,QC,CA,fr,5f4dcc3b5aa765d61d8327deb882cf99", _NO_HASH),
        ("2,b@example.com,B,QC,CA,fr,$S$DvQI6Y600iNeXRIeEMF94Y6FvN8nujJcEDTCP9nS5.i38jnEKuDR", _NO_HASH),
        ("2,b@example.com,B,QC,CA,fr,$P$BzxYw", _NO_HASH),
        (_quoted(PHPASS[:-1] + "2"), _NO_HASH),
        (_quoted(PHPASS.replace("$B", "$I")), "password_hash: not a hash by phpass of a cost from 7 to 18: 20"),
        (_quoted(BCRYPT.replace("$2y", "$2x")), _NO_HASH),
        (_quoted(BCRYPT.replace("uu5", "ua5")), _NO_HASH),
        (_quoted(BCRYPT[:-1] + "Z"), _NO_HASH),
        (_quoted(BCRYPT[:-1]), _NO_HASH),
        (_quoted(BCRYPT.replace("$10$", "$15$")), "password_hash: not a hash by bcrypt of a cost from 4 to 14: 15"),
        (_quoted(HASH.replace("m=19456", "m=4194304")), "password_hash: not a hash by argon2 of at most m=131072"),
        (_quoted(HASH.replace("t=2", "t=0")), "password_hash: not a hash by argon2 of at most"),
        (_quoted(HASH[:-2]), "password_hash: not a hash by argon2"),
        (_quoted(HASH[:-1] + "B"), "password_hash: not a hash by argon2"),
        (_quoted(HASH.replace("v=19", "v=99")), "password_hash: not a hash by argon2"),
    ],
)
def test_value_that_could_not_be_used_is_refused_by_line(line: str, named: str) -> None:
    report = import_text(f"{HEADER}{ANNA}{line}\n")
    assert [error for error in errors_of(report) if error.startswith(f"line 3: {named}")], errors_of(report)
    assert clients() == {}


def test_every_variant_of_argon2_that_is_accepted_can_be_verified() -> None:
    for kind in Type:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=kind)
        stored = hasher.hash("password")
        assert import_text(HEADER + _quoted(stored) + "\n").errors == []
        assert hasher.verify(clients()["2"].password or "", "password")


@pytest.mark.parametrize("stored", [BCRYPT, BCRYPT.replace("2y", "2a"), PHPASS, PHPASS.replace("P", "H", 1)])
def test_hash_of_another_system_is_stored_as_it_is(stored: str) -> None:
    assert import_text(HEADER + _quoted(stored) + "\n").errors == []
    assert clients()["2"].password == stored


def test_line_ends_of_a_name_become_spaces_and_those_of_an_address_stay() -> None:
    header = "external_id,email,name,address,country\n"
    import_text(header + '1,a@example.com,"Anna\r\n\tTremblay","1, rue A\nQuébec",FR\n')
    anna = clients()["1"]
    assert (anna.name, anna.address) == ("Anna Tremblay", "1, rue A\nQuébec")


def test_address_of_another_client_is_refused() -> None:
    import_text(HEADER + ANNA)
    assert errors_of(import_text(HEADER + "9,anna@example.com,Other,QC,CA,fr,\n")) == [
        "line 2: email: anna@example.com is already that of 1"
    ]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("rené@example.com", "Internationalized characters before the @-sign"),
        ("a..b@example.com", "two periods in a row"),
        ("anna@localhost", "It should have a period"),
        ("anna@example.test", "special-use or reserved name"),
    ],
)
def test_address_that_cannot_receive_email_is_refused_with_the_reason(address: str, reason: str) -> None:
    (error,) = errors_of(import_text(f"{HEADER}2,{address},B,QC,CA,fr,\n"))
    assert error.startswith(f"line 2: email: not an e-mail address: '{address}' (")
    assert reason in error


def test_internationalised_domain_is_stored_in_punycode() -> None:
    assert import_text(HEADER + "2,Anna@Café.example.com,B,QC,CA,fr,\n").errors == []
    assert clients()["2"].email == "anna@xn--caf-dma.example.com"


def test_client_outside_canada_needs_no_province() -> None:
    assert import_text(HEADER + "2,b@example.com,B,,FR,fr,\n").added == 1
    assert not clients()["2"].taxation(ALL_TAXES).is_taxed


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEADER + ANNA).encode(),
        (HEADER + ANNA).replace(",", ";").replace("19456;t=2;", "19456,t=2,").encode() + b";;;;;;\n",
        (HEADER + ANNA).replace("\n", "\r\n").encode(),
        (HEADER + "\n" + ANNA + "\n\n").encode(),
        (HEADER.upper() + ANNA).encode(),
        (HEADER + ANNA).replace("\n", "\r").encode(),
        (HEADER + ANNA).encode("utf-16"),
        (HEADER + ANNA).encode("utf-16-be"),
        ("sep=;\n" + (HEADER + ANNA).replace(",", ";").replace("19456;t=2;", "19456,t=2,")).encode(),
        (HEADER + ANNA).replace(",", "\t").replace("19456\tt=2\t", "19456,t=2,").encode(),
        (HEADER.replace("\n", ",,\n") + ANNA.replace("\n", ",,\n")).encode(),
        (HEADER + ",,,,,,\n" + ANNA + ' , ,\t,,,,\n,,,\n"",,,,,,\n').encode(),
    ],
    ids=[
        "byte order mark",
        "semicolons",
        "Windows line ends",
        "empty lines",
        "capital header",
        "old Mac line ends",
        "UTF-16",
        "UTF-16 without a mark",
        "declared separator",
        "tabs",
        "empty columns at the end",
        "rows of separators",
    ],
)
def test_common_variants_of_csv_are_accepted(content: bytes) -> None:
    report = import_text(content)
    assert (report.added, report.errors) == (1, [])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", ["line 1: external_id: the column is missing", "line 1: email: the column is missing"]),
        (b"external_id,email,nom\n", ["line 1: name: the column is missing"]),
        (b"external_id,email,name,email\n", ["line 1: email: the column stands twice"]),
        (HEADER.encode() + b"1,a@example.com,Caf\xe9,QC,CA,fr,\n", ["line 2: name: not UTF-8 text"]),
    ],
)
def test_unreadable_file_is_reported_with_the_reason(content: bytes, named: list[str]) -> None:
    errors = errors_of(import_text(content))
    assert all(any(error.startswith(name) for error in errors) for name in named), errors
    assert clients() == {}


def test_line_number_counts_empty_and_multi_line_rows() -> None:
    text = HEADER + '1,a@example.com,"Anna\nof two lines",QC,CA,fr,\n' + "\n" + "2,nobody,B,QC,CA,fr,\n"
    assert errors_of(import_text(text)) == [
        "line 5: email: not an e-mail address: 'nobody' (An email address must have an @-sign.)"
    ]


def test_demonstration_has_clients_with_passwords() -> None:
    with DEMO.open("rb") as lines:
        rows = list(read_rows(lines, DemoClientRow))
    for _ in range(2):
        report = import_clients(iter(rows), AT, hash_password="hash of {}".format)
        assert report.errors == []
    assert (report.added, report.unchanged) == (0, 2)
    people = {row.email: row for row in clients().values()}
    assert people.keys() == {"fr@example.com", "en@example.com"}
    assert {row.password for row in people.values()} == {"hash of kajoom-demonstration"}
    assert (people["fr@example.com"].locale, people["en@example.com"].locale) == ("fr", "en")


def test_exempt_client_has_the_reason_of_the_file_until_it_is_empty_there() -> None:
    header = HEADER.replace("province", "tax_exempt,province")
    row = "1,anna@example.com,Anna,%s,QC,CA,fr,\n"
    import_text(header + row % "Conseil de bande")
    assert clients()["1"].taxation(ALL_TAXES) == Taxation("QC", exempt=True)
    assert import_text(HEADER + "1,anna@example.com,Anna,QC,CA,fr,\n").unchanged == 1  # the column is not in the file
    assert import_text(header + row % "").changed == 1
    assert clients()["1"].taxation(ALL_TAXES) == Taxation("QC")


@pytest.mark.parametrize("cell", ["no", "Oui", "0", "TRUE", "x" * 101])
def test_exemption_without_a_reason_is_refused(cell: str) -> None:
    header = HEADER.replace("province", "tax_exempt,province")
    (error,) = errors_of(import_text(f"{header}1,anna@example.com,Anna,{cell},QC,CA,fr,\n"))
    assert error.startswith("line 2: tax_exempt: ")


def test_address_that_the_client_changed_here_stays_until_the_file_gives_another() -> None:
    import_text(HEADER + ANNA)
    anna = clients()["1"]
    anna.email, anna.file_email = "chosen@example.com", "anna@example.com"
    db.session.commit()
    assert import_text(HEADER + ANNA).unchanged == 1
    assert clients()["1"].email == "chosen@example.com"
    assert client_ids(["anna@example.com", "chosen@example.com"]) == dict.fromkeys(
        ("anna@example.com", "chosen@example.com"), anna.id
    )
    for address in ("file@example.com", "anna@example.com"):
        assert import_text(HEADER + ANNA.replace("anna@example.com", address)).changed == 1
        assert (clients()["1"].email, clients()["1"].file_email) == (address, None)


def test_import_neither_gives_a_role_nor_changes_a_staff_account() -> None:
    create_staff(StaffDetails("anna@example.com", StaffRole.AGENT), AT)
    [staff] = clients().values()
    by_id = HEADER + ANNA.replace("1,", f"{staff.external_id},", 1)
    for text, place in ((by_id, "external_id"), (HEADER + ANNA, "email")):
        assert [error.place for error in import_text(text).errors] == [place]
    report = import_text(HEADER.replace("locale", "role") + ANNA.replace("anna@", "anne@").replace(",fr,", ",manager,"))
    assert [str(note) for note in report.notes] == ["line 1: unused columns: role"]
    assert (report.added, clients()["1"].role) == (1, "")
    assert sorted(row.role for row in clients().values()) == ["", "agent"]
