"""Clients in a storm: they change plan, pay, cancel, press twice, and press again when nobody answers."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event

import httpx2

PASSWORD = "kajoom-demonstration"
PLANS = ("base", "a", "b", "c")
_PATIENCE_SECONDS = 0.15
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_ORDER = re.compile(r"/orders/(CH-\d{4}-\d+)")
_KEPT = re.compile(r'name="saved" value="(\d+)"')
_STATUS = re.compile(r'data-status="(\w+)"')


@dataclass
class Browser:
    """One client's browser. ``results`` counts what the house said by status, « 0 » for a line that broke."""

    address: str
    email: str
    services: list[int]
    method: str
    seed: int
    results: Counter[int] = field(default_factory=Counter)
    placed: set[str] = field(default_factory=set)
    _wanted: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._http = httpx2.Client(base_url=self.address, timeout=20, follow_redirects=True)

    def stay(self, stop: Event) -> None:
        """Sign in and go on changing plans until told to stop."""
        with self._http:
            self._sign_in(stop)
            while not stop.is_set():
                self.change(self._dice.choice(self.services))

    def change(self, service: int) -> None:
        """Confirm another plan for a service; one that is already changing is seen through instead."""
        plan = self._dice.choice([each for each in PLANS if each != self._wanted.get(service)])
        self._wanted[service] = plan
        page = self._ask("GET", f"/services/{service}/plan/review?plan={plan}&cycle=monthly&when=now")
        form = dict(_HIDDEN.findall(_part(page, "review")))
        if "digest" not in form:
            shown = _ORDER.search(_part(page, "panel")) or _ORDER.search(self._ask("GET", f"/services/{service}"))
            if shown is not None:
                self._see_through(self._ask("GET", shown[0]))
            time.sleep(_PATIENCE_SECONDS)  # workers get nothing done beside clients who only ask how it goes
            return
        sent = {**form, **self._account(_part(page, "review")), "acknowledged": "yes"}
        for _ in range(2 if self._dice.random() < 0.1 else 1):
            page = self._ask("POST", f"/services/{service}/plan", sent)
        found = _ORDER.search(page)
        if found is not None:
            self.placed.add(found[1])
            self._see_through(page)

    def _see_through(self, page: str) -> None:
        """Pay or cancel what the page of an order says waits to be paid; the rest is looked at another time."""
        status, shown = _STATUS.search(page), _ORDER.search(page)
        if status is None or shown is None or status[1] != "awaiting_payment":
            return
        form = {"csrf_token": dict(_HIDDEN.findall(page)).get("csrf_token", "")}
        if self._dice.random() < 0.15:
            self._ask("POST", f"{shown[0]}/cancel", form)
        else:
            self._ask("POST", f"{shown[0]}/payment", {**form, "method": self.method, **self._account(page)})
        kept = _KEPT.search(page)
        if kept is not None and self._dice.random() < 0.05:
            self._ask("POST", f"/account/saved/{kept[1]}/remove", form)

    def _account(self, page: str) -> dict[str, str]:
        """The account they saved, if the page offers it; or one to be saved; or none of it."""
        kept, draw = _KEPT.search(page), self._dice.random()
        if kept is not None and draw < 0.8:
            return {"saved": kept[1]}
        return {"saves": "yes"} if 'name="saves"' in page and draw < 0.5 else {}

    def _sign_in(self, stop: Event) -> None:
        while not stop.is_set():
            token = dict(_HIDDEN.findall(self._ask("GET", "/login"))).get("csrf_token", "")
            page = self._ask("POST", "/login", {"email": self.email, "password": PASSWORD, "csrf_token": token})
            if "/logout" in page:
                return

    def _ask(self, verb: str, path: str, form: dict[str, str] | None = None) -> str:
        """Ask until somebody answers: a server that is killed takes the line with it."""
        for _ in range(50):
            try:
                result = self._http.request(verb, path, data=form)
            except httpx2.TransportError:
                self.results[0] += 1
                time.sleep(0.05)
                continue
            self.results[result.status_code] += 1
            return self._approved(result)
        return ""

    def _approved(self, result: httpx2.Response) -> str:
        """A client led to the provider approves there, or closes the page; one asked for the password gives it."""
        if result.url.path == "/verify":
            form = dict(_HIDDEN.findall(result.text))
            return self._ask("POST", "/verify", {**form, "password": PASSWORD})
        if result.url.path == "/checkoutnow" and self._dice.random() < 0.8:
            self._http.post(result.url, data={"do": "approve"}, follow_redirects=False)
        return result.text


def _part(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2]
