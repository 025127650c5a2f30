"""The panel of cPanel servers: WHM API 1, https://api.docs.cpanel.net/whm/introduction."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kajoom.domain.usage import Resource
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.http import http_client, send
from kajoom.gateways.panels.text import plain

_DONE = PanelResult(PanelStatus.DONE)
_NO_ACCOUNT = PanelResult(PanelStatus.REFUSED, "The service has no account name.")
_MISSING = re.compile(r"(does not exist|doesn.t exist|no such (user|account)|is not a valid (user|account))", re.I)
_MEGABYTES = re.compile(r"(\d{1,12}(?:\.\d+)?)M?")
_SUSPENSION_REASON = "Unpaid invoice"


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of the API: ``is_done`` is ``None`` when the effect is not known, and ``reason`` is plain text."""

    is_done: bool | None = None
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class WhmPanel:
    """A cPanel server, asked at ``https://host:2087`` with the API token of a WHM user.

    The server decides each request by the account as it is, so ``key`` is not sent. It does not tell a repeated
    suspension from a failed one: the account is read to tell them apart.
    """

    can_read = True
    needs: ClassVar[tuple[str, ...]] = ("USER", "TOKEN")

    def __init__(self, settings: PanelSettings) -> None:
        self._url = settings.url.rstrip("/")
        self._headers = {"Authorization": f"whm {settings.user}:{settings.token}"}
        self._client = http_client()

    def change(self, change: PackageChange) -> PanelResult:
        """Set the package of the account."""
        if not change.account.username:
            return _NO_ACCOUNT
        return _result(self._call("changepackage", user=change.account.username, pkg=change.package))

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Suspend the account, unless it is suspended already."""
        return self._set("suspendacct", account, AccountStatus.SUSPENDED, reason=_SUSPENSION_REASON)

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """End the suspension of the account, unless it is active already."""
        return self._set("unsuspendacct", account, AccountStatus.ACTIVE)

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Delete the account and its DNS zone, unless it is missing already."""
        if not account.username:
            return _NO_ACCOUNT
        return self._settle(self._call("removeacct", username=account.username), account, AccountStatus.MISSING)

    def read(self, account: PanelAccount) -> PanelReading:
        """Return the state, the package and the disk space of the account; the API gives no other usage with it."""
        if not account.username:
            return PanelReading(AccountStatus.MISSING)
        answer = self._call("accountsummary", user=account.username)
        if answer.is_done is False and _MISSING.search(answer.reason):
            return PanelReading(AccountStatus.MISSING)
        found = answer.data.get("acct") if answer.is_done else None
        row = found[0] if isinstance(found, list) and len(found) == 1 else None
        if not isinstance(row, dict) or row.get("user") != account.username:
            return PanelReading(AccountStatus.UNKNOWN)
        status = AccountStatus.SUSPENDED if str(row.get("suspended")) == "1" else AccountStatus.ACTIVE
        return PanelReading(status, str(row.get("plan", "")), {Resource.DISK: _megabytes(row.get("diskused"))})

    def _set(self, function: str, account: PanelAccount, wanted: AccountStatus, **more: str) -> PanelResult:
        if not account.username:
            return _NO_ACCOUNT
        return self._settle(self._call(function, user=account.username, **more), account, wanted)

    def _settle(self, answer: _Answer, account: PanelAccount, wanted: AccountStatus) -> PanelResult:
        """The result of a request; a refused one is done when the account is already as it was asked to be."""
        if answer.is_done is False and self.read(account).status is wanted:
            return _DONE
        return _result(answer)

    def _call(self, function: str, **parameters: str) -> _Answer:
        answer = send(
            self._client,
            "GET",
            f"{self._url}/json-api/{function}",
            params={"api.version": "1", **parameters},
            headers=self._headers,
        )
        if answer.status == 200:
            return _answer_in(answer.body)
        if answer.status < 300 or answer.status == 429 or answer.status >= 500:
            return _Answer(reason=f"HTTP {answer.status}" if answer.status else "no answer")
        return _Answer(is_done=False, reason=_refusal(answer.status))


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return f"HTTP {status}: the user or the token of the server is not accepted."
    return f"HTTP {status}: the address of the server is not that of WHM."


def _answer_in(body: bytes) -> _Answer:
    """The answer that a body holds: its text is read, and ``metadata.output.raw``, which is HTML, never is."""
    try:
        document = json.loads(body)
    except ValueError:
        return _Answer(reason="an answer that is not JSON")
    metadata = document.get("metadata") if isinstance(document, dict) else None
    result = metadata.get("result") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or str(result) not in {"0", "1"}:
        return _Answer(reason="an answer without a result")
    data = document.get("data")
    is_done = str(result) == "1"
    text = plain(metadata.get("reason"))
    return _Answer(is_done, text or ("" if is_done else "No reason given."), data if isinstance(data, dict) else {})


def _result(answer: _Answer) -> PanelResult:
    if answer.is_done:
        return _DONE
    return PanelResult(PanelStatus.UNKNOWN if answer.is_done is None else PanelStatus.REFUSED, answer.reason)


def _megabytes(text: object) -> int | None:
    """The amount of "1234M", rounded up; ``None`` for what is not an amount."""
    match = _MEGABYTES.fullmatch(str(text))
    return math.ceil(float(match[1])) if match else None
