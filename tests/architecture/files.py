"""The files of the project: all in its folder, without those that git ignores."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_IGNORED = [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split())]


def _is_ignored(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _IGNORED)


def project_files(top: Path = ROOT) -> list[Path]:
    """Every file under ``top`` that git does not ignore."""
    found = []
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if not _is_ignored(name)]
        found += [Path(folder, name) for name in names if not _is_ignored(name)]
    return sorted(found)


def modules(layer: str = "") -> list[Path]:
    """The Python modules of the application, or of one layer: a package or a module of ``kajoom/``."""
    top = ROOT / "kajoom" / layer
    return [path for path in project_files(top) if path.suffix == ".py"] if top.is_dir() else [top.with_suffix(".py")]


def layer_of(module: Path) -> str:
    """The layer of a module of ``kajoom/``: its folder, or its own name where it stands alone."""
    return module.relative_to(ROOT / "kajoom").parts[0].removesuffix(".py")


def templates() -> list[Path]:
    """The templates of pages and e-mails."""
    return [path for path in project_files(ROOT / "templates") if path.suffix in {".html", ".jinja", ".txt"}]


def relative(path: Path) -> str:
    """The path from the project's root, as tests name it."""
    return path.relative_to(ROOT).as_posix()
