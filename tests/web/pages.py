"""What tests of the views read from a page and send from it."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from tests.conftest import Browser


def post(browser: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form with the CSRF token of the signed-in client's pages."""
    return browser.post(path, data={"csrf_token": browser.token("/services"), **fields})


def post_fragment(browser: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form as htmx does from a panel."""
    return browser.fragment(path, method="POST", data={"csrf_token": browser.token("/services"), **fields})


def hidden_fields(page: str, element_id: str) -> dict[str, str]:
    """The hidden fields of the POST form in the element with this id, without its CSRF token."""
    form = page.partition(f'id="{element_id}"')[2].partition('method="post"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    del fields["csrf_token"]
    return fields


def refusal_in(page: str) -> str | None:
    """The code of the refusal that a page shows, ``None`` when it shows none."""
    codes = re.findall(r'data-refusal="(\w+)"', page)
    assert len(codes) <= 1, codes
    return codes[0] if codes else None


def value_of(page: str, element_id: str) -> str:
    """The machine value of an amount or a date: ``value_of(page, "due-today") == "41.72"``."""
    match = re.search(rf'<(?:data|time) id="{element_id}"[^>]*?(?:value|datetime)="([^"]*)"', page)
    assert match is not None, element_id
    return match[1]
