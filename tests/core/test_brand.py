"""No colour an account chooses can make text unreadable."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.brand import DARK_GROUNDS, LIGHT_GROUNDS, Brand, contrast, palette

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def test_contrast_is_that_of_the_standard() -> None:
    assert (contrast("#000000", "#ffffff"), contrast("#777777", "#777777")) == (21, 1)
    # The lightest grey that passes on white, as WCAG 2.2's technique G18 computes it.
    assert (round(contrast("#767676", "#ffffff"), 2), round(contrast("#777777", "#ffffff"), 2)) == (4.54, 4.48)


@settings(max_examples=150, deadline=None)
@given(colours)
def test_every_colour_becomes_a_readable_palette(accent: str) -> None:
    p = palette(accent)
    text = [contrast(p.accent_text_light, ground) for ground in (*LIGHT_GROUNDS, p.accent_soft_light)]
    text += [contrast(p.accent_text_dark, ground) for ground in (*DARK_GROUNDS, p.accent_soft_dark)]
    text += [contrast(p.on_accent_light, fill) for fill in (p.accent_light, p.accent_hover_light)]
    text += [contrast(p.on_accent_dark, fill) for fill in (p.accent_dark, p.accent_hover_dark)]
    shapes = [contrast(p.accent_light, ground) for ground in LIGHT_GROUNDS] + [
        contrast(p.accent_dark, ground) for ground in DARK_GROUNDS
    ]
    assert [ratio for ratio in text if ratio < 4.5] + [ratio for ratio in shapes if ratio < 3] == []


def test_a_raw_yellow_would_not_have_passed() -> None:
    """Negative control: the palette does something."""
    assert contrast("#ffcc00", "#ffffff") < 4.5
    assert contrast(palette("#ffcc00").accent_text_light, "#ffffff") >= 4.5


def test_a_readable_colour_stays_as_it_is() -> None:
    assert palette("#0d5b69").accent_light == "#0d5b69"


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#123456}body{display:none", "", "#123456\n"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="A colour is written #rrggbb"):
        palette(text)


@given(colours)
def test_the_style_holds_nothing_but_colours(accent: str) -> None:
    style = Brand(accent=accent).style
    assert re.fullmatch(r":root\{(--brand-[a-z-]+:#[0-9a-f]{6};){10}\}", style)


def test_without_an_accent_lecterns_own_colours_hold() -> None:
    assert (Brand().style, Brand().accent_light) == ("", palette("#0d5b69").accent_light)
    assert len(msgspec.structs.asdict(palette("#0d5b69"))) == 10
