"""Registrants as staff and other features see them: pages of a list, single ones with their answers, changes by hand and by API."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, invalid, not_found
from app.core.ids import new_id
from app.core.outbox import happened
from app.core.unit import Unit
from app.privacy.vault import Box, Vault
from app.registration import answers, jobs, signup
from app.registration.answers import Answers, Context, Raw
from app.registration.directory import Directory, fold
from app.registration.form import Plan, load
from app.registration.models import Answer, FormField, Registrant
from app.registration.signup import Newcomer, Outcome, seal_into
from app.rooms.models import Webinar

PER_PAGE = 50
SORTS = ("made", "name", "email", "state")
PATIENCE = 0.15
SMALL = 5000
"""A list that opens while a page can wait for it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One registrant, opened. ``answers`` maps the short names of questions to what is stored; a file is its name."""

    person: str
    name: str
    shown_name: str
    email: str
    state: str
    source: str
    lang: str
    zone: str
    made_at: datetime
    attended_at: datetime | None
    answers: dict[str, str]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which registrants, in which order."""

    text: str = ""
    states: tuple[str, ...] = ()
    sort: str = "made"
    down: bool = True
    page: int = 1


class Listed(msgspec.Struct, frozen=True):
    """One page of the list; ``rows`` is None while the list is still being opened for search."""

    rows: list[Row] | None
    total: int
    pages: int
    counts: dict[str, int]


async def search(session: AsyncSession, vault: Vault, directory: Directory, webinar_id: str, query: Query) -> Listed:
    """A page of the list. What needs no opened words comes straight from the database."""
    counts = await by_state(session, webinar_id)
    total = sum(number for state, number in counts.items() if not query.states or state in query.states)
    if not needs_opening(query):
        persons = await _page_by_database(session, webinar_id, query)
    else:
        soon = directory.is_open(webinar_id) or sum(counts.values()) <= SMALL
        if not soon:
            directory.warm(webinar_id)
        found = await matching(directory, webinar_id, query) if soon else None
        if found is None:
            return Listed(None, total, 1, counts)
        total, persons = len(found), found[(query.page - 1) * PER_PAGE : query.page * PER_PAGE]
    rows = await of_persons(session, vault, webinar_id, persons)
    return Listed(rows, total, max(1, -(-total // PER_PAGE)), counts)


def needs_opening(query: Query) -> bool:
    """Whether only opened words can answer it."""
    return bool(query.text) or query.sort not in ("made", "state")


async def matching(directory: Directory, webinar_id: str, query: Query, *, patience: float = PATIENCE) -> list[str] | None:
    """Ids of all that match, in order; None while the list is being opened."""
    lines = await directory.ordered(webinar_id, query.sort if query.sort in SORTS else "made", patience=patience)
    if lines is None:
        return None
    if query.states:
        lines = [line for line in lines if line.state in query.states]
    for word in fold(query.text).split():
        lines = [line for line in lines if word in line.found_by]
    return [line.person for line in (reversed(lines) if query.down else lines)]


async def all_of(session: AsyncSession, directory: Directory, webinar_id: str, query: Query) -> list[str]:
    """Ids of everybody the query means, for an action on all of them."""
    if query.text:
        return await matching(directory, webinar_id, query, patience=60) or []
    chosen = select(Registrant.id).where(Registrant.webinar_id == webinar_id)
    if query.states:
        chosen = chosen.where(Registrant.state.in_(query.states))
    return list((await session.execute(chosen)).scalars())


async def known(session: AsyncSession, webinar_id: str, persons: Collection[str]) -> list[str]:
    """Those of ``persons`` who registered for this webinar: ids of others are dropped."""
    found: list[str] = []
    wanted = list(persons)
    for start in range(0, len(wanted), 500):
        query = select(Registrant.id).where(Registrant.webinar_id == webinar_id, Registrant.id.in_(wanted[start : start + 500]))
        found += (await session.execute(query)).scalars()
    return found


async def by_state(session: AsyncSession, webinar_id: str) -> dict[str, int]:
    """How many there are in each state."""
    query = select(Registrant.state, func.count()).where(Registrant.webinar_id == webinar_id).group_by(Registrant.state)
    return {row[0]: row[1] for row in await session.execute(query)}


async def own(session: AsyncSession, vault: Vault, webinar_id: str, person: str) -> Row:
    """One registrant. Raises 404 for one who is not of this webinar."""
    rows = await of_persons(session, vault, webinar_id, [person])
    if not rows:
        raise not_found()
    return rows[0]


async def of(session: AsyncSession, vault: Vault, webinar_id: str, *, chunk: int = 500) -> AsyncIterator[Row]:
    """Everybody, in the order of their ids, a few hundred in memory at a time."""
    after = ""
    while True:
        query = select(Registrant.id).where(Registrant.webinar_id == webinar_id, Registrant.id > after)
        persons = list((await session.execute(query.order_by(Registrant.id).limit(chunk))).scalars())
        for row in await of_persons(session, vault, webinar_id, persons):
            yield row
        if len(persons) < chunk:
            return
        after = persons[-1]


async def of_persons(session: AsyncSession, vault: Vault, webinar_id: str, persons: Sequence[str]) -> list[Row]:
    """The registrants with these ids, in this order; whose key was destroyed is not among them."""
    if not persons:
        return []
    query = select(Registrant).where(Registrant.webinar_id == webinar_id, Registrant.id.in_(persons))
    found = {row.id: row for row in (await session.execute(query)).scalars()}
    boxes = await vault.boxes_of(webinar_id, found)
    given = await _answers(session, boxes, list(found))
    return [
        _opened(found[person], boxes[person], given.get(person, {})) for person in persons if person in found and person in boxes
    ]


async def upsert(
    unit: Unit, vault: Vault, webinar: Webinar, raw: Raw, who: Newcomer, *, plan: Plan | None = None
) -> tuple[Outcome, bool]:
    """Register somebody, or change the answers of who has this address already; says whether they are new."""
    plan = plan or await load(unit.session, webinar.id)
    found = answers.read(plan, raw, Context(now=unit.now, lang=who.lang, staff=who.source in signup.TRUSTED))
    if found.email:
        index = (await vault.box(webinar.id)).blind(found.email, "registrant.email")
        row = await signup.by_index(unit, webinar.id, index)
        if row is not None and row.state not in ("cancelled", "denied"):
            await _replace(unit, vault, webinar, row, found)
            if row.state == "pending":
                await signup.decide(unit, webinar.id, [row.id], approve=True)
            return Outcome(row.state, row), False
    return await signup.register(unit, vault, webinar, plan, found, who), True


async def correct(unit: Unit, vault: Vault, webinar: Webinar, person: str, raw: Raw, *, staff: bool = False) -> Registrant:
    """Change name, address and answers. A new address must not be somebody else's here."""
    row = await signup.one(unit, webinar.id, person)
    plan = await load(unit.session, webinar.id)
    found = answers.read(plan, raw, Context(now=unit.now, lang=row.lang, staff=staff))
    index = (await vault.box(webinar.id)).blind(found.email, "registrant.email") if found.email else None
    if index is not None and index != row.email_index:
        if await signup.by_index(unit, webinar.id, index) is not None:
            raise invalid({"email": "This address cannot be used here."})
        row.mark = new_id()
    row.email_index = index
    await _replace(unit, vault, webinar, row, found)
    happened(unit, "participant.rectified", account_id=webinar.account_id, webinar_id=webinar.id, person=row.id)
    return row


async def raw_of(session: AsyncSession, vault: Vault, webinar_id: str, person: str) -> dict[str, list[str]]:
    """What a registrant answered, as a form would send it."""
    row = await own(session, vault, webinar_id, person)
    sent: dict[str, list[str]] = {"name": [row.name], "email": [row.email]}
    for identifier, stored in row.answers.items():
        sent[f"q_{identifier}"] = [stored]
    return sent


async def _replace(unit: Unit, vault: Vault, webinar: Webinar, row: Registrant, found: Answers) -> None:
    seal_into(row, await vault.box(webinar.id, row.id), name=found.name, email=found.email)
    row.changed_at = unit.now
    # A file that was not sent again stays.
    files = select(FormField.id).where(FormField.webinar_id == webinar.id, FormField.kind == "file")
    kept = set((await unit.session.execute(files)).scalars()) - set(found.values)
    await unit.session.execute(delete(Answer).where(Answer.registrant_id == row.id, Answer.field_id.not_in(kept)))
    await signup.keep(unit, vault, row, found)
    happened(unit, "registration.updated", account_id=webinar.account_id, webinar_id=webinar.id, person=row.id)
    await unit.session.flush()


async def _page_by_database(session: AsyncSession, webinar_id: str, query: Query) -> list[str]:
    chosen = select(Registrant.id).where(Registrant.webinar_id == webinar_id)
    if query.states:
        chosen = chosen.where(Registrant.state.in_(query.states))
    columns = [Registrant.state, Registrant.made_at] if query.sort == "state" else [Registrant.made_at]
    order = [column.desc() if query.down else column.asc() for column in columns]
    return list((await session.execute(chosen.order_by(*order).limit(PER_PAGE).offset((query.page - 1) * PER_PAGE))).scalars())


async def _answers(session: AsyncSession, boxes: Mapping[str, Box], persons: Sequence[str]) -> dict[str, dict[str, str]]:
    query = select(Answer, FormField.identifier, FormField.kind).join(FormField, FormField.id == Answer.field_id)
    found: dict[str, dict[str, str]] = {}
    for answer, identifier, kind in (await session.execute(query.where(Answer.registrant_id.in_(persons)))).all():
        box = boxes.get(answer.registrant_id)
        if box is None:
            continue
        where = f"{answer.registrant_id},{answer.field_id}"
        column = "file_name" if kind == "file" else "value"
        blob = answer.file_name if kind == "file" else answer.value
        found.setdefault(answer.registrant_id, {})[identifier] = box.open_text(blob, f"answer.{column}|{where}") if blob else ""
    return found


def _opened(row: Registrant, box: Box, given: dict[str, str]) -> Row:
    def text(column: str) -> str:
        blob = getattr(row, column)
        return box.open_text(blob, f"registrant.{column}|{row.id}") if blob else ""

    return Row(
        person=row.id,
        name=text("name"),
        shown_name=text("shown_name"),
        email=text("email"),
        state=row.state,
        source=row.source,
        lang=row.lang,
        zone=row.zone,
        made_at=row.made_at,
        attended_at=row.attended_at,
        answers=given,
    )


class SentFile(msgspec.Struct, frozen=True):
    """A file that was an answer."""

    name: str
    data: bytes

    @property
    def quoted(self) -> str:
        """Its name for a header (RFC 8187)."""
        return quote(self.name, safe="")


async def sent_file(session: AsyncSession, vault: Vault, webinar_id: str, person: str, field_id: str) -> SentFile:
    """A file somebody sent. Raises 404 for what is not there."""
    row = await session.get(Answer, (person, field_id))
    registrant = await session.get(Registrant, person)
    boxes = await vault.boxes_of(webinar_id, [person])
    if row is None or registrant is None or registrant.webinar_id != webinar_id or person not in boxes:
        raise not_found()
    where = f"{person},{field_id}"
    data = base64.b64decode(boxes[person].open(row.value, f"answer.value|{where}"))
    return SentFile(boxes[person].open_text(row.file_name, f"answer.file_name|{where}"), data)


async def renew_link(unit: Unit, webinar_id: str, person: str) -> None:
    """A new personal link, by mail; the old ones open nothing any more."""
    row = await signup.one(unit, webinar_id, person)
    if not row.email:
        raise Problem("registrant.no_address", "There is no address to send the link to.", status=409)
    row.mark, row.changed_at = new_id(), unit.now
    jobs.mail(unit, row, jobs.ALREADY.get(row.state, "already"))
