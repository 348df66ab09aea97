"""What the crew does with polls: prepare, schedule, open, close, show. The first vote locks what is asked; a copy corrects it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import func, select

from app.core.errors import Problem
from app.core.i18n import words
from app.core.ids import new_id
from app.core.outbox import happened
from app.live.seat import Seat
from app.privacy import voters
from app.protocol.commands.polls import PollChange, PollMake
from app.protocol.entities import PollItem, PollOption
from app.rooms import due
from app.rooms.models_polls import Poll
from app.rooms.poll_view import items_of, told
from app.rooms.polls import one
from app.rooms.room import Room
from app.rooms.texts import clean, one_line

OPEN, CLOSE = "poll.open", "poll.close"
ITEMS, OPTIONS, TEXT, TITLE = 30, 30, 300, 200
SECONDS = (5, 24 * 3600)
WITH_OPTIONS = ("single", "several", "ranking", "quiz")
KINDS = (*WITH_OPTIONS, "rating", "text", "words")
RESULTS = ("always", "voted", "closed", "crew")
PLACES = ("sidebar", "screen")
MOST = {"rating": (2, 10, 5), "words": (1, 5, 3)}
"""Least, most and usual ``max`` of what has no answers to choose from."""


async def make(room: Room, seat: Seat, wanted: PollMake) -> Poll:
    """Prepare a poll."""
    poll = await _new(room, wanted.title, checked(wanted.items), anonymous=wanted.anonymous)
    await _set(room, poll, results=wanted.results, place=wanted.place, seconds=wanted.seconds, opens_at=wanted.opens_at)
    await _changed(room, poll, seat)
    return poll


async def change(room: Room, seat: Seat, wanted: PollChange) -> int:
    """Change it, as long as nobody voted."""
    poll = await one(room, wanted.poll)
    if wanted.version is not None and wanted.version != poll.version:
        name = room.box.open_text(poll.by_name, f"poll.by_name|{poll.id}") if poll.by_name else ""
        raise Problem(
            "poll.conflict",
            "{name} was faster. Look at what the poll is now, and try again.",
            status=409,
            params={"name": name or "Somebody"},
        )
    if poll.voters or poll.state in ("closed", "archived"):
        raise Problem("poll.locked", "Somebody has voted, so this poll cannot change. Copy it to correct it.", status=409)
    if wanted.items is not None:
        poll.items = msgspec.to_builtins(checked(wanted.items))
    if wanted.title is not None:
        poll.title = one_line(wanted.title, TITLE)
    if wanted.anonymous is not None and poll.state != "open":
        poll.anonymous = wanted.anonymous
    await _set(room, poll, results=wanted.results, place=wanted.place, seconds=wanted.seconds, opens_at=wanted.opens_at)
    return await _changed(room, poll, seat)


async def copy(room: Room, seat: Seat, poll_id: str) -> Poll:
    """A draft that asks the same."""
    old = await one(room, poll_id)
    poll = await _new(room, old.title, items_of(old), anonymous=old.anonymous)
    poll.results, poll.place, poll.seconds, poll.copied_from = old.results, old.place, old.seconds, old.id
    await _changed(room, poll, seat)
    return poll


async def open_poll(room: Room, seat: Seat | None, poll_id: str, seconds: int | None) -> int:
    """Let people vote, for some seconds or until it is closed. ``seat`` None: it opens by itself."""
    poll = await one(room, poll_id)
    if poll.state == "open":
        return poll.seq
    if poll.state == "closed" and poll.anonymous:
        raise Problem("poll.state", "An anonymous poll that was closed cannot open again. Copy it.", status=409)
    if poll.state not in ("draft", "scheduled", "closed"):
        raise Problem("poll.state", "This cannot be done with this poll as it is now.", status=409)
    if seconds is not None:
        _check_seconds(seconds)
    lasts = seconds or poll.seconds
    poll.state, poll.opened_at, poll.closed_at = "open", room.unit.now, None
    poll.opens_at = None
    poll.closes_at = room.unit.now + timedelta(seconds=lasts) if lasts else None
    await due.never(room, OPEN, poll.id)
    if poll.closes_at:
        await due.at(room, CLOSE, poll.id, poll.closes_at)
    return await _changed(room, poll, seat)


async def close(room: Room, seat: Seat | None, poll_id: str) -> int:
    """No more votes; results stay. Who voted in an anonymous one can never be said again."""
    poll = await one(room, poll_id)
    if poll.state == "closed":
        return poll.seq
    if poll.state != "open":
        raise Problem("poll.state", "This cannot be done with this poll as it is now.", status=409)
    poll.state, poll.closed_at, poll.closes_at = "closed", room.unit.now, None
    await due.never(room, CLOSE, poll.id)
    if poll.anonymous:
        await voters.close(room.unit, room.row.id, poll.id)
    happened(room.unit, "poll.closed", account_id=room.row.account_id, webinar_id=room.row.id, poll=poll.id)
    return await _changed(room, poll, seat)


async def due_open(room: Room, poll_id: str) -> None:
    """Done by the pulse at the scheduled time."""
    poll = await room.unit.session.get(Poll, poll_id)
    if poll is not None and poll.state == "scheduled":
        await open_poll(room, None, poll_id, None)


async def due_close(room: Room, poll_id: str) -> None:
    """Done by the pulse when the time is over."""
    poll = await room.unit.session.get(Poll, poll_id)
    if poll is not None and poll.state == "open" and poll.closes_at is not None and poll.closes_at <= room.unit.now:
        await close(room, None, poll_id)


async def remove(room: Room, seat: Seat, poll_id: str) -> int:
    """Remove a draft; what was voted on is archived instead."""
    poll = await one(room, poll_id)
    if poll.state not in ("draft", "scheduled"):
        raise Problem("poll.state", "Only a draft can be removed. Archive the poll instead.", status=409)
    await due.never(room, OPEN, poll.id)
    poll.state, poll.items, poll.title = "removed", [], ""
    return await _changed(room, poll, seat)


async def archive(room: Room, seat: Seat, poll_id: str, archived: bool) -> int:
    """Put it away, or bring it back."""
    poll = await one(room, poll_id)
    if archived and poll.state == "open":
        await close(room, seat, poll_id)
    if archived:
        await due.never(room, OPEN, poll.id)
        poll.state = "archived"
    elif poll.state == "archived":
        poll.state = "closed" if poll.closed_at else "draft"
    return await _changed(room, poll, seat)


async def set_place(room: Room, seat: Seat, poll_id: str, place: str) -> int:
    """On the screen for everyone, or in the sidebar."""
    poll = await one(room, poll_id)
    await _set(room, poll, place=place)
    return await _changed(room, poll, seat)


async def set_results(room: Room, seat: Seat, poll_id: str, results: str) -> int:
    """Who sees results."""
    poll = await one(room, poll_id)
    await _set(room, poll, results=results)
    return await _changed(room, poll, seat)


def checked(items: list[PollItem]) -> list[PollItem]:
    """Questions fit to be asked, with ids. Raises for what does not fit."""
    if not 1 <= len(items) <= ITEMS:
        raise _unfit(words("Ask between 1 and 30 questions."))
    ids = _ids([item.id for item in items])
    return [msgspec.structs.replace(_item(item), id=name) for item, name in zip(items, ids, strict=True)]


def _item(item: PollItem) -> PollItem:
    text, names = clean(item.text), _ids([option.id for option in item.options])
    if item.kind not in KINDS or not 0 < len(text) <= TEXT:
        raise _unfit(words("Write a question of at most 300 characters."))
    options = [PollOption(clean(option.text), name) for option, name in zip(item.options, names, strict=True)]
    if item.kind in WITH_OPTIONS:
        if not 2 <= len(options) <= OPTIONS or not all(0 < len(option.text) <= TEXT for option in options):
            raise _unfit(words("Offer between 2 and 30 answers, each with a text."))
    elif options:
        raise _unfit(words("This kind of question has no answers to choose from."))
    if not set(item.right) <= set(names) or (item.kind == "quiz") != bool(item.right):
        raise _unfit(words("Say which answers of the quiz are right."))
    low, high, usual = MOST.get(item.kind, (0, len(options), 0))
    most = item.max or usual
    if not low <= most <= high or not 0 <= item.min <= (most or len(options)):
        raise _unfit(words("The numbers of this question do not fit."))
    labels = [one_line(label) for label in item.labels[:2]]
    return msgspec.structs.replace(item, text=text, options=options, max=most, labels=labels)


def _ids(given: list[str]) -> list[str]:
    """Names of questions or answers: their own, or their place."""
    free = iter([name for number in range(1, 2 * len(given) + 1) if (name := str(number)) not in given])
    ids = [name or next(free) for name in given]
    if len(set(ids)) != len(ids) or any(len(name) > 20 for name in ids):
        raise _unfit(words("Two parts of this poll have the same name."))
    return ids


async def _new(room: Room, title: str, items: list[PollItem], *, anonymous: bool) -> Poll:
    await room.unit.session.flush()
    query = select(func.coalesce(func.max(Poll.number), 0)).where(Poll.webinar_id == room.row.id)
    poll = Poll(
        id=new_id(),
        webinar_id=room.row.id,
        seq=0,
        number=int((await room.unit.session.execute(query)).scalar_one()) + 1,
        title=one_line(title, TITLE),
        items=msgspec.to_builtins(items),
        state="draft",
        anonymous=anonymous,
        results="voted",
        place="sidebar",
        seen=False,
        voters=0,
        version=0,
        by_id="",
        by_name=b"",
        made_at=room.unit.now,
    )
    room.unit.session.add(poll)
    return poll


async def _set(
    room: Room,
    poll: Poll,
    *,
    results: str | None = None,
    place: str | None = None,
    seconds: int | None = None,
    opens_at: int | None = None,
) -> None:
    if (results or RESULTS[0]) not in RESULTS or (place or PLACES[0]) not in PLACES:
        raise _unfit(words("This choice is not known here."))
    poll.results, poll.place = results or poll.results, place or poll.place
    if seconds is not None:
        # Nought takes the timer away.
        poll.seconds = _check_seconds(seconds) if seconds else None
    if opens_at is not None and poll.state in ("draft", "scheduled"):
        poll.opens_at = datetime.fromtimestamp(opens_at / 1000, UTC) if 0 < opens_at < 32503680000000 else None
        poll.state = "scheduled" if poll.opens_at else "draft"
        if poll.opens_at:
            await due.at(room, OPEN, poll.id, poll.opens_at)
        else:
            await due.never(room, OPEN, poll.id)


def _check_seconds(seconds: int) -> int:
    low, high = SECONDS
    if not low <= seconds <= high:
        raise _unfit(words("Let a poll run between 5 seconds and a day."))
    return seconds


async def _changed(room: Room, poll: Poll, seat: Seat | None) -> int:
    poll.seq, poll.version = room.next_seq(), poll.version + 1
    if seat is not None:
        poll.by_id, poll.by_name = seat.person, room.box.seal(seat.name or "", f"poll.by_name|{poll.id}")
    await told(room, poll)
    return poll.seq


def _unfit(text: str) -> Problem:
    return Problem("poll.form", text, status=422)
