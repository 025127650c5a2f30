"""A page that waits for news looks for them more and more rarely, and not in a tab that nobody sees."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.steps import confirm

SET_HIDDEN = """hidden => {
  Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def is_poll(url: str) -> bool:
    """Whether an address is that of a look for news."""
    return "seen=" in url


class Waiting:
    """The page of an order that waits for its panel, with a clock that the test moves."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.looks = 0
        page.clock.install()
        page.reload()
        expect(page.locator("#order[data-poll]")).to_be_visible()
        page.on("request", lambda request: setattr(self, "looks", self.looks + is_poll(request.url)))

    def expect_look_after(self, seconds: int) -> None:
        """Expect nothing but a second less, and then a look."""
        self.expect_none_in(seconds - 1)
        with self.page.expect_response(lambda response: is_poll(response.url)):
            self.page.clock.run_for(1000)
        self.page.wait_for_function("() => !document.querySelector('#order').classList.contains('htmx-request')")

    def expect_none_in(self, seconds: int) -> None:
        """Expect no look in so many seconds."""
        before = self.looks
        self.page.clock.run_for(seconds * 1000)
        assert self.looks == before


def waiting_page(open_page: OpenPage, live_app: LiveApp) -> Waiting:
    """Confirm a change whose panel has not answered yet."""
    page = open_page("fr", f"{live_app.service_path('demo-fr-hosting')}/plan/review?plan=b&cycle=monthly")
    confirm(page)
    return Waiting(page)


def test_page_without_news_looks_more_and_more_rarely(open_page: OpenPage, live_app: LiveApp) -> None:
    waiting = waiting_page(open_page, live_app)
    for seconds in (2, 2):
        waiting.expect_look_after(seconds)
    for shown, seconds in ((26, 5), (90, 15), (480, 60)):
        waiting.page.clock.fast_forward(shown * 1000)
        waiting.page.wait_for_timeout(300)
        waiting.expect_look_after(seconds)


def test_page_that_nobody_sees_does_not_look(open_page: OpenPage, live_app: LiveApp) -> None:
    waiting = waiting_page(open_page, live_app)
    waiting.page.evaluate(SET_HIDDEN, True)
    waiting.expect_none_in(600)
    live_app.work()
    waiting.page.evaluate(SET_HIDDEN, False)
    expect(waiting.page.locator("#order-status")).to_have_attribute("data-status", "completed")
    waiting.expect_none_in(600)
