"""The host's logo, read from a file beside the catalogue: a PNG or an SVG that holds a picture and nothing else."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from kajoom.domain.brand import PNG, SVG, Logo

LARGEST_FILE = 100 * 1024
"""In bytes: it is a part of each e-mail."""

_LARGEST_SIDE = 4000
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_ACTIVE = frozenset(
    {"script", "handler", "foreignObject", "iframe", "embed", "object", "audio", "video", "a", "animate"}
    | {"animateColor", "animateMotion", "animateTransform", "set", "discard"}
)
"""Elements that do something, move, or bring other content in."""

_FOREIGN_ADDRESS = re.compile(
    r"@import|url\(\s*['\"]?(?!#|data:image/(png|jpeg);)|javascript:|\\[0-9a-f]", re.IGNORECASE
)
"""Also a CSS escape, which could hide one."""

_OWN_ADDRESS = re.compile(r"#|data:image/(png|jpeg);base64,", re.IGNORECASE)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_VIEW_BOX = re.compile(rf"\s*{_NUMBER}[\s,]+{_NUMBER}[\s,]+({_NUMBER})[\s,]+({_NUMBER})\s*")


def read_logo(folder: Path | None, name: str) -> Logo:
    """Read the file ``name`` of a folder; raise ``ValueError``, with the reason, for what is no safe picture."""
    content = _content(folder, name)
    if content.startswith(_PNG_SIGNATURE):
        width, height = _size_of_png(content)
        return _checked(Logo(PNG, content, width, height))
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        width, height = _size_of_svg(content)
        return _checked(Logo(SVG, content, width, height))
    raise ValueError(f"{name} is neither a PNG nor an SVG")


def _content(folder: Path | None, name: str) -> bytes:
    if folder is None:
        raise ValueError("a logo is a file beside the catalogue’s: there is no folder here")
    root = folder.resolve()
    path = (root / name).resolve()
    if Path(name).is_absolute() or not path.is_relative_to(root):
        raise ValueError(f"{name} is not beside the catalogue: name a file of its folder")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"{name} can’t be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise ValueError(f"{name} is larger than {LARGEST_FILE // 1024} KiB, and is sent with each e-mail")
    return content


def _checked(logo: Logo) -> Logo:
    if not (0 < logo.width <= _LARGEST_SIDE and 0 < logo.height <= _LARGEST_SIDE):
        raise ValueError(f"{logo.width} × {logo.height}: each side is 1 to {_LARGEST_SIDE} pixels")
    return logo


def _size_of_png(content: bytes) -> tuple[int, int]:
    """The width and the height of a PNG whose parts are all there and intact."""
    kinds = [kind for kind, _ in _chunks(content)]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise ValueError("a PNG that is damaged or not whole")
    _, header = next(_chunks(content))
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG, up to the first one that is damaged."""
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(content):
        end = position + 8 + int.from_bytes(content[position : position + 4], "big")
        kind, data = content[position + 4 : position + 8], content[position + 8 : end]
        if zlib.crc32(kind + data).to_bytes(4, "big") != content[end : end + 4]:
            return
        yield kind, data
        position = end + 4


class _SvgReader:
    """Reads an SVG from its first to its last element, and remembers the size of its view."""

    def __init__(self) -> None:
        self.size: tuple[int, int] | None = None
        self._depth = 0
        self._in_style = False

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_own_entities
        parser.ProcessingInstructionHandler = _refuse_instruction
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise ValueError(f"not an SVG: {error}") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        if not self._depth:
            if namespace != _SVG_NAMESPACE or element != "svg":
                raise ValueError(f'not an SVG: its root is not <svg xmlns="{_SVG_NAMESPACE}">')
            self.size = _view(attributes)
        if element in _ACTIVE or "xhtml" in namespace:
            raise ValueError(f"an SVG with <{element}>: a logo is a picture that does nothing")
        self._in_style = element == "style"
        self._depth += 1
        for key, value in attributes.items():
            owner, _, attribute = key.rpartition(" ")
            if not owner or owner == _XLINK:  # those of drawing programs are notes of their own
                _check_attribute(attribute, value)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._in_style = False

    def _text(self, text: str) -> None:
        if self._in_style:
            _check_address(text)


def _size_of_svg(content: bytes) -> tuple[int, int]:
    reader = _SvgReader()
    reader.read(content)
    if reader.size is None:
        raise ValueError("an SVG without a viewBox of four numbers: its size is not known")
    return reader.size


def _view(attributes: dict[str, str]) -> tuple[int, int] | None:
    """The width and the height of the view, in pixels; a small one is enlarged, as only their ratio matters."""
    found = _VIEW_BOX.fullmatch(attributes.get("viewBox", ""))
    if found is None:
        return None
    width, height = float(found[1]), float(found[2])
    if not (0 < width < 1e9 and 0 < height < 1e9):
        return None
    scale = 1000 / max(width, height)
    return round(width * scale), round(height * scale)


def _check_attribute(name: str, value: str) -> None:
    if name.lower().startswith("on"):
        raise ValueError(f"an SVG with {name}: a logo is a picture that does nothing")
    if name in {"href", "src"} and not _OWN_ADDRESS.match(value.strip()):
        raise ValueError(f"an SVG that fetches {value[:60]}: a logo holds all that it shows")
    _check_address(value)


def _check_address(text: str) -> None:
    if _FOREIGN_ADDRESS.search(text):
        raise ValueError("an SVG that fetches something by url() or @import: a logo holds all that it shows")


def _refuse_own_entities(_name: str, _system: str | None, _public: str | None, has_own: int) -> None:
    if has_own:
        raise ValueError("an SVG that declares entities")


def _refuse_instruction(target: str, _data: str) -> None:
    if target.lower() == "xml-stylesheet":
        raise ValueError("an SVG with a stylesheet elsewhere: a logo holds all that it shows")
