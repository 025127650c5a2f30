"""2,000 requests that no browser sends; ``make fuzz`` sends more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.fuzz import fuzz, fuzz_socket
from tests.chaos.fuzz_cases import Case
from tests.chaos.fuzz_rules import difference, faults
from tests.chaos.fuzz_site import open_site
from tests.chaos.fuzz_transport import Answer
from tests.database import DatabaseFactory, SqliteDatabase


def test_no_request_breaks_a_rule(create_database: DatabaseFactory, tmp_path: Path) -> None:
    database = create_database("fuzz")
    count = 1400 if isinstance(database, SqliteDatabase) else 200
    with open_site(database, tmp_path) as site:
        result = fuzz(site, count, seed=1)
    assert result.violations == []
    assert result.cases >= count
    assert result.twins > count / 20


def test_no_request_through_a_socket_breaks_a_rule(tmp_path: Path) -> None:
    with open_site(SqliteDatabase(tmp_path / "kajoom.sqlite"), tmp_path) as site:
        result = fuzz_socket(site, 400, seed=1)
    assert result.violations == []
    assert result.cases >= 400
    assert sum(result.refused.values()) < result.cases / 3


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(500), "status 500"),
        (Answer(200, [("X-Frame-Options", "SAMEORIGIN")]), "X-Frame-Options"),
        (Answer(303, [("Location", "//evil.example")]), "leads to '//evil.example'"),
        (Answer(303, [("Location", "https://evil.example")]), "leads to"),
        (Answer(405), "405 without Allow"),
        (Answer(404, [("Content-Type", "text/html")], b"<title>404 Not Found</title>"), "not our page"),
        (Answer(200, [("Content-Type", "text/html")], b"<html lang='x'><fuzz>"), "without escaping"),
    ],
    ids=str,
)
def test_fault_of_an_answer_is_found(answer: Answer, fault: str) -> None:
    assert any(fault in found for found in faults(Case("GET", "/services"), answer))


@pytest.mark.parametrize(
    ("answer", "twin", "found"),
    [
        (Answer(404), Answer(404), ""),
        (Answer(404), Answer(403), "404 and 403"),
        (Answer(404, (), b"/services/1"), Answer(404, (), b"/services/9"), ""),
        (Answer(404, (), b"/services/1"), Answer(404, (), b"none"), "bodies"),
        (Answer(404, [("A", "1")]), Answer(404, [("B", "1")]), "headers"),
    ],
    ids=str,
)
def test_difference_from_a_twin_is_found(answer: Answer, twin: Answer, found: str) -> None:
    case = Case("GET", "/services/1", differs_in=("/services/1", "/services/9"))
    assert difference(case, answer, twin).startswith(found)
    assert bool(difference(case, answer, twin)) is bool(found)


def test_prefix_of_the_site_cannot_be_set_by_a_header(tmp_path: Path) -> None:
    with open_site(SqliteDatabase(tmp_path / "kajoom.sqlite"), tmp_path) as site, site.server() as (transport, host):
        for name in ("SCRIPT_NAME", "PATH_INFO"):
            answer = transport.send(Case("GET", "/login", (("Host", host), (name, "/login"))))
            assert answer.status == 200
            assert b'action="/login"' in answer.body
