"""What happened, as those outside saw it, and the questions that are asked of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Problems(NamedTuple):
    """All that is wrong; empty when nothing is."""

    lost: list[str]
    """Acknowledged, and not in the database."""
    doubled: list[str]
    """In the database more than once."""
    renumbered: list[str]
    """Acknowledged with another number than it has."""
    gaps: list[int]
    """Room numbers that nothing has."""
    unseen: list[str]
    """In the database, and not on a screen that is up to date."""
    invented: list[str]
    """On a screen, and not in the database."""
    misordered: list[str]
    """Screens whose order is not that of the database."""


def check(acked: Mapping[str, int], stored: Sequence[tuple[int, str]], screens: Mapping[str, Sequence[str]]) -> Problems:
    """``acked``: text → number of the answer; ``stored``: number and text; ``screens``: texts in the order of each reader."""
    number_of: dict[str, int] = {}
    doubled = []
    for number, text in stored:
        if text in number_of:
            doubled.append(text)
        number_of[text] = number
    order = [text for _, text in sorted(stored)]
    numbers = sorted(number for number, _ in stored)
    return Problems(
        lost=[text for text in acked if text not in number_of],
        doubled=doubled,
        renumbered=[text for text, number in acked.items() if text in number_of and number_of[text] != number],
        gaps=sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers)) if numbers else [],
        unseen=[f"{name}: {text}" for name, seen in screens.items() for text in order if text not in set(seen)],
        invented=[f"{name}: {text}" for name, seen in screens.items() for text in seen if text not in number_of],
        misordered=[
            name
            for name, seen in screens.items()
            if [text for text in order if text in set(seen)] != [t for t in seen if t in number_of]
        ],
    )
