"""The API of the fake PayPal: access tokens, idempotent request ids and routing."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any

from tests.paypal.errors import ApiError, require
from tests.paypal.ledger import Body, Ledger

_ORDER = re.compile(r"/v2/checkout/orders/([A-Z0-9]+)(/capture)?")
_TOKENS = "/v3/vault/payment-tokens/"
_REFUND = re.compile(r"/v2/payments/captures/([A-Z0-9]+)/refund")


@dataclass(frozen=True)
class Request:
    """A received request."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any

    @property
    def request_id(self) -> str:
        """The idempotency key, empty without one."""
        return self.headers.get("PayPal-Request-Id", "")


@dataclass
class FakeApi:
    """The API of one merchant account. ``token_lifetime`` is the ``expires_in`` of access tokens, in seconds."""

    ledger: Ledger
    client_id: str = "client"
    secret: str = "secret"
    token_lifetime: int = 32400
    requests: list[Request] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    _results: dict[str, tuple[str, Any, Body]] = field(default_factory=dict)
    _in_progress: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _numbers: Any = field(default_factory=lambda: count(1))

    def enter(self, request: Request) -> None:
        """Record a request and mark its id as in progress; a second request with the same id is rejected meanwhile."""
        with self._lock:
            self.requests.append(request)
            if request.request_id:
                require(request.request_id not in self._in_progress, "PREVIOUS_REQUEST_IN_PROGRESS", 409)
                self._in_progress.add(request.request_id)

    def leave(self, request: Request) -> None:
        """Remove the request's id from those in progress."""
        with self._lock:
            self._in_progress.discard(request.request_id)

    def handle(self, request: Request) -> tuple[int, Body]:
        """Carry out a request, or return the result of the first one with the same id."""
        if request.path == "/v1/oauth2/token":
            return 200, self._token(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        require(token in self.tokens, "INVALID_TOKEN", 401)
        with self.ledger.lock:
            if request.method == "POST":
                return 201, self._post_once(request)
            if request.method == "DELETE":
                return 204, self.ledger.delete_token(_token_in(request))
            return 200, copy.deepcopy(self._get(request))

    def _token(self, request: Request) -> Body:
        credentials = request.headers.get("Authorization", "").removeprefix("Basic ")
        expected = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        require(credentials == expected, "INVALID_CLIENT", 401)
        require(request.body == {"grant_type": ["client_credentials"]}, "UNSUPPORTED_GRANT_TYPE", 400)
        token = f"token-{next(self._numbers)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_lifetime}

    def _post_once(self, request: Request) -> Body:
        """Carry out a POST once for each request id, and return its current state; another body is an error."""
        require(request.headers.get("Content-Type") == "application/json", "UNSUPPORTED_MEDIA_TYPE", 415)
        require(request.request_id, "PAYPAL_REQUEST_ID_REQUIRED", 400)
        require(len(request.request_id) <= 108, "INVALID_STRING_LENGTH", 400)
        known = self._results.get(request.request_id)
        if known is not None:
            require(known[:2] == (request.path, request.body), "REQUEST_ID_REUSED")
            return copy.deepcopy(known[2])
        created = self._post(request)
        self._results[request.request_id] = request.path, request.body, created
        return copy.deepcopy(created)

    def _post(self, request: Request) -> Body:
        require(isinstance(request.body, dict), "MALFORMED_REQUEST_JSON", 400)
        if request.path == "/v2/checkout/orders":
            return self.ledger.create(request.body)
        if (order := _ORDER.fullmatch(request.path)) and order[2]:
            return self.ledger.capture(order[1], request.body)
        if refund := _REFUND.fullmatch(request.path):
            return self.ledger.refund(refund[1], request.body)
        raise ApiError(404, "NO_SUCH_PATH")

    def _get(self, request: Request) -> Body:
        if (order := _ORDER.fullmatch(request.path)) and not order[2]:
            return self.ledger.order(order[1])
        if request.path.startswith(_TOKENS):
            return self.ledger.token(_token_in(request))
        if request.path == "/v1/reporting/transactions":
            return self._report({name: values[0] for name, values in request.query.items()})
        raise ApiError(404, "NO_SUCH_PATH")

    def _report(self, query: Mapping[str, str]) -> Body:
        start, end = (datetime.fromisoformat(query[f"{name}_date"]) for name in ("start", "end"))
        require((end - start).days < 31, "INVALID_DATE_RANGE", 400)
        size, page = int(query["page_size"]), int(query["page"])
        require(1 <= size <= 500, "INVALID_PAGE_SIZE", 400)
        rows = [row for row in self._rows() if start <= datetime.fromisoformat(_date_of(row)) <= end]
        pages = max(1, -(-len(rows) // size))
        details = [{"transaction_info": row} for row in rows[(page - 1) * size : page * size]]
        return {"transaction_details": details, "total_items": len(rows), "total_pages": pages, "page": page}

    def _rows(self) -> list[Body]:
        codes = {"COMPLETED": "S", "PARTIALLY_REFUNDED": "F", "REFUNDED": "V", "PENDING": "P", "DECLINED": "D"}
        captures = [_row(each, "T0006", codes[each["status"]], "") for each in self.ledger.captures.values()]
        return captures + [_row(each, "T1107", "S", "-") for each in self.ledger.refunds.values()]


def _token_in(request: Request) -> str:
    require(request.path.startswith(_TOKENS), "NO_SUCH_PATH", 404)
    return request.path.removeprefix(_TOKENS)


def _row(entry: Body, code: str, status: str, sign: str) -> Body:
    amount = entry["amount"]
    return {
        "transaction_id": entry["id"],
        "transaction_event_code": code,
        "transaction_initiation_date": entry["create_time"],
        "transaction_amount": {**amount, "value": f"{sign}{amount['value']}"},
        "transaction_status": status,
        "invoice_id": entry.get("invoice_id"),
        "custom_field": entry.get("custom_id"),
    }


def _date_of(row: Body) -> str:
    return str(row["transaction_initiation_date"])
