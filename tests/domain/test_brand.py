"""The shades of a host's colour can be read, whatever the colour is."""

from __future__ import annotations

from itertools import product

import pytest

from kajoom.domain.brand import AA, OWN_PALETTE, PNG, Logo, palette_of
from kajoom.domain.colour import contrast, mixed

LIGHT = ("#ffffff", "#f3f5f8", "#f7f9fb")
DARK = ("#18202a", "#10151c", "#141b24")
TEXTS = {LIGHT: ("#16202c", "#546173"), DARK: ("#e6ebf1", "#a3b2c4")}


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#ffffff", "#000000", 21.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert round(contrast(one, other), 2) == ratio


def test_every_text_in_a_colour_or_on_it_has_a_contrast_of_aa() -> None:
    for parts in product((0, 0x40, 0x80, 0xC0, 0xFF), repeat=3):
        palette = palette_of("#{:02x}{:02x}{:02x}".format(*parts))
        pairs = [(palette.text, palette.ground), (palette.text, palette.edge)]
        for grounds, shades in ((LIGHT, palette.light), (DARK, palette.dark)):
            pairs += product((shades.accent, shades.strong), (*grounds, shades.tint))
            pairs += product(TEXTS[grounds], [shades.tint])
        assert [pair for pair in pairs if contrast(*pair) < AA] == [], palette.ground


def test_colour_is_the_ground_as_it_is_and_its_text_black_where_white_cannot_be_read() -> None:
    yellow, red = palette_of("#ffd400"), palette_of("#e30613")
    assert (yellow.ground, yellow.text) == ("#ffd400", "#000000")
    assert (red.ground, red.text) == ("#e30613", "#ffffff")


def test_colour_that_can_be_read_as_text_stays_as_it_is() -> None:
    assert palette_of(OWN_PALETTE.ground).light.accent == OWN_PALETTE.light.accent


def test_mixture_of_two_colours() -> None:
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"
    assert mixed("#2f6196", "#ffffff", 0) == "#2f6196"


@pytest.mark.parametrize(
    ("size", "fitted", "holds_name"),
    [((600, 100), (240, 40), True), ((100, 400), (14, 56), False), ((64, 64), (56, 56), False)],
)
def test_logo_is_as_large_as_its_box_permits(size: tuple[int, int], fitted: tuple[int, int], holds_name: bool) -> None:
    logo = Logo(PNG, b"", *size)
    assert logo.fitted(240, 56) == fitted
    assert logo.holds_name is holds_name
