"""Requests sent_requests to PayPal, checked by the fake PayPal and against PayPal's OpenAPI documents.

The documents are read from the folder named by the variable ``PAYPAL_OPENAPI``; without it only the fake checks.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from kajoom.domain.money import Money
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.ports import Refund
from tests.gateways.test_paypal_saved import created_charge, save_account
from tests.paypal.api import Request
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

_DOCUMENTS = ("checkout_orders_v2.json", "payments_payment_v2.json", "vault_payment_tokens_v3.json")


def documents() -> list[dict[str, Any]]:
    """Load PayPal's OpenAPI documents, if any."""
    folder = os.environ.get("PAYPAL_OPENAPI")
    return [json.loads((Path(folder) / name).read_text()) for name in _DOCUMENTS] if folder else []


def errors_of(request: Request, document: dict[str, Any]) -> list[str] | None:
    """Return the errors of a request, ``None`` when the document does not describe its path."""
    for path, methods in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9-]+", path), request.path) and request.method.lower() in methods:
            operation = methods[request.method.lower()]
            return [*_header_errors(request, operation, document), *_body_errors(request, operation, document)]
    return None


def _header_errors(request: Request, operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    parameters = [document["components"]["parameters"][each["$ref"].split("/")[-1]] for each in operation["parameters"]]
    errors = []
    for parameter in (each for each in parameters if each["in"] == "header"):
        value = request.headers.get(parameter["name"])
        if value is None:
            errors += [f"{parameter['name']} is missing"] if parameter.get("required") else []
        else:
            errors += [error.message for error in Draft202012Validator(parameter["schema"]).iter_errors(value)]
    return errors


def _body_errors(request: Request, operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    if "requestBody" not in operation:
        return []
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    registry: Registry[Any] = Registry().with_resource("urn:paypal", DRAFT202012.create_resource(document))
    validator = Draft202012Validator({"$ref": f"urn:paypal{name}"}, registry=registry)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(request.body)]


@pytest.fixture
def sent_requests(paypal: PayPalProvider, fake: FakePayPal) -> list[Request]:
    """Send every kind of request: charge, capture, refund, save_account account, payment with it and its deletion."""
    token = save_account(paypal, fake).token
    capture = paypal.capture(created_charge(paypal, token)).reference
    paypal.refund(Refund(key="r1", reference=capture, amount=Money(100), invoice="2026-000001"))
    assert paypal.has_saved_account(token)
    paypal.delete_saved_account(token)
    return [request for request in fake.api.requests if request.path.startswith(("/v2/", "/v3/"))]


def test_requests_conform_to_the_documents(sent_requests: list[Request], fake: FakePayPal) -> None:
    assert [request.path.rpartition("/")[2] for request in sent_requests if request.method == "POST"] == [
        "orders", "capture", "orders", "capture", "refund",
    ]  # fmt: skip
    assert (len(fake.ledger.captures), len(fake.ledger.refunds), fake.ledger.tokens) == (2, 1, {})
    if specifications := documents():
        for request in sent_requests:
            results = [errors for each in specifications if (errors := errors_of(request, each)) is not None]
            assert results == [[]], request


def test_every_post_has_a_distinct_request_id(sent_requests: list[Request]) -> None:
    ids = [request.request_id for request in sent_requests if request.method == "POST"]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("body", "is_valid"),
    [
        ({"amount": {"currency_code": "CAD", "value": "1.00"}}, True),
        ({"amount": {"currency_code": "CAD", "value": 1}}, False),
        ({"amount": {"currency_code": "CAD"}}, False),
    ],
)
def test_check_detects_invalid_requests(body: dict[str, Any], is_valid: bool) -> None:
    """A minimal document, so that the check itself is tested without PayPal's documents."""
    money = {"type": "object", "required": ["currency_code", "value"], "properties": {"value": {"type": "string"}}}
    request_id = {"name": "PayPal-Request-Id", "in": "header", "required": True, "schema": {"maxLength": 3}}
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/refund"}}}}
    operation = {"parameters": [{"$ref": "#/components/parameters/id"}], "requestBody": content}
    document = {
        "paths": {"/v2/{id}/refund": {"post": operation}},
        "components": {
            "parameters": {"id": request_id},
            "schemas": {
                "money": money,
                "refund": {"properties": {"amount": {"$ref": "#/components/schemas/money"}}},
            },
        },
    }
    request = Request("POST", "/v2/A1/refund", {}, {"PayPal-Request-Id": "r1"}, body)
    assert (errors_of(request, document) == []) is is_valid
    assert errors_of(Request("POST", "/v2/A1/refund", {}, {"PayPal-Request-Id": "long"}, body), document)
    assert errors_of(Request("POST", "/v2/A1/refund", {}, {}, body), document)
    assert errors_of(Request("POST", "/v2/A1", {}, {}, body), document) is None
