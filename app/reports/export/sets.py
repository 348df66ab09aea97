"""What can be exported of a webinar: each set its columns and its rows, read in pages of the primary key at flat memory.

Without names, nothing that says who somebody is leaves: no name, no address, no free text of a form. Whoever restricted their data is
left out of every set. Everything is asked at the moment of reading, so a withdrawal or an erasure shows in the very next row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select

from app.consent import items, marks, records
from app.consent.items import RECORDING
from app.consent.models import ConsentEvent, ConsentItem
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Box, SealBroken, Vault
from app.registration import form as forms
from app.registration import kinds
from app.registration.form import Field
from app.registration.models import Answer, Registrant
from app.reports.export.formats import Cell
from app.rooms.models import Message, Webinar
from app.rooms.models_questions import Question

PAGE = 1000
PLAIN = ("choice", "multiple", "boolean", "number", "country", "date", "time", "moment")
"""Kinds of answers that also leave without names."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which set of which webinar, how, and for whom."""

    webinar: Webinar
    named: bool
    lang: str
    permissions: frozenset[Permission]
    persons: frozenset[str] | None = None
    """These registrants only; everybody, if not said."""


class Table(msgspec.Struct, frozen=True):
    """Columns and the rows that will come."""

    columns: list[str]
    rows: AsyncIterator[Sequence[Cell]]


class Source:
    """Where the sets read from."""

    def __init__(self, work: Work, vault: Vault) -> None:
        self.work = work
        self.vault = vault

    async def pages(self, query: Select[Any], key: Any) -> AsyncIterator[list[Any]]:
        """The rows of ``query`` in pages by ``key``, each in a short transaction of its own."""
        after: ColumnElement[bool] | None = None
        while True:
            some = query if after is None else query.where(after)
            async with self.work.read() as session:
                rows = list((await session.execute(some.order_by(key).limit(PAGE))).scalars())
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            after = key > getattr(rows[-1], key.key)

    async def free(self, webinar_id: str, rows: list[Any], person: str) -> tuple[list[Any], dict[str, Box]]:
        """The rows of people who did not restrict their data, and the boxes that open them."""
        async with self.work.read() as session:
            held = await marks.restricted(session, webinar_id)
        kept = [row for row in rows if getattr(row, person) not in held]
        return kept, await self.vault.boxes_of(webinar_id, {getattr(row, person) for row in kept})


def opened(box: Box | None, blob: bytes, aad: str) -> str:
    """A sealed text; empty when its key is gone."""
    if box is None or not blob:
        return ""
    try:
        return box.open_text(blob, aad)
    except SealBroken:
        return ""


async def registrants(source: Source, wanted: Wanted) -> Table:
    """Who registered, with their answers."""
    async with source.work.read() as session:
        plan = await forms.load(session, wanted.webinar.id)
    fields = [
        field
        for field in plan.fields
        if forms.may_see(field, wanted.permissions) and field.kind != "file" and (wanted.named or field.kind in PLAIN)
    ]
    columns = ["id", *(["name", "email"] if wanted.named else []), "state", "source", "language", "registered"]
    columns += ["attended"] if plan.policy.attendance else []
    columns += [field.identifier if field.identifier not in columns else f"answer_{field.identifier}" for field in fields]
    return Table(columns, _registrant_rows(source, wanted, fields, plan.policy.attendance))


async def _registrant_rows(
    source: Source, wanted: Wanted, fields: list[Field], attendance: bool
) -> AsyncIterator[Sequence[Cell]]:
    query = select(Registrant).where(Registrant.webinar_id == wanted.webinar.id)
    if wanted.persons is not None and len(wanted.persons) <= PAGE // 2:
        query = query.where(Registrant.id.in_(wanted.persons))
    async for page in source.pages(query, Registrant.id):
        mine = [row for row in page if wanted.persons is None or row.id in wanted.persons]
        rows, boxes = await source.free(wanted.webinar.id, mine, "id")
        answers = await _answers(source, rows, fields, boxes)
        async with source.work.read() as session:
            against = await marks.objected(session, wanted.webinar.id)
        for row in rows:
            box = boxes.get(row.id)
            if box is None:
                continue
            who = [opened(box, row.name, f"registrant.name|{row.id}"), opened(box, row.email, f"registrant.email|{row.id}")]
            said = answers.get(row.id, {})
            yield [
                row.id,
                *(who if wanted.named else []),
                row.state,
                row.source,
                row.lang,
                row.made_at,
                *([row.attended_at] if attendance else []),
                *(
                    # Who objected (Art. 21) is not used where the basis is an interest of the organiser.
                    ""
                    if row.id in against and field.basis == "legitimate_interests"
                    else kinds.show(field, said.get(field.id, ""), wanted.lang)
                    for field in fields
                ),
            ]


async def _answers(source: Source, rows: list[Any], fields: list[Field], boxes: dict[str, Box]) -> dict[str, dict[str, str]]:
    if not fields or not rows:
        return {}
    query = select(Answer).where(Answer.registrant_id.in_([row.id for row in rows]), Answer.field_id.in_([f.id for f in fields]))
    found: dict[str, dict[str, str]] = {}
    async with source.work.read() as session:
        for answer in (await session.execute(query)).scalars():
            aad = f"answer.value|{answer.registrant_id},{answer.field_id}"
            text = opened(boxes.get(answer.registrant_id), answer.value, aad)
            found.setdefault(answer.registrant_id, {})[answer.field_id] = text
    return found


async def consents(source: Source, wanted: Wanted) -> Table:
    """Where everybody stands on every consent now."""
    columns = ["id", *(["name", "email"] if wanted.named else []), "purpose", "words", "state", "since", "language", "method"]
    return Table([*columns, "text_sha256"], _consent_rows(source, wanted))


async def _consent_rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    texts = await _item_words(source, wanted)
    query = records.newest(ConsentEvent.webinar_id == wanted.webinar.id)
    async for page in source.pages(query, ConsentEvent.id):
        rows, boxes = await source.free(wanted.webinar.id, page, "person")
        who = await _who(source, rows, boxes) if wanted.named else {}
        for row in rows:
            yield [
                row.person,
                *(who.get(row.person, ("", "")) if wanted.named else ()),
                row.purpose,
                texts.get(row.item_id, ""),
                row.state,
                row.at,
                row.lang,
                row.method,
                row.text_hash,
            ]


async def _item_words(source: Source, wanted: Wanted) -> dict[str, str]:
    async with source.work.read() as session:
        query = select(ConsentItem).where(ConsentItem.webinar_id == wanted.webinar.id)
        found = {row.id: items.shown_item(row, wanted.lang).label for row in (await session.execute(query)).scalars()}
    return {**found, RECORDING: items.recording_text(wanted.lang)}


async def _who(source: Source, rows: list[Any], boxes: dict[str, Box]) -> dict[str, tuple[str, str]]:
    query = select(Registrant).where(Registrant.id.in_({row.person for row in rows}))
    async with source.work.read() as session:
        known = (await session.execute(query)).scalars().all()
    return {
        row.id: (
            opened(boxes.get(row.id), row.name, f"registrant.name|{row.id}"),
            opened(boxes.get(row.id), row.email, f"registrant.email|{row.id}"),
        )
        for row in known
    }


async def attendance(source: Source, wanted: Wanted) -> Table:
    """Who came and who did not; only where the organiser switched it on before, so that the form said so."""
    columns = ["id", *(["name", "email"] if wanted.named else []), "state", "attended", "first_seen"]
    return Table(columns, _attendance_rows(source, wanted))


async def _attendance_rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    query = select(Registrant).where(Registrant.webinar_id == wanted.webinar.id, Registrant.state == "confirmed")
    async for page in source.pages(query, Registrant.id):
        rows, boxes = await source.free(wanted.webinar.id, page, "id")
        for row in rows:
            box = boxes.get(row.id)
            if box is not None:
                who = [opened(box, row.name, f"registrant.name|{row.id}"), opened(box, row.email, f"registrant.email|{row.id}")]
                came = row.attended_at is not None
                yield [row.id, *(who if wanted.named else []), row.state, came, row.attended_at]


async def chat(source: Source, wanted: Wanted) -> Table:
    """Everything said in the chat that was not removed."""
    columns = ["at", *(["person", "name"] if wanted.named else []), "role", "text", "edited", "state", "reply_to", "id"]
    return Table(columns, _chat_rows(source, wanted))


async def _chat_rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    query = select(Message).where(Message.webinar_id == wanted.webinar.id, Message.lane == "audience", Message.state != "removed")
    async for page in source.pages(query, Message.seq):
        rows, boxes = await source.free(wanted.webinar.id, page, "person")
        for row in rows:
            box = boxes.get(row.person)
            if box is not None:
                name = opened(box, row.name, f"message.name|{row.id}")
                text = opened(box, row.text, f"message.text|{row.id}")
                who = (row.person, name) if wanted.named else ()
                yield [row.at, *who, row.role, text, row.edited, row.state, row.reply_to, row.id]


async def questions(source: Source, wanted: Wanted) -> Table:
    """All questions with their answers."""
    columns = ["number", "at", *(["person", "name"] if wanted.named else []), "text", "answer", "state", "votes", "label"]
    return Table([*columns, "merged_into", "id"], _question_rows(source, wanted))


async def _question_rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    query = select(Question).where(Question.webinar_id == wanted.webinar.id, Question.state != "withdrawn")
    async for page in source.pages(query, Question.number):
        rows, boxes = await source.free(wanted.webinar.id, page, "person")
        for row in rows:
            box = boxes.get(row.person)
            if box is not None:
                # Asked without a name means without a name here too.
                name = "" if row.anonymous else opened(box, row.name, f"question.name|{row.id}")
                who = ("" if row.anonymous else row.person, name) if wanted.named else ()
                text = opened(box, row.text, f"question.text|{row.id}")
                answer = opened(box, row.answer, f"question.answer|{row.id}")
                yield [row.number, row.at, *who, text, answer, row.state, row.votes, row.label, row.merged_into, row.id]
