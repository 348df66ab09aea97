"""Languages: catalogues, the reader's choice, and dates in the reader's format.

English text is the key. Catalogues are gettext ``.po`` files in ``locales/``, read at start without a compile step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.dates import format_datetime, format_time
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parents[2] / "locales"
SOURCE = "en"


@lru_cache
def languages() -> tuple[str, ...]:
    """Languages there are catalogues for, English first."""
    found = sorted(path.stem for path in LOCALES.glob("*.po")) if LOCALES.is_dir() else []
    return (SOURCE, *(lang for lang in found if lang != SOURCE))


@lru_cache
def catalogue(lang: str) -> Mapping[str, str]:
    """English text → text of ``lang``; empty for English."""
    path = LOCALES / f"{lang}.po"
    if lang == SOURCE or not path.is_file():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string and not m.fuzzy}


def translate(lang: str, text: str, params: Mapping[str, object] | None = None) -> str:
    """``text`` in ``lang`` with its ``{names}`` filled."""
    said = catalogue(lang).get(text, text)
    return said.format(**params) if params else said


def choose(header: str, offered: tuple[str, ...] | None = None) -> str:
    """The best language for an ``Accept-Language`` header (RFC 9110 §12.5.4). Nothing of it is kept."""
    offered = offered or languages()
    wanted: list[tuple[float, str]] = []
    for part in header[:200].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), name.split("-")[0].lower()))
        except ValueError:
            continue
    for _, name in sorted(wanted):
        if name in offered:
            return name
    return SOURCE


def zone(name: str) -> ZoneInfo:
    """The time zone, UTC for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@lru_cache
def zones() -> tuple[str, ...]:
    """Names of all time zones people would choose."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right")))
    return (*sorted(places), "UTC")


def long_date(at: datetime, lang: str, zone_name: str) -> str:
    """Weekday, date, time and zone."""
    local = at.astimezone(zone(zone_name))
    day = format_datetime(local, "EEEE d MMMM y, HH:mm", locale=lang)
    return f"{day} ({zone_name.replace('_', ' ')})"


def clock_time(at: datetime, lang: str, zone_name: str) -> str:
    """Hours and minutes."""
    return format_time(at.astimezone(zone(zone_name)), "HH:mm", locale=lang)
