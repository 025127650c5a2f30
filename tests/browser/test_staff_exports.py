"""The file of an export in a browser: by keyboard, and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.page_errors import PageErrors
from tests.browser.steps import tab_to


@pytest.mark.parametrize("is_scripted", [True, False], ids=["scripts", "no scripts"])
def test_file_is_downloaded_and_the_page_stays(open_page: OpenPage, page_errors: PageErrors, is_scripted: bool) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/exports?lang=en", java_script_enabled=is_scripted)
    page.get_by_label("First day").fill("2022-10-31")
    page.get_by_role("button", name="Download the file").click()
    expect(page.locator("[data-refusal=ends_before_start]")).to_be_visible()
    page.get_by_label("First day").fill("2022-10-01")
    page.get_by_label("Last day, included").fill("2022-10-31")
    with page.expect_download() as caught:
        page.locator("#last").press("Enter")
    assert caught.value.suggested_filename == "documents-2022-10-01-2022-10-31.csv"
    assert Path(caught.value.path()).read_text(encoding="utf-8").startswith("number,kind,date,client")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if is_scripted:
        tab_to(page, "form .go")
