"""The registrants of a webinar opened in memory, so that a list of 100,000 can be searched and sorted by what is sealed.

Read once in the background, all keys in one question, and then kept up by what changed; dropped after a while without use, and at once when anything is erased.
Nothing of it is ever written, and what a page shows is read from the database again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from app.core.unit import Work
from app.privacy.erase.eraser import Erasing
from app.privacy.vault import Box, KeyDestroyed, SealBroken, Vault
from app.registration.models import Registrant

CHUNK = 5000
BREATH = 100
"""Lines opened in a thread before it lets the event loop have its turn."""
AFTER_PAGE = 0.3
"""Seconds until a long list is opened: the page that says so goes out first."""
KEPT = 3
"""Webinars opened at the same time."""
IDLE = timedelta(minutes=15)
OVERLAP = timedelta(seconds=30)
"""A transaction may be committed a little after the time it wrote down."""


class Line(msgspec.Struct):
    """One registrant, opened."""

    person: str
    name: str
    email: str
    state: str
    made_at: datetime
    found_by: str
    """Name and address, folded: no case, no accents."""
    by_name: str
    by_email: str
    """Places in a sorted list, one text each because that sorts fastest; nothing comes last."""


ORDERS: Mapping[str, Callable[[Line], Any]] = {
    "made": lambda line: (line.made_at, line.person),
    "state": lambda line: (line.state, line.made_at),
    "name": lambda line: line.by_name,
    "email": lambda line: line.by_email,
}
LAST = "\uffff"


class _Sealed(msgspec.Struct, frozen=True):
    person: str
    name: bytes
    email: bytes
    state: str
    made_at: datetime


class _Open(msgspec.Struct):
    lines: dict[str, Line]
    seen: datetime
    used: datetime
    orders: dict[str, list[Line]] = {}
    """The lines sorted, by name of the order; made when first asked for, dropped when anything changed."""


class Directory:
    """Opened lists by webinar."""

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault
        self._open: dict[str, _Open] = {}
        self._loading: dict[str, asyncio.Task[_Open]] = {}
        self._generation = vault.generation()

    async def ordered(self, webinar_id: str, sort: str, *, patience: float) -> list[Line] | None:
        """All lines in an order, brought up to date; None when they are still being opened after ``patience`` seconds."""
        task = self._begin(webinar_id)
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done or task.cancelled():
            return None
        opened = task.result()
        if sort not in opened.orders:
            opened.orders[sort] = sorted(opened.lines.values(), key=ORDERS[sort])
        return opened.orders[sort]

    def warm(self, webinar_id: str) -> None:
        """Begin to open a list that will be searched soon."""
        if webinar_id not in self._open:
            asyncio.get_running_loop().call_later(AFTER_PAGE, self._begin, webinar_id)

    def is_open(self, webinar_id: str) -> bool:
        """Whether it only has to be brought up to date."""
        self._keep_up()
        return webinar_id in self._open

    async def heard(self, announcements: Sequence[object]) -> None:
        """Sink of announcements: what is being erased leaves the memory at once."""
        if any(isinstance(event, Erasing) for event in announcements):
            self.forget()

    def forget(self) -> None:
        """Drop everything."""
        for task in self._loading.values():
            task.cancel()
        self._open.clear()
        self._loading.clear()

    def _keep_up(self) -> None:
        """Another process may have erased somebody."""
        if (generation := self._vault.generation()) != self._generation:
            self._generation = generation
            self.forget()

    def _begin(self, webinar_id: str) -> asyncio.Task[_Open]:
        self._keep_up()
        task = self._loading.get(webinar_id)
        if task is None or task.done():
            task = self._loading[webinar_id] = asyncio.create_task(self._brought_up(webinar_id))
            # Whoever waits hears of an error; if nobody does, the next one tries again.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    def _drop(self, webinar_id: str) -> None:
        self._open.pop(webinar_id, None)
        if (task := self._loading.get(webinar_id)) is not None and task.done():
            del self._loading[webinar_id]

    def _drop_idle(self) -> None:
        now = self._work.clock.now()
        for webinar_id in [one for one, opened in self._open.items() if now - opened.used >= IDLE]:
            self._drop(webinar_id)

    async def _brought_up(self, webinar_id: str) -> _Open:
        self._drop_idle()
        now = self._work.clock.now()
        opened = self._open.get(webinar_id) or _Open({}, datetime(2000, 1, 1, tzinfo=UTC), now)
        since = opened.seen - OVERLAP
        await self._read(webinar_id, opened, since)
        opened.seen = opened.used = now
        self._open[webinar_id] = opened
        while len(self._open) > KEPT:
            self._drop(min(self._open, key=lambda one: self._open[one].used))
        asyncio.get_running_loop().call_later(IDLE.total_seconds() + 1, self._drop_idle)
        return opened

    async def _read(self, webinar_id: str, opened: _Open, since: datetime) -> None:
        query = select(Registrant.id, Registrant.name, Registrant.email, Registrant.state, Registrant.made_at)
        query = query.where(Registrant.webinar_id == webinar_id, Registrant.changed_at >= since)
        after, changed = "", False
        boxes: dict[str, Box] = {}
        with contextlib.suppress(KeyDestroyed):
            boxes = {} if opened.lines else await self._vault.boxes(webinar_id)
        try:
            while True:
                async with self._work.read() as session:
                    rows = (await session.execute(query.where(Registrant.id > after).order_by(Registrant.id).limit(CHUNK))).all()
                missing = [row.id for row in rows if row.id not in boxes]
                if missing:
                    boxes |= await self._vault.boxes_of(webinar_id, missing)
                changed = await asyncio.to_thread(_take, rows, boxes, opened.lines) or changed
                if len(rows) < CHUNK:
                    break
                after = rows[-1].id
        except KeyDestroyed:
            return
        if changed:
            opened.orders.clear()


def fold(text: str) -> str:
    """Without case and accents, so that a search finds however it is written."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))


def _take(rows: Sequence[Any], boxes: Mapping[str, Box], lines: dict[str, Line]) -> bool:
    """Open rows into ``lines``, in a thread; says whether anything is new or another."""
    changed = False
    for number, row in enumerate(rows):
        if number % BREATH == 0:
            time.sleep(0.0005)
        sealed = _Sealed(*row)
        box = boxes.get(sealed.person)
        line = _line(sealed, box) if box else None
        if line is not None and lines.get(line.person) != line:
            lines[line.person], changed = line, True
    return changed


def _line(row: _Sealed, box: Box) -> Line | None:
    try:
        name = box.open_text(row.name, f"registrant.name|{row.person}") if row.name else ""
        email = box.open_text(row.email, f"registrant.email|{row.person}") if row.email else ""
    except SealBroken:
        return None
    plain_name, plain_email = fold(name), fold(email)
    places = (f"{plain_name or LAST}\0{row.person}", f"{plain_email or LAST}\0{row.person}")
    return Line(row.person, name, email, row.state, row.made_at, f"{plain_name} {plain_email}", *places)
