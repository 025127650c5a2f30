"""Results of loading a host's file: what it changed, or every error in it with its place."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileError:
    """Something wrong in a file: the line (1 is the first, ``None`` unknown), the place on it, and the reason.

    With ``is_header`` the file as a whole cannot be read.
    """

    line: int | None
    place: str
    reason: str
    is_header: bool = False

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line else ""
        return f"{line}{self.place}: {self.reason}" if self.place else f"{line}{self.reason}"


@dataclass(frozen=True, slots=True)
class FileNote(FileError):
    """Something of a file that an operator should know and that refuses nothing."""


@dataclass(slots=True)
class ImportReport:
    """How many rows a file added, changed and left unchanged; rows with errors were not written.

    ``is_written`` is whether any rows were: a row may become wrong after its file was found right.
    ``kept`` are the values of the file that were not taken over, each with what is here instead, and ``notes`` what an
    operator should know besides.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    is_written: bool = False
    errors: list[FileError] = field(default_factory=list)
    kept: list[FileError] = field(default_factory=list)
    notes: list[FileNote] = field(default_factory=list)


@dataclass(slots=True)
class LoadReport:
    """Which parts of the catalogue a load added, changed or withdrew; with an error, nothing was written.

    ``version`` is the catalogue's number after the load; it rises only when something changed.
    """

    version: int = 0
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    unchanged: int = 0
    errors: list[FileError] = field(default_factory=list)

    def note(self, place: str, *, is_changed: bool) -> None:
        """Count a part that was there before."""
        if is_changed:
            self.changed.append(place)
        else:
            self.unchanged += 1

    @property
    def has_changes(self) -> bool:
        """Whether the file differs from the catalogue."""
        return bool(self.added or self.changed or self.withdrawn)
