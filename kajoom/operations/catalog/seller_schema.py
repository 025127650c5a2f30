"""The schema of ``[seller]``: who sells, and how they are recognised."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationInfo

from kajoom.domain.brand import PNG, Logo
from kajoom.operations.catalog.logo import read_logo
from kajoom.operations.catalog.schema import Table, TranslatedLong
from kajoom.operations.catalog.values import Colour, Email, GstNumber, QstNumber, Text


def _read(value: object, info: ValidationInfo) -> Logo:
    """The file that a text names, from the ``folder`` in the context of the validation."""
    if not isinstance(value, str):
        raise ValueError("the name of a file, in quotes, expected")
    folder: Path | None = (info.context or {}).get("folder")
    return read_logo(folder, value)


def _read_png(value: object, info: ValidationInfo) -> Logo:
    logo = _read(value, info)
    if logo.content_type != PNG:
        raise ValueError("a PNG expected: mail programs show no SVG")
    return logo


class SellerEntry(Table):
    """Who sells, as invoices and e-mails name them; ``logo`` and ``email_logo`` name files beside the catalogue's."""

    name: Text
    email: Email
    phone: Text
    address: Annotated[list[Text], Field(min_length=1)]
    gst_number: GstNumber = ""
    qst_number: QstNumber = ""
    terms: TranslatedLong | None = None
    colour: Colour | None = None
    logo: Annotated[Logo, PlainValidator(_read)] | None = None
    email_logo: Annotated[Logo, PlainValidator(_read_png)] | None = None

    def columns(self) -> dict[str, Any]:
        """The values to store; of the look only what the file has."""
        look: dict[str, Any] = {"colour": self.colour} if self.colour else {}
        logos = {"logo": self.logo, "email_logo": self.email_logo}
        look |= {name: _json(logo) for name, logo in logos.items() if logo is not None}
        return {**self.model_dump(exclude={"colour", *logos}), **look}


def _json(logo: Logo) -> dict[str, Any]:
    return {
        "content_type": logo.content_type,
        "content": b64encode(logo.content).decode(),
        "width": logo.width,
        "height": logo.height,
    }
