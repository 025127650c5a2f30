"""Hashes of passwords in a host's file: accepted when a sign-in can verify them, at a cost that is bearable."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=(?:16|19)\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,90})\$([A-Za-z0-9+/]{16,90})",
    re.ASCII,
)
# Salt and hash are 128 and 184 bits: the spare bits of their last characters are zero. PHP writes them so, and the
# library reads no others. "2x" marks the hashes of a faulty version.
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]", re.ASCII)
_PHPASS = re.compile(r"\$[PH]\$([./A-Za-z0-9])[./A-Za-z0-9]{8}[./A-Za-z0-9]{21}[./01]", re.ASCII)
_PHPASS_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# A hash that needs more memory or time would keep a process busy at every attempt to sign in with it.
_MAX_KIB, _MAX_PASSES, _MAX_LANES = 131_072, 20, 16
_BCRYPT_COSTS, _PHPASS_COSTS = range(4, 15), range(7, 19)


def parse_password_hash(cell: str) -> str:
    """A hash by argon2, bcrypt or phpass, as it is; ``ValueError`` for any other text and for a hash that costs too
    much."""
    if match := _ARGON2.fullmatch(cell):
        return _check_argon2(match)
    if match := _BCRYPT.fullmatch(cell):
        return _check_cost("bcrypt", int(match[1]), _BCRYPT_COSTS, cell)
    if match := _PHPASS.fullmatch(cell):
        return _check_cost("phpass", _PHPASS_DIGITS.index(match[1]), _PHPASS_COSTS, cell)
    raise ValueError(
        "not a hash by argon2, bcrypt or phpass; leave it empty, and invite the client to choose a new password"
    )


def _check_argon2(match: re.Match[str]) -> str:
    memory, passes, lanes = (int(number) for number in match.groups()[:3])
    has_cost = 8 * lanes <= memory <= _MAX_KIB and 1 <= passes <= _MAX_PASSES and 1 <= lanes <= _MAX_LANES
    if not has_cost or not all(map(_is_base64, match.groups()[3:])):
        raise ValueError(f"not a hash by argon2 of at most m={_MAX_KIB}, t={_MAX_PASSES}, p={_MAX_LANES}")
    return match[0]


def _is_base64(text: str) -> bool:
    """Whether a text without padding is base64 as an encoder writes it: argon2 reads no other."""
    padded = text + "=" * (-len(text) % 4)
    return len(text) % 4 != 1 and b64encode(b64decode(padded)).decode() == padded


def _check_cost(name: str, cost: int, costs: range, cell: str) -> str:
    if cost not in costs:
        raise ValueError(f"not a hash by {name} of a cost from {costs[0]} to {costs[-1]}: {cost}")
    return cell
