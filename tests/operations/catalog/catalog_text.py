"""The text of the demonstration's catalogue file, and what loading or reading a text gives."""

from datetime import UTC, datetime
from pathlib import Path

from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.catalog.read import read_catalog
from kajoom.operations.files.report import LoadReport

DEMO = (Path(__file__).parents[3] / "demo" / "catalog.toml").read_text(encoding="utf-8")
DEMO_WITHOUT_PAYMENTS = DEMO[: DEMO.index("[payments")] + DEMO[DEMO.index("# Web hosting") :]


def load(text: str, *, dry_run: bool = False) -> LoadReport:
    return load_catalog(text.encode(), datetime(2026, 6, 16, 15, 0, tzinfo=UTC), dry_run=dry_run)


def errors_of(text: str) -> list[str]:
    """The errors of a text that must have some, each as it is printed without its line."""
    errors = read_catalog(text.encode())
    assert isinstance(errors, list), "the file was accepted"
    return [f"{error.place}: {error.reason}" for error in errors]
