"""Which files may be a host's logo: a PNG or an SVG that is a picture and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kajoom.models.brand import seller_and_brand
from kajoom.models.catalog import catalog_version
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.catalog.logo import read_logo
from kajoom.operations.catalog.read import read_catalog
from tests.factories import AT
from tests.operations.catalog.catalog_text import DEMO
from tests.pictures import SVG, png

pytestmark = pytest.mark.slow

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"'


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return name


def test_size_of_a_png_is_read_from_it(tmp_path: Path) -> None:
    logo = read_logo(tmp_path, write(tmp_path, "logo.png", png(300, 60)))
    assert (logo.content_type, logo.width, logo.height) == ("image/png", 300, 60)


@pytest.mark.parametrize(
    "start", [b"", b"\xef\xbb\xbf", b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">']
)
def test_ratio_of_an_svg_is_that_of_its_view(tmp_path: Path, start: bytes) -> None:
    content = SVG if not start else start + SVG.partition(b"?>")[2].lstrip()
    logo = read_logo(tmp_path, write(tmp_path, "logo.svg", content))
    assert (logo.content_type, logo.width, logo.height) == ("image/svg+xml", 1000, 200)


@pytest.mark.parametrize(
    ("svg", "reason"),
    [
        (f"{ROOT}><script>1</script></svg>", "<script>"),
        (f"{ROOT} onload='1'/>", "with onload"),
        (f"{ROOT}><foreignObject/></svg>", "<foreignObject>"),
        (f"{ROOT}><a href='#'/></svg>", "<a>"),
        (f"{ROOT}><set attributeName='href'/></svg>", "<set>"),
        (f"{ROOT}><p xmlns='http://www.w3.org/1999/xhtml'/></svg>", "<p>"),
        (f"{ROOT}><image href='https://example.com/a.png'/></svg>", "fetches https://example.com/a.png"),
        (f"{ROOT}><use href='data:image/svg+xml;base64,AA'/></svg>", "fetches data:image/svg+xml"),
        (f"{ROOT}><style>@import 'a.css';</style></svg>", "url() or @import"),
        (f"{ROOT}><g style='fill: url(https://example.com/a)'/></svg>", "url() or @import"),
        (f"{ROOT}><g style='fill: \\75rl(a)'/></svg>", "url() or @import"),
        (f"<?xml-stylesheet href='a.css'?>{ROOT}/>", "stylesheet elsewhere"),
        (f"<!DOCTYPE svg [<!ENTITY a 'b'>]>{ROOT}/>", "declares entities"),
        (f"{ROOT}><g></svg>", "not an SVG: mismatched tag"),
        ("<html/>", "its root is not <svg"),
        ("<svg viewBox='0 0 10 10'/>", "its root is not <svg"),
        ("<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>", "without a viewBox"),
        ("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 0 10'/>", "without a viewBox"),
    ],
)
def test_svg_that_is_more_than_a_picture_or_none_is_refused(tmp_path: Path, svg: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_logo(tmp_path, write(tmp_path, "logo.svg", svg.encode()))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("logo.png", png(300, 60)[:-20], "damaged"),
        ("logo.png", png(5000, 1), "5000 × 1"),
        ("logo.png", b"GIF89a", "neither a PNG nor an SVG"),
        ("logo.png", b"", "neither a PNG nor an SVG"),
        ("logo.png", png(1, 1) + b"0" * 103_000, "larger than 100 KiB"),
        ("../logo.png", png(1, 1), "not beside the catalogue"),
        ("other.png", None, "No such file"),
    ],
)
def test_file_that_is_no_logo_is_refused(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_logo(folder, name)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('colour = "red"', "seller.colour: a colour like #2f6196 expected: # and six digits of 0-9 and a-f"),
        ('colour = "#fff"', "seller.colour: a colour like #2f6196 expected: # and six digits of 0-9 and a-f"),
        ("logo = 3", "seller.logo: the name of a file, in quotes, expected"),
        ('logo = "none.svg"', "seller.logo: none.svg can’t be read: No such file or directory"),
        ('email_logo = "logo.svg"', "seller.email_logo: a PNG expected: mail programs show no SVG"),
    ],
)
def test_error_in_the_look_names_its_key(tmp_path: Path, line: str, error: str) -> None:
    write(tmp_path, "logo.svg", SVG)
    errors = read_catalog(DEMO.replace("[seller]\n", f"[seller]\n{line}\n").encode(), folder=tmp_path)
    assert isinstance(errors, list)
    assert [f"{each.place}: {each.reason}" for each in errors] == [error]
    assert errors[0].line is not None


@pytest.mark.usefixtures("app")
def test_look_is_stored_once_and_is_no_part_of_the_seller_on_invoices(tmp_path: Path) -> None:
    write(tmp_path, "logo.svg", SVG)
    write(tmp_path, "small.png", png(48, 48))
    look = '[seller]\ncolour = "#E30613"\nlogo = "logo.svg"\nemail_logo = "small.png"\n'
    text = DEMO.replace("[seller]\n", look).encode()
    assert load_catalog(text, AT, folder=tmp_path).errors == []
    assert not load_catalog(text, AT, folder=tmp_path).has_changes

    stored = catalog_version()
    assert stored is not None
    seller, brand = seller_and_brand(stored.seller, {})
    assert not seller.keys() & {"colour", "logo", "email_logo"}
    assert (brand.colour, brand.logo and brand.logo.content) == ("#e30613", SVG)
    assert brand.logo_of_emails == brand.email_logo

    write(tmp_path, "logo.svg", SVG.replace(b"60", b"75"))
    assert load_catalog(text, AT, folder=tmp_path).changed == ["seller"]
