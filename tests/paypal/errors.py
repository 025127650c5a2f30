"""Errors of the fake PayPal: status, name and issue."""

from __future__ import annotations

from typing import Any

_NAMES = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILURE",
    403: "NOT_AUTHORIZED",
    404: "RESOURCE_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    422: "UNPROCESSABLE_ENTITY",
}


class ApiError(Exception):
    """An error response; ``links`` may contain where the payer can fix the problem."""

    def __init__(self, status: int, issue: str, links: list[dict[str, str]] | None = None) -> None:
        super().__init__(f"{status} {issue}")
        self.status = status
        self.issue = issue
        self.links = links or []

    def body(self) -> dict[str, Any]:
        """Return the body of the response."""
        return {
            "name": _NAMES.get(self.status, "ERROR"),
            "message": "The request was refused.",
            "debug_id": "f1d0c0ffee",
            "details": [{"issue": self.issue, "description": "See the issue."}],
            "links": self.links,
        }


def require(condition: object, issue: str, status: int = 422) -> None:
    """Raise ``ApiError`` unless the condition is true."""
    if not condition:
        raise ApiError(status, issue)
