"""How a host is recognised: its logo and its colour, and the shades of the colour that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from kajoom.domain.colour import BLACK, WHITE, mixed, mixed_until, text_on

AA = 4.5
"""The least contrast of text, by WCAG 2.2, 1.4.3."""

_IN_THE_DARK = 6.0
"""What is asked on dark grounds, where the same ratio is harder to read."""

SVG, PNG = "image/svg+xml", "image/png"

_LIGHT_GROUNDS = ("#f3f5f8", "#f7f9fb", WHITE)
_DARK_GROUNDS = ("#10151c", "#141b24", "#18202a")
"""What text stands on, from static/style.css; the last one is that of cards."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture of the host, ``content_type`` being ``image/svg+xml`` or ``image/png``; its size is in pixels."""

    content_type: str
    content: bytes
    width: int
    height: int

    @property
    def holds_name(self) -> bool:
        """Whether it is so wide that it has the host's name in it; a symbol has the name beside it."""
        return self.width >= 2 * self.height

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Its width and height in pixels when it is as large as a box permits."""
        scale = min(width / self.width, height / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


@dataclass(frozen=True, slots=True)
class Shades:
    """The shades of one scheme: of text and marks, of those under the pointer, of a ground, of a border."""

    accent: str
    strong: str
    tint: str
    border: str


@dataclass(frozen=True, slots=True)
class Palette:
    """The colour as a ground, the text on it, the other end of a gradient from it, and the shades of both schemes."""

    ground: str
    text: str
    edge: str
    light: Shades
    dark: Shades


OWN_PALETTE = Palette(
    ground="#2f6196",
    text=WHITE,
    edge="#1d4468",
    light=Shades("#2f6196", "#24517a", "#eaf1f8", "#bcd2e8"),
    dark=Shades("#8ab4e0", "#a9c8ea", "#1d2b3a", "#31506e"),
)
"""That of static/style.css, for a host that names no colour."""


@dataclass(frozen=True, slots=True)
class Brand:
    """What a host's catalogue says of its look; ``email_logo`` is a PNG, since mail programs show no SVG."""

    colour: str = ""
    logo: Logo | None = None
    email_logo: Logo | None = None

    @property
    def palette(self) -> Palette:
        """The shades of the colour."""
        return palette_of(self.colour) if self.colour else OWN_PALETTE

    @property
    def logo_of_emails(self) -> Logo | None:
        """The logo that mail programs can show, if there is one."""
        return self.email_logo or (self.logo if self.logo and self.logo.content_type == PNG else None)


@lru_cache(maxsize=8)
def palette_of(colour: str) -> Palette:
    """Shades of a colour ``#rrggbb`` whose contrast is that of WCAG 2.2, AA, whatever the colour is.

    As a ground the colour is used as it is, with white or black text; as text it is darkened on light grounds and
    lightened on dark ones, as far as it must be.
    """
    text = text_on(colour, AA)
    return Palette(
        ground=colour,
        text=text,
        edge=mixed(colour, BLACK if text == WHITE else WHITE, 0.3),
        light=_shades(colour, BLACK, _LIGHT_GROUNDS, AA),
        dark=_shades(colour, WHITE, _DARK_GROUNDS, _IN_THE_DARK),
    )


def _shades(colour: str, end: str, grounds: tuple[str, ...], ratio: float) -> Shades:
    """Shades with at least a contrast on some grounds, and on one that has a little of the colour in it."""
    paper = grounds[-1]
    tint = mixed(colour, paper, 0.88)
    accent = mixed_until(colour, end, (*grounds, tint), ratio)
    return Shades(accent, mixed(accent, end, 0.2), tint, mixed(accent, paper, 0.64))
