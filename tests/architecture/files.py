"""The files of the house: whatever is in its folder, less what git is told to ignore."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_IGNORED = [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split())]


def _is_kept(name: str) -> bool:
    return not any(fnmatch(name, pattern) for pattern in _IGNORED)


def kept(top: Path = ROOT) -> list[Path]:
    """Every file under ``top`` that git is not told to ignore."""
    found = []
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if _is_kept(name)]
        found += [Path(folder, name) for name in names if _is_kept(name)]
    return sorted(found)


def modules() -> list[Path]:
    """The modules of the application."""
    return [path for path in kept(ROOT / "kajoom") if path.suffix == ".py"]


def templates() -> list[Path]:
    """The templates, pages and letters alike."""
    return [path for path in kept(ROOT / "templates") if path.suffix in {".html", ".txt"}]


def named(path: Path) -> str:
    """The path as a test names it."""
    return path.relative_to(ROOT).as_posix()
