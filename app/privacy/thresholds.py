"""Statistics that tell of nobody: cells under five are hidden, and others with them where a total would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

FLOOR = 5

K = TypeVar("K", bound=Hashable)


def hide_small(cells: Mapping[K, int], floor: int = FLOOR) -> dict[K, int | None]:
    """Counts with every cell between 0 and ``floor`` as None, safe to show beside their total.

    One hidden cell could be worked out from the total, and so could hidden cells that sum to less than ``floor`` people; then
    the smallest shown cells are hidden too, until neither is so.
    """
    hidden = {key for key, count in cells.items() if 0 < count < floor}
    shown = sorted((key for key in cells if key not in hidden and cells[key]), key=lambda key: cells[key])
    while hidden and shown and (len(hidden) < 2 or sum(cells[key] for key in hidden) < floor):
        hidden.add(shown.pop(0))
    return {key: None if key in hidden else count for key, count in cells.items()}


def total(cells: Mapping[K, int], floor: int = FLOOR) -> int | None:
    """The sum of all cells, or None when it tells of fewer than ``floor``, or of one hidden cell alone."""
    number = sum(cells.values())
    safe = hide_small(cells, floor)
    hidden = [cells[key] for key, count in safe.items() if count is None]
    if 0 < number < floor or (hidden and (len(hidden) < 2 or sum(hidden) < floor)):
        return None
    return number
