"""Requests for the fuzz: one that a browser could send, with a few of its parts replaced by what none sends."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import quote, urlencode

from flask import Flask

from tests.chaos import fuzz_values as values

FORM = "application/x-www-form-urlencoded"
_UNKNOWN_EMAIL, _WRONG_PASSWORD = "nobody@example.com", "not the password"

_OTHER_FIELDS = (
    *("saved", "saves", "verify", "next", "then", "acknowledged", "reason"),
    *("asked", "tab", "seen", "cancelled"),
)

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A request. ``target`` and the headers are what is sent, in Latin-1.

    ``twin`` is the same request for something that does not exist, where this one is for something of another client:
    nobody may tell the two answers apart. ``mine`` and ``other`` are the two texts that differ.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    twin: Case | None = None
    differs_in: tuple[str, str] = ("", "")

    def header(self, name: str) -> str:
        """The value of a header, empty when it is not sent."""
        return next((value for sent, value in self.headers if sent.lower() == name.lower()), "")


class Names(NamedTuple):
    """What may stand in an address below the same first part: of the client, of another client, and of nobody."""

    mine: Sequence[str]
    foreign: Sequence[str]
    missing: Sequence[str]


class Visitor(NamedTuple):
    """Who sends a request: their cookie and the CSRF token of their pages."""

    cookie: str
    token: str


def routes_of(app: Flask) -> list[tuple[str, str]]:
    """Each method and address of the application, with ``{}`` in the place of its argument."""
    rules = ((re.sub("<[^>]+>", "{}", rule.rule), rule.methods or ()) for rule in app.url_map.iter_rules())
    return sorted({(method, pattern) for pattern, methods in rules for method in methods if method != "OPTIONS"})


class CaseGenerator:
    """Generates cases from a seed: the same seed, routes and names give the same cases."""

    def __init__(
        self,
        routes: Sequence[tuple[str, str]],
        names: Mapping[str, Names],
        visitors: Sequence[Visitor],
        known_email: str,
        host: str,
        seed: int,
    ) -> None:
        self._routes, self._names, self._visitors = routes, names, visitors
        self._known_email, self._host = known_email, host
        self._random = random.Random(seed)
        self._mutations: Sequence[Callable[[Case], Case]] = (
            self._with_header,
            self._with_header,
            self._with_header,
            self._with_body,
            self._with_content_length,
            self._with_path,
            self._with_method,
            self._with_host,
            self._without_header,
        )

    def cases(self, count: int) -> Iterator[Case]:
        """Yield so many cases."""
        for _ in range(count):
            yield self._case()

    def _case(self) -> Case:
        choose = self._random
        method, pattern = choose.choice(self._routes)
        visitor = choose.choice(self._visitors)
        kind = pattern.split("/")[1]
        names = self._names.get(kind, Names(values.TEXTS, (), ()))
        is_foreign = "{}" in pattern and bool(names.foreign) and choose.random() < 0.4
        name = choose.choice(names.foreign if is_foreign else self._any_name(names))
        case = self._request(method, pattern, name, visitor)
        for _ in range(choose.choice((0, 1, 1, 1, 2, 3))):
            case = choose.choice(self._mutations)(case)
        if is_foreign and name in case.target:
            missing = choose.choice(names.missing)
            twin = replace(case, target=case.target.replace(f"/{name}", f"/{missing}"))
            return replace(case, twin=twin, differs_in=(name, missing))
        return self._with_stranger(case)

    def _any_name(self, names: Names) -> Sequence[str]:
        if self._random.random() < 0.6 and names.mine:
            return names.mine
        return [quote(text) for text in (*values.NUMBERS, *values.TEXTS)]

    def _request(self, method: str, pattern: str, name: str, visitor: Visitor) -> Case:
        target = pattern.replace("{}", name) or "/"
        query = self._fields(self._random.choice((0, 0, 1, 2, 3)))
        if query:
            target += f"?{_encoded(query)}"
        headers = [("Host", self._host), ("Cookie", visitor.cookie)]
        if pattern == "/webhooks/paypal":
            return Case(method, target, (*headers, *values.WEBHOOK_HEADERS), self._random.choice(values.EVENTS))
        if method != "POST":
            return Case(method, target, tuple(headers))
        form = self._fields(self._random.choice((0, 1, 3, 6)))
        if self._random.random() < 0.9:
            form.insert(0, ("csrf_token", visitor.token))
        if pattern in {"/login", "/verify", "/reset"}:
            form += [("email", self._email()), ("password", self._password())]
        headers += [("Content-Type", FORM), ("Sec-Fetch-Site", "same-origin"), ("Origin", f"http://{self._host}")]
        return Case(method, target, tuple(headers), _encoded(form).encode())

    def _email(self) -> str:
        return self._known_email if self._random.random() < 0.7 else self._random.choice(values.EMAILS)

    def _password(self) -> str:
        return self._random.choice((_WRONG_PASSWORD, *(text for text in values.TEXTS if text)))

    def _with_stranger(self, case: Case) -> Case:
        """With the twin of a sign-in or a reset of the known client: the same with an address that nobody has."""
        known, unknown = (urlencode({"email": email}) for email in (self._known_email, _UNKNOWN_EMAIL))
        if not case.target.startswith(("/login", "/reset")) or known.encode() not in case.body:
            return case
        twin = replace(case, body=case.body.replace(known.encode(), unknown.encode()))
        return replace(case, twin=twin, differs_in=(self._known_email, _UNKNOWN_EMAIL))

    def _fields(self, count: int) -> Fields:
        plain = {
            "plan": ("a", "b", "c", "base"),
            "cycle": ("monthly", "annually", "weekly"),
            "when": ("now", "renewal", "end"),
            "key": ("k" * 32,),
            "digest": ("1-x",),
            "method": ("demonstration", "interac", "credit", "paypal"),
            "lang": ("fr", "en", "de"),
            "page": ("1", "2"),
        }
        names = (
            *plain,
            "saved",
            "saves",
            "verify",
            "next",
            "then",
            "acknowledged",
            "reason",
            "asked",
            "tab",
            "seen",
            "cancelled",
        )
        fields: Fields = []
        for name in self._random.choices(names, k=count):
            usual = plain.get(name, ("1",))
            nasty = values.URLS if name == "next" else values.NUMBERS if name in {"page", "saved"} else values.TEXTS
            fields.append((name, self._random.choice(usual if self._random.random() < 0.5 else nasty)))
        return fields

    def _with_header(self, case: Case) -> Case:
        name = self._random.choice(list(values.HEADERS))
        value = _latin(self._random.choice(values.HEADERS[name]))
        if self._random.random() < 0.1:
            return replace(case, headers=(*case.headers, (name, value)))
        return replace(case, headers=(*_without(case, name), (name, value)))

    def _without_header(self, case: Case) -> Case:
        return replace(
            case, headers=_without(case, self._random.choice(("Cookie", "Content-Type", "Origin", "Sec-Fetch-Site")))
        )

    def _with_host(self, case: Case) -> Case:
        host = self._random.choice(values.HOSTS)
        return replace(case, headers=(("Host", host), *_without(case, "Host")))

    def _with_body(self, case: Case) -> Case:
        content_type = self._random.choice((FORM, FORM, *values.CONTENT_TYPES))
        headers = (*_without(case, "Content-Type"), ("Content-Type", content_type))
        return replace(case, headers=headers, body=self._random.choice(values.BODIES))

    def _with_content_length(self, case: Case) -> Case:
        length = self._random.choice(
            ("0", "1", "-1", "x", "", str(len(case.body) + 10), "99999", "9" * 30, "+5", "1, 2")
        )
        return replace(case, headers=(*_without(case, "Content-Length"), ("Content-Length", length)))

    def _with_path(self, case: Case) -> Case:
        path, mark, query = case.target.partition("?")
        extra = self._random.choice(values.PATHS)
        path = self._random.choice((extra, path + extra, path + "/", f"/{path}", path.upper()))
        return replace(case, target=f"{path}{mark}{query}")

    def _with_method(self, case: Case) -> Case:
        return replace(case, method=self._random.choice(values.METHODS))


def _without(case: Case, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in case.headers if header[0].lower() != name.lower())


def _encoded(fields: Fields) -> str:
    return urlencode(fields)


def _latin(text: str) -> str:
    """A header's text as the bytes of its UTF-8 look in Latin-1; line breaks would end the header."""
    if all(ord(character) < 256 for character in text):
        return text.replace("\r", "").replace("\n", "")
    return text.encode().decode("latin-1")
