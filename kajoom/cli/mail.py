"""``flask mail preview``: write a sample of each e-mail, for the host to read before clients do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom.models.catalog import catalog
from kajoom.models.revision import revision
from kajoom.worker.email_kinds import EMAILS
from kajoom.worker.email_samples import AT, SELLER, sample
from kajoom.worker.emails import write


@click.group()
def mail() -> None:
    """The e-mails that clients receive."""


@mail.command()
@click.argument("kind", type=click.Choice(EMAILS))
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="The client's language.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="A folder to write the .eml to.")
@with_appcontext
def preview(kind: str, lang: str, out: Path | None) -> None:
    """Write the e-mail KIND about a sample change, as the .eml a client would receive from the catalogue's seller."""
    current_app.extensions["config"].check_complete()
    content = write(kind, sample(kind, lang), f"preview-{kind}-{lang}", AT, _seller()).as_bytes()
    if out is None:
        click.echo(content, nl=False)
        return
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{kind}-{lang}.eml"
    target.write_bytes(content)
    click.echo(target)


def _seller() -> Mapping[str, Any]:
    """The seller of the catalogue, or a sample where none is loaded or the tables are not there yet."""
    has_tables = revision() == current_app.config.get("REVISION")
    return (catalog().seller if has_tables else {}) or SELLER
