"""Reads every part of a request before any view does, and answers 400 to what cannot be read.

Werkzeug, Flask-Security and urllib read headers, query and body when they first need them, and each raises in its own
way on what no browser sends. All that the application uses is therefore read once, here, where any exception means
that the request is unreadable. Nothing has been done at that point.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, abort
from flask.globals import request_ctx
from werkzeug.datastructures import Accept, ImmutableMultiDict, LanguageAccept, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header
from werkzeug.routing import BaseConverter

from kajoom.web.urls import safe_local_path

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_UNREADABLE_CHARACTERS = re.compile("[\0\ufffd\ud800-\udfff]")
"""NUL, which PostgreSQL does not store; what Werkzeug puts in the place of invalid UTF-8; lone surrogates."""

_PLAIN_QUERY = re.compile(rb"(?!next=)[a-z_]+=[\w.-]*(?:&(?!next=)[a-z_]+=[\w.-]*){0,20}|")
"""A query in which there is nothing to find: a few plain fields, without ``next``. Most are such, or empty."""

_MAX_QUERY_BYTES = 8 * 1024
_MAX_FIELDS = 200
_FORM_TYPES = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data"})
_REMEMBER_COOKIE = "remember_token"
"""Flask-Login's cookie for staying signed in, which no page sets: it would raise on one that is not ASCII."""

Preferred = TypeVar("Preferred", bound=Accept)

_SHORT = 200
"""The length of a header that is kept once parsed: a hundred of them are small."""

_parse_once: Callable[..., Any] = lru_cache(maxsize=100)(parse_accept_header)

_URL_HEADERS = ("Origin", "Referer", "HX-Current-URL")


class IdConverter(BaseConverter):
    """An id in an address: ``<int:…>``. One of ten digits or more is not found: it may be beyond the column."""

    regex = "[0-9]{1,9}"

    def to_python(self, value: str) -> int:
        """The id as a number."""
        return int(value)


def init_parsing(app: Flask) -> None:
    """Register the check and the bounds of addresses and forms; before the views, which use ``<int:…>``."""
    app.config.update(MAX_FORM_MEMORY_SIZE=app.config["MAX_CONTENT_LENGTH"], MAX_FORM_PARTS=_MAX_FIELDS)
    app.url_map.converters["int"] = IdConverter
    app.url_map.strict_slashes = False  # an address typed with a last slash is the same page
    app.url_map.merge_slashes = False  # "//services" is not found, instead of redirected
    app.before_request(_parse_request)


def _parse_request() -> None:
    current = request_ctx.request
    try:
        _read_address(current)
        _read_headers(current)
        _read_body(current)
    except HTTPException:
        _forget_unread(current)
        raise
    except Exception as error:
        log.info("a request could not be read: %s", type(error).__name__)
        _forget_unread(current)
        abort(400)


def _forget_unread(request: Request) -> None:
    """Leave nothing to the error page that would raise again: what could not be read is empty."""
    for name in ("args", "form"):
        if name not in vars(request):
            setattr(request, name, ImmutableMultiDict())


def _read_address(request: Request) -> None:
    """The path and the query; ``next`` is dropped unless it is a path of this site, whoever reads it later."""
    if len(request.query_string) > _MAX_QUERY_BYTES:
        raise ValueError("the query is too long")
    _check_texts([request.path])
    if _PLAIN_QUERY.fullmatch(request.query_string):
        return
    _check_fields(request.args)
    if "next" in request.args:
        request.args = _without_foreign_next(request.args)


def _read_headers(request: Request) -> None:
    """The cookies and the headers that are parsed when they are read."""
    if _REMEMBER_COOKIE in request.cookies:
        pairs = request.cookies.items(multi=True)
        request.cookies = ImmutableMultiDict(pair for pair in pairs if pair[0] != _REMEMBER_COOKIE)
    request.accept_languages = _accepted(request, "Accept-Language", LanguageAccept)
    request.accept_encodings = _accepted(request, "Accept-Encoding", Accept)
    _ = request.content_length
    if request.method not in SAFE_METHODS:
        for name in _URL_HEADERS:
            _ = urlsplit(request.headers.get(name, "")).port


def _accepted(request: Request, name: str, kind: type[Preferred]) -> Preferred:
    """What a header prefers; most browsers send one of a few, which is parsed once."""
    header = request.headers.get(name)
    parse = _parse_once if header is None or len(header) <= _SHORT else parse_accept_header
    return parse(header, kind)


def _read_body(request: Request) -> None:
    """The form: the only content that pages accept. A webhook is JSON, whose bytes it verifies before reading it."""
    if request.blueprint == "webhook":
        if request.method not in SAFE_METHODS and not request.is_json:
            raise ValueError("not JSON")
        return
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if not has_body and request.method in SAFE_METHODS:
        return
    if request.mimetype not in _FORM_TYPES:
        raise ValueError("not a form")
    _check_fields(request.form)
    if "next" in request.form:
        request.form = _without_foreign_next(request.form)


def _check_fields(fields: MultiDict[str, str]) -> None:
    pairs = list(fields.items(multi=True))
    if len(pairs) > _MAX_FIELDS:
        raise ValueError("too many fields")
    _check_texts(text for pair in pairs for text in pair)


def _check_texts(texts: Iterable[str]) -> None:
    if any(_UNREADABLE_CHARACTERS.search(text) for text in texts):
        raise ValueError("an unreadable character")


def _without_foreign_next(fields: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    """The fields without a ``next`` that leads elsewhere; ``ValueError`` for one that is not a URL."""
    for address in fields.getlist("next"):
        _ = urlsplit(address).port
    pairs = fields.items(multi=True)
    return ImmutableMultiDict(pair for pair in pairs if pair[0] != "next" or safe_local_path(pair[1]))
