"""Languages: catalogues, the reader's choice, and dates in the reader's format.

English text is the key. Catalogues are gettext ``.po`` files in ``locales/``, read at start without a compile step and kept
complete by ``bin/words``. A text that is neither in a template nor the text of a :class:`~app.core.errors.Problem` is marked
with :func:`words`, so that it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
from babel import Locale
from babel.dates import format_datetime, format_time
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parents[2] / "locales"
SOURCE = "en"
IN_BROWSER = "frontend/src/"


class Words(msgspec.Struct, frozen=True):
    """One language: texts, texts that count (by gettext's number of the form), and the rule that chooses the form."""

    texts: Mapping[str, str] = {}
    counted: Mapping[str, tuple[str, ...]] = {}
    form: Callable[[int], int] = lambda n: int(n != 1)
    browser: Mapping[str, object] = {}


@lru_cache
def languages() -> tuple[str, ...]:
    """Languages there are catalogues for, English first."""
    found = sorted(path.stem for path in LOCALES.glob("*.po")) if LOCALES.is_dir() else []
    return (SOURCE, *(lang for lang in found if lang != SOURCE))


@lru_cache
def own_names() -> tuple[tuple[str, str], ...]:
    """Each language with its name in itself, for those who choose."""
    return tuple((lang, (Locale.parse(lang).get_language_name(lang) or lang).capitalize()) for lang in languages())


@lru_cache
def catalogue(lang: str) -> Words:
    """All words of a language; none for English, which is the key."""
    path = LOCALES / f"{lang}.po"
    if lang == SOURCE or not path.is_file():
        return Words()
    with path.open("rb") as file:
        book = read_po(file, locale=lang)
    known = [message for message in book if message.id and not message.fuzzy and all(said(message))]
    single = {str(m.id): str(m.string) for m in known if not m.pluralizable}
    counted = {asked(m)[0]: said(m) for m in known if m.pluralizable}
    return Words(single, counted, _form_of(book), {asked(m)[0]: _for_browser(m) for m in known if _in_browser(m)})


def words(text: str) -> str:
    """Mark a text that is translated later, where it is shown. Gives it back as it is."""
    return text


class Filled(str):
    """A text whose ``{names}`` are filled already; it remembers the key and what filled it, so that it can still be translated."""

    __slots__ = ("key", "params")

    key: str
    params: Mapping[str, object]

    def __new__(cls, key: str, **params: object) -> Self:
        made = super().__new__(cls, key.format(**params))
        made.key, made.params = key, params
        return made


def translate(lang: str, text: str, params: Mapping[str, object] | None = None) -> str:
    """``text`` in ``lang`` with its ``{names}`` filled."""
    if isinstance(text, Filled):
        params = text.params
        text = text.key
    found = catalogue(lang).texts.get(text, text)
    return found.format(**params) if params else found


def translate_n(lang: str, one: str, other: str, n: int, params: Mapping[str, object] | None = None) -> str:
    """A text that counts; ``{n}`` is the number."""
    known = catalogue(lang)
    forms = known.counted.get(one)
    found = forms[min(known.form(n), len(forms) - 1)] if forms else (one if n == 1 else other)
    return found.format(**{**(params or {}), "n": n})


def asked(message: Message) -> tuple[str, ...]:
    """The English of a message: one text, or the forms for one and for many."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def said(message: Message) -> tuple[str, ...]:
    """Its translation; empty texts where there is none yet."""
    known = message.string
    return (known or "",) if isinstance(known, str | None) else tuple(form or "" for form in known)


def _form_of(book: Catalog) -> Callable[[int], int]:
    """Two forms are all these languages have; French counts zero as one."""
    return (lambda n: int(n > 1)) if "n > 1" in book.plural_expr else (lambda n: int(n != 1))


def _in_browser(message: Message) -> bool:
    return any(str(place).startswith(IN_BROWSER) for place, _line in message.locations)


def _for_browser(message: Message) -> object:
    """As ``lib/i18n.js`` reads it: by the names of ``Intl.PluralRules``."""
    forms = said(message)
    return {"one": forms[0], "other": forms[-1]} if message.pluralizable else forms[0]


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
