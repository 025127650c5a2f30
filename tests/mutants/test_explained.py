"""The list of equivalent mutants names mutants that are made, and gives a reason for each."""

from __future__ import annotations

import pytest

from tests.mutants.explained import Explained
from tests.mutants.mutant import Mutant, mutants
from tests.mutants.runner import SOURCES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def domain() -> list[Mutant]:
    """Every mutant of the domain."""
    paths = sorted(SOURCES.glob("*.py"))
    return [mutant for path in paths for mutant, _ in mutants(path.stem, path.read_text())]


def test_every_mutant_that_is_explained_is_still_made(domain: list[Mutant]) -> None:
    explained = Explained()
    for mutant in domain:
        explained.reason(mutant)
    assert explained.unused == set()


def test_every_explained_mutant_has_a_reason() -> None:
    assert all(Explained().reasons.values())


def test_no_mutant_is_the_code_as_it_is(domain: list[Mutant]) -> None:
    changes = [mutant.change.partition(" -> ") for mutant in domain]
    assert [before for before, _, after in changes if before == after] == []
