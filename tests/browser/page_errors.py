"""A page keeps no fault to itself: what its console, its network or its policy complains of fails the test."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response


class Watch:
    """Collects the faults of every page of a context, but those that the test itself provokes."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.provoked: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of ``context``."""
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(f"page error: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def provokes(self, *marks: str) -> None:
        """The test brings these about ("answer 409", "net::ERR_FAILED"): each must happen, and is no fault."""
        self.provoked.extend(marks)

    def complaints(self) -> list[str]:
        """Every fault that was not provoked, and every provocation that came to nothing."""
        missed = [mark for mark in self.provoked if not any(mark in error for error in self.errors)]
        found = [error for error in self.errors if not any(mark in error for mark in self.provoked)]
        return [*found, *(f"never happened: {mark}" for mark in missed)]

    def _said(self, message: ConsoleMessage) -> None:
        # The browser's own line about a bad answer or a lost network is told below, with its address.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.errors.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A preview that a newer one overtakes, or a page that is left, gives its question up.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"{request.failure} {request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"answer {response.status} {response.request.method} {response.url}")
