"""What a participant loads before the player stays small; whoever makes it larger has to say so here."""

from __future__ import annotations

from pathlib import Path

from app.core.assets import Assets

ASSETS = Assets(Path(__file__).resolve().parents[2] / "frontend")
ROOM_STYLES = ("styles/main.css", "styles/pages/room.css")
MODULES = 26
BYTES = 70 * 1024


def test_the_room_is_light_before_the_player() -> None:
    weight = ASSETS.weight("src/pages/room.js", *ROOM_STYLES)
    assert weight.own <= MODULES, weight
    assert weight.size <= BYTES, weight


def test_the_player_library_comes_later() -> None:
    """Modules are counted, so the largest one must not be among them; Lit shows that libraries are counted at all."""
    at_once = ASSETS.preloads("src/pages/room.js")
    assert any("lit" in url for url in at_once)
    assert not [url for url in at_once if "hls" in url]
