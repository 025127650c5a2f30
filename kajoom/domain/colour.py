"""Colours written ``#rrggbb``: mixtures of them, and their contrast by WCAG 2.2."""

from __future__ import annotations

from collections.abc import Iterable

BLACK, WHITE = "#000000", "#ffffff"
_STEPS = 100


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """``colour`` mixed with a ``share`` of ``other``, from 0 to 1."""
    parts = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in parts)


def text_on(ground: str, ratio: float) -> str:
    """White if its contrast with ``ground`` is at least ``ratio``, else black, whose contrast is then above 4.6."""
    return WHITE if contrast(WHITE, ground) >= ratio else BLACK


def mixed_until(colour: str, end: str, grounds: Iterable[str], ratio: float) -> str:
    """``colour`` with the smallest share of ``end`` whose contrast with each ground is at least ``ratio``."""
    grounds = tuple(grounds)
    for step in range(_STEPS + 1):
        shade = mixed(colour, end, step / _STEPS)
        if all(contrast(shade, ground) >= ratio for ground in grounds):
            return shade
    return end


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _unit(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _unit(colour: str) -> list[float]:
    return [part / 255 for part in _channels(colour)]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
