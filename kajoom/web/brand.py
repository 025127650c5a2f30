"""The host's logo and colour: files under /static that are made from the catalogue, named by their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask

from kajoom.domain.brand import SVG, Brand, Logo, Palette, Shades
from kajoom.models.catalog import catalog
from kajoom.models.catalog_brand import known_brand
from kajoom.web.asset import Asset, make_asset
from kajoom.web.hosts import site_prefix

FOLDER = "brand/"
"""Where these files are, below /static."""

PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""The Content-Security-Policy of a logo that is opened by itself: it may draw, and do nothing."""

_EMBLEM = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="8" fill="{}"/>
<g fill="none" stroke="{}" stroke-width="2.2" stroke-linecap="round">
<rect x="6" y="7" width="20" height="8" rx="2.5"/><rect x="6" y="17" width="20" height="8" rx="2.5"/>
<path d="M10 11h.1M10 21h.1M15 11h7M15 21h7"/></g></svg>
"""
"""What static/icons.svg draws by itself, as the icon of a tab, its ground and its lines in other colours."""


@dataclass(frozen=True, slots=True)
class BrandFiles:
    """The files of a look, each ``None`` where the catalogue says nothing: pages then have the ones of static/."""

    stylesheet: Asset | None
    icon: Asset | None
    logo: Asset | None

    def by_name(self) -> Mapping[str, Asset]:
        """The files by the name that they have below /static."""
        return {asset.name: asset for asset in (self.stylesheet, self.icon, self.logo) if asset is not None}


@dataclass(frozen=True, slots=True)
class PageBrand:
    """What the templates of a page need of a look: addresses, empty where there is nothing, and the logo's size."""

    stylesheet: str
    icon: str
    logo_url: str
    logo: Logo | None


def init_brand(app: Flask) -> None:
    """Give templates ``page_brand``: the look of the catalogue in memory, which the page has read."""
    root = f"{site_prefix(app)}/static/"

    def url(asset: Asset | None) -> str:
        return f"{root}{asset.name}" if asset is not None else ""

    @lru_cache(maxsize=2)
    def of(brand: Brand) -> PageBrand:
        files = brand_files(brand)
        return PageBrand(url(files.stylesheet), url(files.icon), url(files.logo), brand.logo)

    app.jinja_env.globals.update(page_brand=lambda: of(known_brand()))


def brand_file(name: str) -> Asset | None:
    """The file of the catalogue's look by its name below /static; the database is asked where memory has it not."""
    if not name.startswith(FOLDER):
        return None
    found = brand_files(known_brand()).by_name().get(name)
    return found or brand_files(catalog().brand).by_name().get(name)


@lru_cache(maxsize=2)
def brand_files(brand: Brand) -> BrandFiles:
    """The files of a look, made once."""
    if not brand.colour:
        return BrandFiles(None, None, _logo_file(brand.logo))
    palette = brand.palette
    emblem = _EMBLEM.format(palette.ground, palette.text)
    return BrandFiles(
        stylesheet=make_asset(f"{FOLDER}colour.css", _stylesheet(palette).encode()),
        icon=make_asset(f"{FOLDER}icon.svg", emblem.encode()),
        logo=_logo_file(brand.logo),
    )


def _logo_file(logo: Logo | None) -> Asset | None:
    if logo is None:
        return None
    return make_asset(f"{FOLDER}logo.{'svg' if logo.content_type == SVG else 'png'}", logo.content)


def _stylesheet(palette: Palette) -> str:
    """The tokens of static/style.css that have the host's colour, in the layer that they are in there."""
    ground = {"brand": palette.ground, "brand-text": palette.text, "brand-edge": palette.edge}
    light, dark = _rule({**ground, **_tokens(palette.light)}), _rule(_tokens(palette.dark))
    return f"@layer tokens {{\n{light}@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n}}\n"


def _tokens(shades: Shades) -> dict[str, str]:
    return {
        "accent": shades.accent,
        "accent-strong": shades.strong,
        "accent-tint": shades.tint,
        "accent-border": shades.border,
    }


def _rule(tokens: Mapping[str, str]) -> str:
    return ":root {\n" + "".join(f"--color-{name}: {colour};\n" for name, colour in tokens.items()) + "}\n"
