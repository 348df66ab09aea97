"""An account's accent colour, made readable: contrast is computed, so no brand colour can make text unreadable.

Contrast after WCAG 2.2, success criterion 1.4.3 (relative luminance of sRGB).
"""

from __future__ import annotations

import colorsys
import re

import msgspec

DEFAULT = "#3457d5"
TEXT_CONTRAST = 4.5
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Brand(msgspec.Struct, frozen=True):
    """The accent and the text on it for the light and the dark theme, as hex colours."""

    accent: str
    accent_text: str
    accent_dark: str
    accent_dark_text: str


def brand_of(colour: str | None) -> Brand:
    """Colours from what the account chose; the default for nothing, or for what is no colour."""
    wanted = colour if colour and _HEX.fullmatch(colour) else DEFAULT
    light = _towards(wanted, against="#ffffff", darker=True)
    dark = _towards(wanted, against="#1d1b19", darker=False)
    return Brand(light, _text_on(light), dark, _text_on(dark))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two hex colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _towards(colour: str, *, against: str, darker: bool) -> str:
    for _ in range(60):
        if contrast(colour, against) >= TEXT_CONTRAST:
            break
        hue, light, saturation = colorsys.rgb_to_hls(*_rgb(colour))
        light = light - 0.02 if darker else light + 0.02
        colour = _hex(colorsys.hls_to_rgb(hue, min(1, max(0, light)), saturation))
    return colour


def _text_on(colour: str) -> str:
    return max(("#ffffff", "#141210"), key=lambda text: contrast(text, colour))


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def is_colour(text: str) -> bool:
    """True for ``#rrggbb``."""
    return _HEX.fullmatch(text) is not None
