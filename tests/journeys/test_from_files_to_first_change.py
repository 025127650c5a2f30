"""A host's files go in and its first client changes plan, by the commands of docs/import.md and docs/cut-over.md.

The commands are read from the documents and run as they stand there. ``SYSTEM`` replaces those that a test cannot run,
which are in ``console`` blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.architecture.files import ROOT
from tests.journeys.arithmetic import months_later, price_for_days, taxes_on
from tests.journeys.documented_commands import blocks, commands
from tests.journeys.former_host import DATA
from tests.journeys.installed_host import InstalledHost, replace_in, write_exports
from tests.web.pages import hidden_fields, value_of

pytestmark = pytest.mark.slow

SINCE = date(2026, 12, 11)
"""The day of the exports that is today: of their due dates some have passed and some are near."""

SYSTEM = {
    "sudo systemctl stop kajoom-worker": InstalledHost.stop_worker,
    "sudo systemctl start kajoom-worker": InstalledHost.start_worker,
}
CLIENT = "rosalie@fromagerie.example"
PASSWORD = "une phrase bien à moi"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[InstalledHost]:
    installed = InstalledHost(tmp_path)
    yield installed
    installed.stop_worker()


def test_commands_of_the_import_page_load_files_in_our_columns(host: InstalledHost) -> None:
    files = {f"my-{name}": str(ROOT / "demo" / name) for name in ("catalog.toml", "clients.csv", "services.csv")}
    first = commands("import.md")[:4]
    assert [each[:2] for each in first] == [
        ["flask", "db"], ["flask", "catalog"], ["flask", "import"], ["flask", "import"],
    ]  # fmt: skip
    for arguments in first:
        host.run([files.get(each, each) for each in arguments])


def test_host_goes_live_and_a_client_changes_plan(host: InstalledHost, tmp_path: Path) -> None:
    folder, today = tmp_path / "export", host.today
    write_exports(folder, SINCE, today)
    host.run(commands("import.md")[0])
    _write_catalog(folder, today)

    trial, load, invite_some = _commands_of("The weeks before", folder)
    _correct_until_all_is_accepted(host, trial, folder)
    assert "services-1-hosting.csv: added 11, changed 0" in host.run(load)
    host.start_worker()
    host.run(invite_some)
    host.email(CLIENT, lambda text: "/invite/" in text)

    _spend_the_day(host, folder, today)
    with host.served() as browser:
        _carry_out(host, browser, _change_plan(host, browser, today))


def _write_catalog(folder: Path, today: date) -> None:
    """The catalogue of the host with what the document adds to it; renewals begin in some weeks."""
    document = next(body for language, body in blocks("cut-over.md", "The weeks before") if language == "toml")
    (folder / "catalog.toml").write_text((DATA / "catalog.toml").read_text("utf-8") + document, "utf-8")
    replace_in(folder / "catalog.toml", r"renewals_from = [\d-]+", f"renewals_from = {today + timedelta(days=17)}")
    (folder / "credit.csv").write_text("client,amount,reason\n1,2.00,Panne\n", "utf-8")


def _commands_of(section: str, folder: Path) -> list[list[str]]:
    """The commands of a section of the page about the move, for the host's folder and its first client."""
    names = {"FOLDER": str(folder), "FOLDER/catalog.toml": str(folder / "catalog.toml"), "EMAIL": CLIENT}
    return [[names.get(each, each) for each in arguments] for arguments in commands("cut-over.md", section)]


def _correct_until_all_is_accepted(host: InstalledHost, trial: list[str], folder: Path) -> None:
    """Each trial names what is wrong; the host corrects it in its files and tries again."""
    assert "clients.csv: line 9: state: empty: in Canada" in host.run(trial, exit_code=1)
    replace_in(folder / "clients.csv", "Laval,,H7A", "Laval,Quebec,H7A")
    assert "line 12: packageid: no plan is mapped to 99, Ancien forfait" in host.run(trial, exit_code=1)
    replace_in(folder / "map.toml", r"\[products\]", '[products]\n99 = "hebergement/perdrix"')
    # An export that has not the hash of everyone's password: they are invited.
    replace_in(folder / "clients.csv", r"(rosalie@.*?,CA,)[^,]+", r"\1")
    assert "\nNothing was written.\n" in host.run(trial)


def _spend_the_day(host: InstalledHost, folder: Path, today: date) -> None:
    """The hours of the day of the move; before the list of invoices, renewals are set to begin today."""
    printed: list[tuple[list[str], str]] = []
    for arguments in _commands_of("The day", folder):
        line = " ".join(arguments)
        if line in SYSTEM:
            SYSTEM[line](host)
            continue
        if arguments[:2] == ["flask", "catalog"]:
            replace_in(folder / "catalog.toml", r"renewals_from = [\d-]+", f"renewals_from = {today}")
        printed.append((arguments, host.run(arguments)))
    lists = [output for arguments, output in printed if arguments[:2] == ["flask", "bill"]]
    assert _amounts(lists[0]) == _renewals_by_hand(today)
    assert "invited: 1\n" in printed[-1][1]  # the client without a known hash: the other one has a link already
    host.email("wei.zhang@example.com", lambda text: "67,26" in text)
    assert f"invoices on {today}: 0" in host.run(["flask", "bill", "--dry-run"])


def _amounts(output: str) -> dict[str, tuple[str, str]]:
    """The first day of the period and the total of each invoice that a dry run lists, by service."""
    found = re.findall(r"^(\S+)  \S+  \S+  (\S+) to \S+  (\S+) CAD$", output, re.MULTILINE)
    return {service: (start, total) for service, start, total in found}


def _renewals_by_hand(today: date) -> dict[str, tuple[str, str]]:
    """What is due within two weeks: 38.00 and 9.50 and 5.00 in Québec, 59.00 in Nova Scotia at 14 %."""
    shift = today - SINCE
    due = {name: (day + shift).isoformat() for name, day in {
        "hosting-3": date(2026, 12, 15), "hosting-4": date(2026, 12, 8), "hosting-10": date(2026, 12, 1),
        "hosting-11": date(2026, 12, 1),
    }.items()}  # fmt: skip
    return {
        "hosting-3": (due["hosting-3"], "43.69"),  # 38.00 + 1.90 + 3.79
        "hosting-4": (due["hosting-4"], "67.26"),  # 59.00 + 8.26
        "hosting-10": (due["hosting-10"], "10.93"),  # 9.50 + 0.48 + 0.95
        "hosting-11": (due["hosting-11"], "5.75"),  # 5.00 + 0.25 + 0.50
    }


class Change(NamedTuple):
    """A change that was confirmed: its reference, its invoice, and what is to be paid."""

    reference: str
    number: str
    due: str


def _change_plan(host: InstalledHost, browser: httpx2.Client, today: date) -> Change:
    """The client follows the invitation and moves from Perdrix to Outarde, to be paid by Interac."""
    link = re.findall(r"http\S+(/invite/\S+)", host.email(CLIENT, lambda text: "/invite/" in text))[0]
    form = {"csrf_token": _token(browser, link), "password": PASSWORD, "password_confirm": PASSWORD}
    services = browser.post(link, data=form)
    assert services.status_code == 200
    page = re.findall(r'href="(/services/\d+)"', services.text)[0]
    assert "Perdrix" in browser.get(page).text
    choice = {"plan": "outarde", "cycle": "monthly", "when": "now", "method": "interac"}
    review = browser.get(f"{page}/plan/review", params=choice)
    _check_figures(review.text, today)

    fields = {**hidden_fields(review.text, "review"), "csrf_token": _token(browser, f"{page}/plan")}
    order = browser.post(f"{page}/plan", data=fields)
    assert 'data-status="awaiting_payment"' in order.text
    reference = re.findall(r"CH-\d{4}-\d{6}", order.text)[0]
    number = re.findall(r"/invoices/(F\d+)", order.text)[0]
    assert number == "F20435"  # after the four renewals
    return Change(reference, number, value_of(review.text, "due-today"))


def _check_figures(review: str, today: date) -> None:
    """9.50 to 19.00 a month, twenty days before the due date; 2.00 of account credit are used."""
    due = date(2026, 12, 31) + (today - SINCE)
    anchor = 31 if months_later(due, 0, 31) == due else due.day  # it was registered on the 31st
    start = months_later(due, -1, anchor)
    charge = price_for_days(1900 - 950, (due - today).days, (due - start).days)
    taxes = [amount for _, amount in taxes_on(charge, "QC", today)]
    total = charge + sum(taxes)
    expected = {"subtotal": charge, "gst": taxes[0], "qst": taxes[1], "total": total, "due-today": total - 200}
    assert {name: value_of(review, name) for name in expected} == {
        name: f"{cents / 100:.2f}" for name, cents in expected.items()
    }


def _carry_out(host: InstalledHost, browser: httpx2.Client, change: Change) -> None:
    """Staff record the transfer, make the change, and the client is written to that it is operational."""
    asked = host.email(CLIENT, lambda text: change.number in text)
    assert change.due.replace(".", ",") in asked
    received = ["flask", "staff", "received", change.number, "--amount", change.due, "--on", host.today.isoformat()]
    assert "paid on invoice" in host.run([*received, "--reference", "C1x2", "--method", "interac"])
    host.email("facturation@riviere.example", lambda text: change.reference in text and "Outarde" in text)
    assert change.reference in host.run(["flask", "staff", "queue"])
    host.run(["flask", "staff", "done", change.reference])
    host.email(CLIENT, lambda text: change.reference in text and "Outarde" in text and "opérationnel" in text)
    assert 'data-status="completed"' in browser.get(f"/orders/{change.reference}").text
    host.run(["flask", "audit", "verify"])


def _token(browser: httpx2.Client, path: str) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]*)"', browser.get(path).text)[0])
