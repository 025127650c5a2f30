"""Bytes of a host's file as lines of text: UTF-8, UTF-16 by its mark, or the encoding that the operator names."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_text_encoding(name: str) -> bool:
    """Whether a name is that of an encoding of text: "windows-1252", "utf-16"."""
    try:
        codec = codecs.lookup(name)
        codec.incrementaldecoder("strict").decode(b"", final=True)
        return isinstance(codec.decode(b"")[0], str) and "\n".encode(name).endswith((b"\n", b"\n\0", b"\n\0\0\0"))
    except (LookupError, TypeError, ValueError):
        return False


def text_lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    r"""The lines of a text, each ending with ``\n``, whatever ends them in the file: ``\r\n``, ``\r`` or ``\n``.

    A byte order mark decides before ``encoding``; a file without one that has a NUL at its beginning is read as UTF-16.
    Bytes that are no text in the encoding become lone surrogates or U+FFFD, which the reader reports by line.
    """
    binary = iter(chunks)
    head = next(binary, b"")
    name = _encoding_of(head, encoding)
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(name)("replace" if name.startswith("utf-16") else "surrogateescape"),
        translate=True,
    )
    rest = ""
    while head:
        *lines, rest = (rest + decoder.decode(head)).split("\n")
        for line in lines:
            yield f"{line}\n"
        head = next(binary, b"")
    rest += decoder.decode(b"", final=True)
    yield from (f"{line}\n" for line in rest.split("\n") if line)


def _encoding_of(head: bytes, encoding: str) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head[:4]:
        return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    return codecs.lookup(encoding).name
