"""Errors of pages: console messages, exceptions, failed requests, and HTTP statuses from 400."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response


class PageErrors:
    """Collects the errors of every page of a browser context."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.expected: list[str] = []

    def listen_to(self, context: BrowserContext) -> None:
        """Collect the errors of all pages of ``context``."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.errors.append(f"page error: {error.error}"))
        context.on("requestfailed", self._on_request_failed)
        context.on("response", self._on_response)

    def expect(self, *parts: str) -> None:
        """Expect errors that contain these texts ("HTTP 409"): each must happen, and does not fail the test."""
        self.expected.extend(parts)

    def unexpected(self) -> list[str]:
        """Every error that was not expected, and every expected one that did not happen."""
        missed = [part for part in self.expected if not any(part in error for error in self.errors)]
        others = [error for error in self.errors if not any(part in error for part in self.expected)]
        return [*others, *(f"did not happen: {part}" for part in missed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium's message about a bad response is collected from the response itself, with its URL.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.errors.append(f"console {message.type}: {message.text}")

    def _on_request_failed(self, request: Request) -> None:
        # A preview is aborted by a newer one, or when the page is left.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"{request.failure} {request.method} {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"HTTP {response.status} {response.request.method} {response.url}")
