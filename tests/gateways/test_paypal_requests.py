"""What we send is what PayPal describes: held against its OpenAPI documents where the variable PAYPAL_OPENAPI names
their folder, and against the strictness of the fake alone where it does not."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from kajoom.domain.money import Money
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.ports import Refund
from tests.gateways.test_paypal_saved import prepared, saved
from tests.paypal.api import Request
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

_DOCUMENTS = ("checkout_orders_v2.json", "payments_payment_v2.json", "vault_payment_tokens_v3.json")


def documents() -> list[dict[str, Any]]:
    """PayPal's own description, where there is one."""
    folder = os.environ.get("PAYPAL_OPENAPI")
    return [json.loads((Path(folder) / name).read_text()) for name in _DOCUMENTS] if folder else []


def errors_of(request: Request, document: dict[str, Any]) -> list[str] | None:
    """What is wrong with a request, or ``None`` when the document does not describe its path."""
    for path, methods in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9-]+", path), request.path) and request.method.lower() in methods:
            operation = methods[request.method.lower()]
            return [*_wrong_headers(request, operation, document), *_wrong_body(request, operation, document)]
    return None


def _wrong_headers(request: Request, operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    named = [document["components"]["parameters"][each["$ref"].split("/")[-1]] for each in operation["parameters"]]
    wrong = []
    for parameter in (each for each in named if each["in"] == "header"):
        value = request.headers.get(parameter["name"])
        if value is None:
            wrong += [f"{parameter['name']} is missing"] if parameter.get("required") else []
        else:
            wrong += [error.message for error in Draft202012Validator(parameter["schema"]).iter_errors(value)]
    return wrong


def _wrong_body(request: Request, operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    if "requestBody" not in operation:
        return []
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    registry: Registry[Any] = Registry().with_resource("urn:paypal", Resource(document, DRAFT202012))
    validator = Draft202012Validator({"$ref": f"urn:paypal{name}"}, registry=registry)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(request.body)]


@pytest.fixture
def sent(paypal: PayPalProvider, fake: FakePayPal) -> list[Request]:
    """A charge created, captured and given back, an account saved, paid with and forgotten: every kind of request
    there is, each taken by the strict fake."""
    token = saved(paypal, fake).token
    capture = paypal.capture(prepared(paypal, token)).reference
    paypal.refund(Refund(key="r1", reference=capture, amount=Money(100), invoice="2026-000001"))
    assert paypal.has_saved_account(token)
    paypal.delete_saved_account(token)
    return [request for request in fake.api.requests if request.path.startswith(("/v2/", "/v3/"))]


def test_what_we_send_is_what_paypal_describes(sent: list[Request], fake: FakePayPal) -> None:
    assert [request.path.rpartition("/")[2] for request in sent if request.method == "POST"] == [
        "orders", "capture", "orders", "capture", "refund",
    ]  # fmt: skip
    assert (len(fake.ledger.captures), len(fake.ledger.refunds), fake.ledger.tokens) == (2, 1, {})
    if described := documents():
        for request in sent:
            found = [errors for each in described if (errors := errors_of(request, each)) is not None]
            assert found == [[]], request


def test_every_request_that_changes_something_has_a_name(sent: list[Request]) -> None:
    names = [request.request_id for request in sent if request.method == "POST"]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("body", "is_right"),
    [
        ({"amount": {"currency_code": "CAD", "value": "1.00"}}, True),
        ({"amount": {"currency_code": "CAD", "value": 1}}, False),
        ({"amount": {"currency_code": "CAD"}}, False),
    ],
)
def test_the_check_tells_right_from_wrong(body: dict[str, Any], is_right: bool) -> None:
    """On a description as short as can be, so that it is known to work wherever the tests run."""
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
    named = Request("POST", "/v2/A1/refund", {}, {"PayPal-Request-Id": "r1"}, body)
    assert (errors_of(named, document) == []) is is_right
    assert errors_of(Request("POST", "/v2/A1/refund", {}, {"PayPal-Request-Id": "long"}, body), document)
    assert errors_of(Request("POST", "/v2/A1/refund", {}, {}, body), document)
    assert errors_of(Request("POST", "/v2/A1", {}, {}, body), document) is None
