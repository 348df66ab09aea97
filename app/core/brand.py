"""An account's colour made readable: from one hex colour the roles of the stylesheet, each with enough contrast (WCAG 2.2, 1.4.3).

Hue is kept, lightness gives way. The work is done in OKLCH, where lightness is what the eye sees.
"""

from __future__ import annotations

import math
import re

import msgspec

ENOUGH = 4.5
"""Contrast that normal text needs."""

LIGHT_GROUNDS = ("#ffffff", "#fbfaf8", "#f4f2ee")
DARK_GROUNDS = ("#171512", "#211f1b", "#2e2a26")
INK = "#14110e"
PAPER = "#ffffff"

_HEX = re.compile(r"#[0-9a-fA-F]{6}")

Rgb = tuple[float, float, float]


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """What an account puts on its pages. ``accent`` is ``#rrggbb`` or empty for Lectern's own colour."""

    name: str = "Lectern"
    accent: str = ""
    logo: str = ""
    home: str = ""

    @property
    def style(self) -> str:
        """CSS of the brand for a ``<style>`` element; empty without an accent. Holds nothing but computed colours."""
        return palette(self.accent).css() if self.accent else ""

    @property
    def accent_light(self) -> str:
        """Background of buttons in mails."""
        return palette(self.accent or "#0d5b69").accent_light

    @property
    def on_accent_light(self) -> str:
        """Text on :attr:`accent_light`."""
        return palette(self.accent or "#0d5b69").on_accent_light


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The accent's roles in both themes, as ``#rrggbb``."""

    accent_light: str
    accent_hover_light: str
    on_accent_light: str
    accent_text_light: str
    accent_soft_light: str
    accent_dark: str
    accent_hover_dark: str
    on_accent_dark: str
    accent_text_dark: str
    accent_soft_dark: str

    def css(self) -> str:
        """Custom properties that ``tokens.css`` prefers to its own colours."""
        fields = msgspec.structs.asdict(self)
        return ":root{" + "".join(f"--brand-{name.replace('_', '-')}:{colour};" for name, colour in fields.items()) + "}"


def palette(accent: str) -> Palette:
    """Roles for ``accent``. Raises ``ValueError`` when it is not ``#rrggbb``."""
    if not _HEX.fullmatch(accent):
        raise ValueError("A colour is written #rrggbb.")
    lightness, chroma, hue = _to_oklch(_rgb(accent))
    soft_light = _hex(_from_oklch(0.955, min(chroma, 0.025), hue))
    soft_dark = _hex(_from_oklch(0.3, min(chroma, 0.05), hue))
    light = _distinct(lightness, chroma, hue, dark=False)
    dark = _distinct(lightness, chroma, hue, dark=True)
    return Palette(
        accent_light=_hex(light),
        accent_hover_light=_hover(light, step=-0.05),
        on_accent_light=_on(light, step=-0.05),
        accent_text_light=_readable(lightness, chroma, hue, (*LIGHT_GROUNDS, soft_light), step=-0.01),
        accent_soft_light=soft_light,
        accent_dark=_hex(dark),
        accent_hover_dark=_hover(dark, step=0.05),
        on_accent_dark=_on(dark, step=0.05),
        accent_text_dark=_readable(lightness, chroma, hue, (*DARK_GROUNDS, soft_dark), step=0.01),
        accent_soft_dark=soft_dark,
    )


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    a, b = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (a + 0.05) / (b + 0.05)


def _distinct(lightness: float, chroma: float, hue: float, *, dark: bool) -> Rgb:
    """The accent as a filled area: 3:1 against the page (WCAG 2.2, 1.4.11), and a text colour reads on it and on its hover."""
    grounds, step = (DARK_GROUNDS, 0.01) if dark else (LIGHT_GROUNDS, -0.01)
    for _ in range(101):
        colour = _from_oklch(lightness, chroma, hue)
        if min(contrast(_hex(colour), ground) for ground in grounds) >= 3 and _reads(colour, step=0.05 if dark else -0.05):
            return colour
        lightness = min(1.0, max(0.0, lightness + step))
    return _rgb(PAPER if dark else INK)


def _reads(fill: Rgb, *, step: float) -> bool:
    text = _on(fill, step=step)
    return min(contrast(text, _hex(fill)), contrast(text, _hover(fill, step=step))) >= ENOUGH


def _on(fill: Rgb, *, step: float) -> str:
    """White or ink, whichever reads better on the fill and on its hover."""
    both = (_hex(fill), _hover(fill, step=step))
    return max((PAPER, INK), key=lambda text: min(contrast(text, ground) for ground in both))


def _hover(fill: Rgb, *, step: float) -> str:
    lightness, chroma, hue = _to_oklch(fill)
    return _hex(_from_oklch(min(1.0, max(0.0, lightness + step)), chroma, hue))


def _readable(lightness: float, chroma: float, hue: float, grounds: tuple[str, ...], *, step: float) -> str:
    for _ in range(101):
        text = _hex(_from_oklch(lightness, chroma, hue))
        if min(contrast(text, ground) for ground in grounds) >= ENOUGH:
            return text
        lightness = min(1.0, max(0.0, lightness + step))
    return INK if step < 0 else PAPER


def _rgb(text: str) -> Rgb:
    return int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in colour)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _curved(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(colour: Rgb) -> tuple[float, float, float]:
    """sRGB to OKLCH (CSS Color 4, section 9)."""
    r, g, b = (_linear(part) for part in colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b_ = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b_), math.atan2(b_, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    """OKLCH to sRGB, giving up chroma until the colour exists on a screen."""
    while True:
        colour = _plain_from_oklch(lightness, chroma, hue)
        if chroma <= 0 or all(-0.001 <= part <= 1.001 for part in colour):
            red, green, blue = (_curved(min(1.0, max(0.0, part))) for part in colour)
            return red, green, blue
        chroma = max(0.0, chroma - 0.004)


def _plain_from_oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
