"""The rules of a new password: its length as it is typed, and nothing about the kinds of characters."""

from __future__ import annotations

import pytest

from kajoom.domain.password import PasswordFault, password_fault


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x" * 11, PasswordFault.TOO_SHORT),
        ("e\N{COMBINING ACUTE ACCENT}" * 11, PasswordFault.TOO_SHORT),
        ("x" * 12, None),
        (" " * 12, None),
        ("é" * 128, None),
        ("x" * 129, PasswordFault.TOO_LONG),
        ("각" * 128, PasswordFault.TOO_LONG),  # 9 bytes each, once normalised
        ("😀" * 128, None),
    ],
)
def test_length_is_counted_as_it_is_typed(password: str, fault: PasswordFault | None) -> None:
    assert password_fault(password, lambda _password: False) is fault


def test_common_password_is_refused() -> None:
    assert password_fault("x" * 12, lambda password: password == "x" * 12) is PasswordFault.COMMON
