"""What every bench prints: machine and method, a table, and as the last line one JSON object with figures and goals."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec


class Goal(msgspec.Struct, frozen=True):
    """A figure to reach, and whether it was."""

    name: str
    value: float
    goal: float
    met: bool


class Report(msgspec.Struct, frozen=True):
    """The last line of a bench."""

    bench: str
    figures: Mapping[str, float | int | str | None]
    goals: Sequence[Goal]


def goal(name: str, value: float, limit: float, *, reach: Literal["at least", "at most"]) -> Goal:
    """A goal that is met from ``limit`` on, upward or downward."""
    return Goal(name, value, limit, value >= limit if reach == "at least" else value <= limit)


def machine() -> str:
    """What it was measured on, without naming the machine."""
    return f"{os.cpu_count()} cores {platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """``rows`` under their names, numbers to the right."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name, "")) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[column]) for line in cells)) for column, name in enumerate(names)]
    lines = [
        "  ".join(
            name.rjust(width) if column else name.ljust(width)
            for column, (name, width) in enumerate(zip(names, widths, strict=True))
        )
    ]
    lines += [
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join(lines)


def finish(
    name: str,
    method: str,
    rows: Sequence[Mapping[str, object]],
    figures: Mapping[str, float | int | str | None],
    goals: Sequence[Goal],
) -> None:
    """Print everything; the JSON line comes last."""
    print(f"bench {name} on {machine()}\n{method}\n\n{table(rows)}\n")
    for each in goals:
        print(f"{'met    ' if each.met else 'NOT MET'}  {each.name}: {_cell(each.value)} (goal {_cell(each.goal)})")
    print(msgspec.json.encode(Report(name, figures, goals)).decode())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)
