"""Clients in a storm: they change plans, pay, cancel, press twice, repeat a request that nobody answered, and come back
to a payment page that they left open."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event

import httpx2

from tests.conftest import PASSWORD

PLANS = ("base", "a", "b", "c")
_PAUSE_SECONDS = 0.15
_RETRY_SECONDS = 0.05
_TRIES = 50
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_ORDER = re.compile(r"/orders/(CH-\d{4}-\d+)")
_SAVED = re.compile(r'name="saved" value="(\d+)"')
_STATUS = re.compile(r'data-status="(\w+)"')


@dataclass
class SimulatedClient:
    """One client with a browser. ``statuses`` counts HTTP statuses, 0 for a lost connection; ``placed`` are the
    references of the orders that the client placed."""

    address: str
    email: str
    services: list[int]
    method: str
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    placed: set[str] = field(default_factory=set)
    _last_plans: dict[int, str] = field(default_factory=dict)
    _open_tabs: list[httpx2.URL] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._http = httpx2.Client(base_url=self.address, timeout=20, follow_redirects=True)

    def run(self, stop: Event) -> None:
        """Sign in and change plans until ``stop`` is set."""
        with self._http:
            self._sign_in(stop)
            while not stop.is_set():
                self.change(self._random.choice(self.services))

    def change(self, service: int) -> None:
        """Confirm another plan for a service, or pay or cancel the change that it already waits for."""
        plan = self._random.choice([each for each in PLANS if each != self._last_plans.get(service)])
        self._last_plans[service] = plan
        page = self._request("GET", f"/services/{service}/plan/review?plan={plan}&cycle=monthly&when=now")
        form = dict(_HIDDEN.findall(_after_id(page, "review")))
        if 'id="password"' in page:  # the server was killed after it replaced the session's token, before it answered
            self._sign_in_once()
            return
        if "digest" not in form:
            order = _ORDER.search(_after_id(page, "panel")) or _ORDER.search(
                self._request("GET", f"/services/{service}")
            )
            if order is not None:
                self._pay_or_cancel(self._request("GET", order[0]))
            time.sleep(_PAUSE_SECONDS)  # clients who only look would leave the workers no processor time
            return
        fields = {**form, **self._saved_account(_after_id(page, "review")), "acknowledged": "yes"}
        for _ in range(2 if self._random.random() < 0.1 else 1):
            page = self._request("POST", f"/services/{service}/plan", fields)
        order = _ORDER.search(page)
        if order is not None:
            self.placed.add(order[1])
            self._pay_or_cancel(page)

    def _pay_or_cancel(self, page: str) -> None:
        """Pay or cancel the order of a page if it awaits payment."""
        status, order = _STATUS.search(page), _ORDER.search(page)
        if status is None or order is None or status[1] != "awaiting_payment":
            return
        form = {"csrf_token": dict(_HIDDEN.findall(page)).get("csrf_token", "")}
        if self._random.random() < 0.15:
            self._request("POST", f"{order[0]}/cancel", form)
        else:
            self._request("POST", f"{order[0]}/payment", {**form, "method": self.method, **self._saved_account(page)})
        saved = _SAVED.search(page)
        if saved is not None and self._random.random() < 0.05:
            self._request("POST", f"/account/saved/{saved[1]}/remove", form)

    def _saved_account(self, page: str) -> dict[str, str]:
        """The fields that pay with a saved account if the page offers one, or save one, or neither."""
        saved, chance = _SAVED.search(page), self._random.random()
        if saved is not None and chance < 0.8:
            return {"saved": saved[1]}
        return {"saves": "yes"} if 'name="saves"' in page and chance < 0.5 else {}

    def _sign_in(self, stop: Event) -> None:
        while not stop.is_set() and not self._sign_in_once():
            pass

    def _sign_in_once(self) -> bool:
        """Sign in, and return whether that succeeded."""
        token = dict(_HIDDEN.findall(self._request("GET", "/login"))).get("csrf_token", "")
        page = self._request("POST", "/login", {"email": self.email, "password": PASSWORD, "csrf_token": token})
        return "/logout" in page

    def _request(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        """The page at ``path``; repeated when the connection is lost because the server was killed."""
        for _ in range(_TRIES):
            try:
                response = self._http.request(method, path, data=form)
            except httpx2.TransportError:
                self.statuses[0] += 1
                time.sleep(_RETRY_SECONDS)
                continue
            self.statuses[response.status_code] += 1
            return self._follow(response)
        return ""

    def _follow(self, response: httpx2.Response) -> str:
        """Approve at PayPal, now or later, or leave its page; give the password where it is asked again."""
        if response.url.path == "/verify":
            form = dict(_HIDDEN.findall(response.text))
            return self._request("POST", "/verify", {**form, "password": PASSWORD})
        if response.url.path == "/checkoutnow":
            self._visit_paypal(response.url)
        return response.text

    def _visit_paypal(self, url: httpx2.URL) -> None:
        """Approve a payment and come back or not, leave its page open, or come back to one that was left open."""
        chance = self._random.random()
        if chance < 0.3:
            self._open_tabs.append(url)
        elif chance < 0.9:
            self._approve(url)
        if self._open_tabs and self._random.random() < 0.3:
            self._approve(self._open_tabs.pop(0))

    def _approve(self, url: httpx2.URL) -> None:
        """Approve at PayPal; half the time go back to the page of the order, which verifies the payment."""
        try:
            back = self._http.post(url, data={"do": "approve"}, follow_redirects=False).headers.get("Location", "")
        except httpx2.TransportError:
            return
        order = _ORDER.search(back)
        if order is None or self._random.random() < 0.5:
            return
        fields = dict(_HIDDEN.findall(_after_id(self._request("GET", back), "order")))
        if "verify" in fields:
            self._request("POST", f"{order[0]}/payment", fields)


def _after_id(page: str, element_id: str) -> str:
    return page.partition(f'id="{element_id}"')[2]
