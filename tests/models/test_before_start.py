"""What is read of a database before the application is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from kajoom.domain.server import Server
from kajoom.models.before_start import holds_demonstration, stored_servers
from kajoom.models.catalog import catalog_version
from kajoom.models.db import db
from tests import factories


def test_database_of_the_demonstration_is_recognised(app: Flask) -> None:
    url, folder = db.engine.url.render_as_string(hide_password=False), Path(app.instance_path)
    factories.client(email="fr@example.com")
    factories.client(external_id="demo-en")
    assert not holds_demonstration(url, folder)
    factories.client(email="en@example.com", external_id="demo-fr")
    assert holds_demonstration(url, folder)


def test_relative_sqlite_file_is_in_the_folder_of_the_application(app: Flask, tmp_path: Path) -> None:
    assert not holds_demonstration("sqlite:///kajoom.sqlite", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody@127.0.0.1:1/none", "sqlite:////no/such/file"])
def test_database_that_cannot_be_read_is_not_that_of_the_demonstration(url: str, tmp_path: Path) -> None:
    assert not holds_demonstration(url, tmp_path)


def test_servers_of_the_catalogue_are_read(app: Flask, tmp_path: Path) -> None:
    url, folder = db.engine.url.render_as_string(hide_password=False), Path(app.instance_path)
    current = catalog_version()
    assert current is not None
    current.servers = {"s1": {"panel": "whm", "url": "https://s1.example.com:2087"}}
    db.session.commit()
    assert stored_servers(url, folder) == {"s1": Server("s1", "whm", "https://s1.example.com:2087")}
    db.session.delete(current)
    db.session.commit()
    assert stored_servers(url, folder) is None
    assert stored_servers("sqlite:///kajoom.sqlite", tmp_path) is None
