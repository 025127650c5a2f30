"""Passwords that are easily guessed are refused, and others are not."""

from __future__ import annotations

import pytest

from kajoom.operations.accounts.common_passwords import _listed, is_common

NAMES = ("camille.tremblay@example.com", "Camille Tremblay", "Hébergement Boréal")


@pytest.mark.parametrize(
    "password",
    [
        "motdepasse2026",
        "Mot de passe 2026!",
        "PASSWORD1234",
        "p@ssw0rd2024",
        "bienvenue12345",
        "Québec1234567",
        "Qwertyuiop12",
        "azertyuiop123",
        "1qaz2wsx3edc",
        "123456789012",
        "987654321098",
        "abcdefghijklmn",
        "aaaaaaaaaaaa",
        "abcabcabcabcab",
        "dragondragon",
        "leavemealone",
        "correct horse battery staple",
        "camille.tremblay@example.com",
        "Camille Tremblay",
        "CamilleTremblay1985",
        "hebergementboreal",
        "Hébergement Boréal 2026",
    ],
)
def test_easily_guessed_password_is_found(password: str) -> None:
    assert is_common(password, NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "une phrase bien à moi",
        "kajoom-demonstration",
        "une-phrase-bien-a-moi-42",
        "x7Kq9vTz2LmPw4",
        "soleil 83 hockey wagon",
        "dragon829174650183",
        "日本語のパスワード長い文字",
    ],
)
def test_other_password_is_not(password: str) -> None:
    assert not is_common(password, NAMES)


def test_list_has_the_number_of_long_passwords_that_asvs_asks_for() -> None:
    """OWASP ASVS 5.0, 6.2.4: at least the 3,000 commonest that the rule of length lets through."""
    assert sum(len(password) >= 12 for password in _listed()) >= 3000
    assert all(password == password.casefold().strip() for password in _listed())
