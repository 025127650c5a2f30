"""The mutants that no test can tell from the code as it is, each with the reason; they are listed in a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.mutants.mutant import Mutant

FILE = Path(__file__).with_name("equivalent.toml")


class Explained:
    """The reasons by mutant; ``unused`` are those that no survivor was explained with."""

    def __init__(self, path: Path = FILE) -> None:
        entries = tomllib.loads(path.read_text())["mutant"]
        self.reasons: dict[tuple[str, str], str] = {(each["in"], each["change"]): each["reason"] for each in entries}
        self.unused = set(self.reasons)

    def reason(self, mutant: Mutant) -> str | None:
        """Why a mutant survives, or ``None``."""
        key = mutant.function, mutant.change
        self.unused.discard(key)
        return self.reasons.get(key)
