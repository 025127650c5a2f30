"""Each layer imports exactly what this table names; which layer may import which is checked by `lint-imports`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache

import grimp
import pytest

from tests.architecture.files import modules

PACKAGE = "kajoom"
IMPORTS: dict[str, set[str]] = {
    "domain": set(),
    "models": {"domain", "flask", "flask_security", "flask_sqlalchemy", "sqlalchemy"},
    "gateways": {"domain", "cryptography", "httpx2"},
    "operations": {
        "domain", "gateways.panel_port", "gateways.ports", "models", "cryptography", "itsdangerous", "passlib",
        "pydantic", "sqlalchemy",
    },
    "i18n": {"domain", "babel", "flask", "flask_babel", "jinja2", "markupsafe"},
    "clock": {"flask"},
    "logs": set(),
    "log_lines": {"flask", "structlog"},
    "server": {"gunicorn"},
    "config": {"config_values", "domain", "models", "click"},
    "config_values": {"gateways.mail", "models", "operations", "idna"},
    "worker": {
        "clock", "domain", "gateways", "gateways.demo.store", "gateways.panel_port", "gateways.ports", "i18n", "models",
        "operations", "flask",
    },
    "web": {
        "clock", "domain", "i18n", "log_lines", "models", "operations",
        "flask", "flask_babel", "flask_login", "flask_security", "flask_wtf", "itsdangerous", "markupsafe", "passlib",
        "qrcode", "werkzeug", "wtforms",
    },
    "cli": {
        "clock", "config", "domain", "i18n", "models", "operations", "worker",
        "babel", "click", "flask", "flask_migrate", "flask_security", "pydantic",
    },
}  # fmt: skip
"""For each layer the other layers and the third-party packages that it imports, no more and no fewer."""

PARTS: dict[tuple[str, str], set[str]] = {
    ("models", "flask"): {"flask.current_app"},
    ("models", "flask_security"): {"flask_security.UserMixin"},
    ("operations", "sqlalchemy"): {"sqlalchemy.exc.IntegrityError", "sqlalchemy.exc.OperationalError"},
    ("cli", "flask_security"): {"flask_security.hash_password"},
}  # fmt: skip
"""Where a layer needs a small part of a package, the names that it imports."""


@cache
def import_graph() -> grimp.ImportGraph:
    """The imports of the application as import-linter reads them."""
    return grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)


def imports_of(layer: str) -> set[str]:
    """The layers and third-party packages that a layer imports; for ``gateways`` the module."""
    graph, name = import_graph(), f"{PACKAGE}.{layer}"
    inside = {name, *graph.find_descendants(name)}
    imported = {target for module in inside for target in graph.find_modules_directly_imported_by(module)} - inside
    return {_shortened(target) for target in imported if target.split(".")[0] not in sys.stdlib_module_names}


def _shortened(module: str) -> str:
    top, *rest = module.split(".")
    if top != PACKAGE:
        return top
    return ".".join(rest) if rest[0] == "gateways" else rest[0]


def names_imported(layer: str, package: str) -> Iterator[str]:
    """The full names that the modules of a layer import from a package."""
    for path in modules(layer):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name.split(".")[0] == package)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_layer_is_in_the_table() -> None:
    assert import_graph().find_children(PACKAGE) == {f"{PACKAGE}.{layer}" for layer in IMPORTS}


@pytest.mark.parametrize("layer", IMPORTS)
def test_layer_imports_what_the_table_names(layer: str) -> None:
    assert imports_of(layer) == IMPORTS[layer]


@pytest.mark.parametrize(("layer", "package"), PARTS)
def test_layer_imports_only_these_names_of_a_package(layer: str, package: str) -> None:
    assert set(names_imported(layer, package)) == PARTS[layer, package]
