"""The configuration read from environment variables: whatever is wrong is named, and nothing is guessed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kajoom.config import DEMONSTRATION_SECRET, READERS, Misconfigured, from_environment
from kajoom.domain.catalog import Catalog
from kajoom.domain.server import Server
from kajoom.gateways import build
from tests.architecture.files import ROOT
from tests.fake_gateways import current_time

SECRET = "0123456789abcdef0123456789abcdef"
SERVING = {"KAJOOM_SECRET_KEY": SECRET, "KAJOOM_BASE_URL": "https://client.example.com"}
PAYPAL = {"KAJOOM_PAYPAL_CLIENT_ID": "client", "KAJOOM_PAYPAL_SECRET": "secret"}

INVALID = {
    "BASE_URL": [
        "client.example.com", "ftp://client.example.com", "https://", "https://user:secret@client.example.com",
        "https://client.example.com?a=b", "https://client.example.com/#a", "https://client.example.com:x",
        "https://client.example.com:0", "https://client example.com", "https://-client.example.com",
        "https://" + "a" * 64 + ".example.com", "https://client..example.com", "https://[", "//client.example.com",
        "https://client.example.com/a b", "https://client.example.com//a", "https://client.example.com/a/../b%2F",
    ],
    "DATABASE_URL": [
        "postgres://kajoom@host/kajoom", "postgresql://kajoom@host/kajoom", "postgresql+psycopg2://kajoom@host/kajoom",
        "postgresql+psycopg://kajoom@host", "mysql://kajoom@host/kajoom", "kajoom.sqlite", "sqlite://",
        "sqlite:////no/such/folder/kajoom.sqlite", "postgresql+psycopg://kajoom@host:x/kajoom", "sqlite+aiosqlite:///x",
    ],
    "DAYS_TO_PAY": ["-1", "0", "1.5", "soon", "366", "99999", "\N{SUPERSCRIPT TWO}", "+7", "1_0"],
    "DEMO": ["2", "oui", "demo", "y", "t", "01", "True!"],
    "GST_NUMBER": ["123", "123456789", "123456789 TQ0001", "none", "1234567890 RT0001"],
    "HSTS_SUBDOMAINS": ["maybe"],
    "MAIL_URL": ["smtp://user:secret@example.com", "mail", "smtp://example.com:x", "file://folder"],
    "PAYPAL_BASE_URL": [
        "http://api-m.paypal.com", "http://127.0.0.1.example.com", "ftp://x", "paypal.com", "https://",
        "https://user:secret@api-m.paypal.com",
    ],
    "PAYPAL_CLIENT_ID": ["a b", "é"],
    "PAYPAL_SECRET": ["a b"],
    "PAYPAL_VAULT": ["2"],
    "PAYPAL_WEBHOOK_ID": ["a b"],
    "PROXY_HOPS": ["-1", "two", "11"],
    "QST_NUMBER": ["1234567890 RT0001", "123456789 TQ0001"],
    "READY_TOKEN": ["short", "a token with spaces"],
    "RENEWAL_DAYS": ["-1", "1.5", "soon", "366"],
    "SECRET_KEY": ["x", "s" * 31],
    "SECRET_KEY_FALLBACKS": ["x", f"{SECRET},x", f"{SECRET},,{SECRET}"],
    "SELLER_ADDRESS": ["1, rue Une||Québec", "a" * 201],
    "SELLER_EMAIL": ["bonjour", "bonjour@", "rené@example.com"],
    "SELLER_NAME": ["a" * 201],
    "SELLER_PHONE": ["5" * 201],
    "SELLER_URL": ["client.example.com"],
    "TIMEZONE": ["Toronto", "America", "../etc/passwd", "/etc/localtime", "America/Toronto.", "\N{SNOWMAN}", "EST5"],
    "WORKER": ["elsewhere", "Embedded"],
}  # fmt: skip
"""For every variable, values that are refused."""


def test_every_variable_has_invalid_values() -> None:
    assert set(INVALID) == set(READERS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_invalid_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"KAJOOM_{name} ") as error:
        from_environment(tmp_path, {"KAJOOM_DEMO": "1", **PAYPAL, f"KAJOOM_{name}": value})
    assert "\n" not in error.value.message
    assert not {"user:secret", SECRET} & set(error.value.message.split())


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("value", [" ", "1 ", "1\n", "\t1", "1\x00", "a\x1bb"])
def test_spaces_around_a_value_and_control_characters_are_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"KAJOOM_{name} must not begin or end with a space"):
        from_environment(tmp_path, {f"KAJOOM_{name}": value})


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"KAJOOM_DEMO .*KAJOOM_TIMEZONE .*KAJOOM_WORKER "):
        from_environment(tmp_path, {"KAJOOM_DEMO": "2", "KAJOOM_WORKER": "x", "KAJOOM_TIMEZONE": "x"})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("KAJOOM_SECRET_KEYS", "do you mean KAJOOM_SECRET_KEY?"),
        ("KAJOOM_DATABSE_URL", "do you mean KAJOOM_DATABASE_URL?"),
        ("KAJOOM_demo", "is not a variable of Kajoom"),
        ("KAJOOM_PREFIX", "is not a variable of Kajoom"),
        ("KAJOOM_WHM_TOKEN", "is not a variable of Kajoom"),
        ("KAJOOM_", "is not a variable of Kajoom"),
        ("KAJOOM_SERVER_TOKEN", "KAJOOM_SERVER_<NAME>_TOKEN, _SECRET and _USER are"),
        ("KAJOOM_SERVER_S1_TOKN", "KAJOOM_SERVER_<NAME>_TOKEN, _SECRET and _USER are"),
    ],
)
@pytest.mark.parametrize("value", ["1", ""])
def test_unknown_variable_is_named_with_the_nearest_one(tmp_path: Path, name: str, nearest: str, value: str) -> None:
    with pytest.raises(Misconfigured) as error:
        from_environment(tmp_path, {"KAJOOM_DEMO": "1", name: value})
    assert error.value.message.startswith(f"{name} is not a variable of Kajoom")
    assert nearest in error.value.message


def test_other_variables_are_ignored(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {"KAJOOMX": "1", "PATH": "/bin", "SECRET_KEY": "x"}).demo is False


@pytest.mark.parametrize("kind", ["TOKEN", "SECRET", "USER"])
def test_variables_of_a_hosting_server_are_accepted(tmp_path: Path, kind: str) -> None:
    from_environment(tmp_path, {f"KAJOOM_SERVER_MTL_1_{kind}": "value"})
    with pytest.raises(Misconfigured, match=f"KAJOOM_SERVER_MTL_1_{kind} "):
        from_environment(tmp_path, {f"KAJOOM_SERVER_MTL_1_{kind}": "two words"})


@pytest.mark.parametrize(
    ("value", "on"),
    [
        *((value, True) for value in ("1", "true", "True", "YES", "on")),
        *((value, False) for value in ("0", "false", "No", "OFF", "")),
    ],
)
def test_booleans_are_words_in_any_case(tmp_path: Path, value: str, on: bool) -> None:
    config = from_environment(tmp_path, {"KAJOOM_DEMO": value, "KAJOOM_HSTS_SUBDOMAINS": value})
    assert (config.demo, config.hsts_subdomains) == (on, on)
    assert from_environment(tmp_path, {**PAYPAL, "KAJOOM_PAYPAL_VAULT": value}).paypal_can_save is on


def test_a_server_needs_a_secret_and_an_address(tmp_path: Path) -> None:
    for given in ({}, {"KAJOOM_DEMO": "0"}, {"KAJOOM_SECRET_KEY": "", "KAJOOM_BASE_URL": ""}):
        config = from_environment(tmp_path, given)
        with pytest.raises(Misconfigured, match=r"KAJOOM_SECRET_KEY is missing.*KAJOOM_BASE_URL is missing"):
            config.check_complete()
    from_environment(tmp_path, SERVING).check_complete()


def test_the_demonstration_has_its_own_secret_and_address(tmp_path: Path) -> None:
    config = from_environment(tmp_path, {"KAJOOM_DEMO": "1"})
    config.check_complete()
    assert (config.secret_key, config.base_url) == (DEMONSTRATION_SECRET, "http://127.0.0.1:8000")


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
def test_secret_of_the_demonstration_is_refused_outside_it(tmp_path: Path, name: str) -> None:
    given = {f"KAJOOM_{name}": DEMONSTRATION_SECRET}
    with pytest.raises(Misconfigured, match=f"KAJOOM_{name} must not be the demonstration's own"):
        from_environment(tmp_path, given)
    from_environment(tmp_path, {**given, "KAJOOM_DEMO": "1"})


def test_example_file_is_not_a_configuration(tmp_path: Path) -> None:
    lines = (ROOT / "deploy" / "kajoom.env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line.startswith("KAJOOM_"))
    config = from_environment(tmp_path, {name: value.strip("'") for name, value in pairs})
    with pytest.raises(Misconfigured, match="KAJOOM_SECRET_KEY is missing"):
        config.check_complete()


def test_former_secrets_are_separated_by_commas(tmp_path: Path) -> None:
    config = from_environment(tmp_path, {**SERVING, "KAJOOM_SECRET_KEY_FALLBACKS": f"{SECRET[::-1]}, {SECRET}x"})
    assert config.secret_key_fallbacks == (SECRET[::-1], f"{SECRET}x")


@pytest.mark.parametrize(
    ("given", "base_url", "hosts"),
    [
        ("https://Client.Example.com/", "https://client.example.com", ("client.example.com",)),
        ("https://client.example.com:8443/a/b/", "https://client.example.com:8443/a/b", ("client.example.com",)),
        ("https://hébergement.ca", "https://xn--hbergement-b7a.ca", ("xn--hbergement-b7a.ca", "hébergement.ca")),
        ("https://xn--hbergement-b7a.ca", "https://xn--hbergement-b7a.ca", ("xn--hbergement-b7a.ca", "hébergement.ca")),
        ("http://[::1]:8000", "http://[::1]:8000", ("[::1]",)),
        ("http://client_area.lan", "http://client_area.lan", ("client_area.lan",)),
    ],
)
def test_base_url_is_normalised(tmp_path: Path, given: str, base_url: str, hosts: tuple[str, ...]) -> None:
    config = from_environment(tmp_path, {"KAJOOM_BASE_URL": given})
    assert (config.base_url, config.base_hosts) == (base_url, hosts)


def test_old_name_of_the_base_url_is_accepted_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = from_environment(tmp_path, {"KAJOOM_SELLER_URL": "https://old.example.com"})
    assert config.base_url == "https://old.example.com"
    assert "KAJOOM_SELLER_URL is the old name of KAJOOM_BASE_URL" in caplog.text
    both = {"KAJOOM_SELLER_URL": "https://old.example.com", "KAJOOM_BASE_URL": "https://new.example.com"}
    assert from_environment(tmp_path, both).base_url == "https://new.example.com"


def test_database_url_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"must begin with postgresql\+psycopg://"):
        from_environment(tmp_path, {"KAJOOM_DATABASE_URL": "postgres://kajoom:secret@host/kajoom"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://kajoom@/kajoom?host=/run/postgresql",
        "postgresql+psycopg://kajoom:a%40b@host:5432/kajoom",
        "sqlite:///kajoom.sqlite",
        f"sqlite:///{ROOT / 'kajoom.sqlite'}",
    ],
)
def test_database_url_is_accepted(tmp_path: Path, url: str) -> None:
    assert from_environment(tmp_path, {"KAJOOM_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("name", PAYPAL)
def test_missing_half_of_the_paypal_account_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {other: value for other, value in PAYPAL.items() if other != name})


@pytest.mark.parametrize(("name", "value"), [("PAYPAL_VAULT", "1"), ("PAYPAL_WEBHOOK_ID", "W")])
def test_variable_of_paypal_requires_an_account(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"KAJOOM_PAYPAL_CLIENT_ID is missing: KAJOOM_{name}"):
        from_environment(tmp_path, {f"KAJOOM_{name}": value})


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("", ("https://www.paypal.com",)),
        ("https://api-m.paypal.com/", ("https://www.paypal.com",)),
        ("https://api-m.sandbox.paypal.com", ("https://www.sandbox.paypal.com",)),
        ("http://127.0.0.1:9000", ("http://127.0.0.1:9000",)),
        ("https://notpaypal.com", ("https://notpaypal.com",)),
    ],
)
def test_payment_host_is_that_of_the_approval_page(tmp_path: Path, address: str, hosts: tuple[str, ...]) -> None:
    assert from_environment(tmp_path, {**PAYPAL, "KAJOOM_PAYPAL_BASE_URL": address}).payment_hosts == hosts


def test_no_payment_host_without_paypal(tmp_path: Path) -> None:
    assert from_environment(tmp_path, {"KAJOOM_DEMO": "1"}).payment_hosts == ()


def test_seller_is_read_from_the_environment(tmp_path: Path) -> None:
    config = from_environment(
        tmp_path,
        {
            "KAJOOM_GST_NUMBER": "123456789 RT0001",
            "KAJOOM_SELLER_NAME": "Hébergement Exemple",
            "KAJOOM_SELLER_EMAIL": "Bonjour@hébergement.ca",
            "KAJOOM_SELLER_ADDRESS": "1, rue Une | Québec",
        },
    )
    assert config.seller == {
        "gst_number": "123456789 RT0001",
        "name": "Hébergement Exemple",
        "email": "bonjour@xn--hbergement-b7a.ca",
        "address": ["1, rue Une", "Québec"],
    }


@pytest.mark.parametrize(
    ("variables", "days"),
    [
        ({}, (7, 14, 14)),
        ({"KAJOOM_DEMO": "1"}, (7, 14, 0)),
        ({"KAJOOM_DEMO": "1", "KAJOOM_RENEWAL_DAYS": "5"}, (7, 5, 5)),
        ({"KAJOOM_RENEWAL_DAYS": "0", "KAJOOM_DAYS_TO_PAY": "30"}, (30, 0, 0)),
    ],
)
def test_numbers_of_days_are_read_from_the_environment(
    tmp_path: Path, variables: dict[str, str], days: tuple[int, int, int]
) -> None:
    config = from_environment(tmp_path, variables)
    assert (config.days_to_pay, config.renewal_days, config.daily_renewal_days) == days


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment with no other variable of the application."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("KAJOOM_", "FLASK_"))}
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    environment = {**bare, **variables}
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "variables", "named"),
    [
        (("flask", "--help"), {"KAJOOM_DEMO": "maybe"}, "KAJOOM_DEMO"),
        (("flask", "quote"), {"KAJOOM_TIMEZONE": "Nowhere"}, "KAJOOM_TIMEZONE"),
        (("flask", "db", "upgrade"), {"KAJOOM_DATABASE_URL": "postgres://a/b"}, "KAJOOM_DATABASE_URL"),
        (("flask", "run"), {}, "KAJOOM_SECRET_KEY"),
        (("flask", "work", "--once"), {"KAJOOM_SECRET_KEY": SECRET}, "KAJOOM_BASE_URL"),
        (("flask", "mail", "preview", "operational"), {"KAJOOM_SECRET_KEY": SECRET}, "KAJOOM_BASE_URL"),
        (("flask", "demo", "load"), {}, "KAJOOM_DEMO"),
        (("gunicorn", "app:create_app()"), {"KAJOOM_DEMO": "2"}, "KAJOOM_DEMO"),
        (("gunicorn", "app:create_app()"), {"KAJOOM_BASE_URL": "https://example.com"}, "KAJOOM_SECRET_KEY"),
    ],
)
def test_misconfigured_program_ends_with_one_line_and_code_2(
    command: tuple[str, ...], variables: dict[str, str], named: str
) -> None:
    done = run(*command, **variables)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {named} ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_database_of_the_demonstration_is_served_by_it_alone(tmp_path: Path) -> None:
    database = {"KAJOOM_DATABASE_URL": f"sqlite:///{tmp_path / 'kajoom.sqlite'}"}
    assert run("flask", "demo", "load", KAJOOM_DEMO="1", **database).returncode == 0
    for command in (("gunicorn", "app:create_app()"), ("flask", "work", "--once"), ("flask", "run")):
        done = run(*command, **SERVING, **database)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert done.stderr.startswith("Error: KAJOOM_DEMO is missing: KAJOOM_DATABASE_URL holds the demonstration")


@pytest.mark.slow
def test_demonstration_is_not_loaded_beside_the_clients_of_a_host(tmp_path: Path) -> None:
    database = {"KAJOOM_DATABASE_URL": f"sqlite:///{tmp_path / 'kajoom.sqlite'}"}
    clients = tmp_path / "clients.csv"
    clients.write_text("external_id,email,name,province,country,locale\n1,a@example.com,Ann,QC,CA,fr\n")
    assert run("flask", "db", "upgrade", **database).returncode == 0
    assert run("flask", "import", "clients", str(clients), **database).returncode == 0
    done = run("flask", "demo", "load", KAJOOM_DEMO="1", **database)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"WEB_1_TOKEN": "one", "WEB_1_USER": "root"}, ""),
        ({"WEB_1_TOKEN": "one"}, "KAJOOM_SERVER_WEB_1_USER is missing"),
        (
            {"WEB1_TOKEN": "one", "WEB_1_TOKEN": "one", "WEB_1_USER": "root"},
            "WEB1_TOKEN is of no server of the catalogue",
        ),
        ({"WEB1_TOKEN": "one", "WEB_1_TOKEN": "one", "WEB_1_USER": "root"}, "do you mean KAJOOM_SERVER_WEB_1_TOKEN?"),
    ],
)
def test_variables_of_servers_are_compared_with_the_catalogue(
    given: dict[str, str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"web-1": Server("web-1", "whm", "https://web-1.example.com:2087")}
    monkeypatch.setattr("kajoom.config.stored_servers", lambda *_: known)
    variables = {f"KAJOOM_SERVER_{name}": text for name, text in given.items()}
    config = from_environment(tmp_path, SERVING | variables)
    gateways = build(config, current_time, lambda: Catalog(1, servers=known))
    if not problem:
        config.check_servers(gateways.server_problem)
        return
    with pytest.raises(Misconfigured, match=re.escape(problem)):
        config.check_servers(gateways.server_problem)


def test_variables_of_servers_are_not_compared_before_the_first_catalogue(tmp_path: Path) -> None:
    config = from_environment(tmp_path, SERVING | {"KAJOOM_SERVER_S1_TOKEN": "one"})
    config.check_servers(lambda server: server.name)
