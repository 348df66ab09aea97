"""Statistics that tell of nobody: cells under five are hidden, and others with them where a total would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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


def hide_small_table(rows: Sequence[Sequence[int]], floor: int = FLOOR) -> list[list[int | None]]:
    """A table of counts, safe to show beside the totals of its rows and columns."""
    table = [list(row) for row in rows]
    hidden = {(r, c) for r, row in enumerate(table) for c, count in enumerate(row) if 0 < count < floor}
    while more := _one_more(table, hidden, floor):
        hidden.add(more)
    return [[None if (r, c) in hidden else count for c, count in enumerate(row)] for r, row in enumerate(table)]


def _one_more(table: Sequence[Sequence[int]], hidden: set[tuple[int, int]], floor: int) -> tuple[int, int] | None:
    """A cell that must be hidden because its row or column hides too little; None when all do."""
    height, width = len(table), max(map(len, table), default=0)
    lines = [[(r, c) for c in range(len(table[r]))] for r in range(height)]
    lines += [[(r, c) for r in range(height) if c < len(table[r])] for c in range(width)]
    for line in lines:
        inside = [cell for cell in line if cell in hidden]
        if inside and (len(inside) < 2 or sum(table[r][c] for r, c in inside) < floor):
            open_cells = [(table[r][c], (r, c)) for r, c in line if (r, c) not in hidden and table[r][c]]
            if open_cells:
                return min(open_cells)[1]
    return None
