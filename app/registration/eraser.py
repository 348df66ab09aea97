"""Registration's part of an erasure: waiting jobs about a person go, a last mail says so, and freed places go to those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
import structlog
from sqlalchemy import delete, select

from app.core.jobs import Job
from app.core.mail import MailNotSent, Outbox
from app.core.unit import Unit, Work
from app.privacy.scope import Target
from app.privacy.vault import SealBroken, Vault
from app.registration import jobs
from app.registration.mails import MailRoom
from app.registration.models import Registrant, RegistrationPolicy
from app.rooms.models import Webinar

log = structlog.get_logger(__name__)
TOLD = 20
"""A few people erased are told by mail; a clearing of hundreds is the organiser's own to announce."""


class Letter(msgspec.Struct, frozen=True):
    """A last mail. It waits in the erasure's own memory, sealed under a key that goes with the certificate."""

    to: str
    subject: str
    text: str
    html: str


class RegistrationEraser:
    """Implements :class:`app.privacy.erase.eraser.Eraser` and its ``Telling``."""

    name = "registration"

    def __init__(self, vault: Vault, mailer: Outbox, room: MailRoom) -> None:
        self._vault = vault
        self._mailer = mailer
        self._room = room

    def ask(self, unit: Unit, target: Target) -> None:
        """Nothing of ours is open."""

    async def begin(self, work: Work, target: Target) -> None:
        """Nobody has to be kept out: the key is gone."""

    async def remember(self, unit: Unit, target: Target) -> bytes:
        """The last mails, written while name and address can still be read."""
        if target.kind not in ("participant", "selection") or len(target.persons) > TOLD or not self._mailer.ready:
            return b""
        letters = [letter for person in target.persons if (letter := await self._letter(unit, target.webinar_id, person))]
        return msgspec.msgpack.encode(letters) if letters else b""

    async def tell(self, remembered: bytes) -> bytes:
        """Send them all at once; returns those that the mail server will perhaps take later."""
        letters = msgspec.msgpack.decode(remembered, type=list[Letter])
        sent = await asyncio.gather(*(self._send(letter) for letter in letters))
        left = [letter for letter, gone in zip(letters, sent, strict=True) if not gone]
        return msgspec.msgpack.encode(left) if left else b""

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Jobs name persons by id; those of the erased go. Rows go by themselves."""
        if target.kind not in ("participant", "selection"):
            return {}
        persons = {person.encode() for person in target.persons}
        async with work.unit() as unit:
            query = select(Job.id, Job.payload).where(Job.about == target.webinar_id, Job.kind.in_((jobs.MAIL, jobs.INVITE)))
            gone = [row.id for row in await unit.session.execute(query) if any(person in row.payload for person in persons)]
            for start in range(0, len(gone), 500):
                await unit.session.execute(delete(Job).where(Job.id.in_(gone[start : start + 500])))
            if await unit.session.get(RegistrationPolicy, target.webinar_id) is not None:
                jobs.move_up_soon(unit, target.webinar_id)
        return {"jobs": len(gone)}

    async def _letter(self, unit: Unit, webinar_id: str, person: str) -> Letter | None:
        row, webinar = await unit.session.get(Registrant, person), await unit.session.get(Webinar, webinar_id)
        if row is None or webinar is None or row.webinar_id != webinar_id or not row.email or row.state == "pending":
            return None
        box = (await self._vault.boxes_of(webinar_id, [person])).get(person)
        if box is None:
            return None
        try:
            name = box.open_text(row.name, f"registrant.name|{row.id}") if row.name else ""
            to = box.open_text(row.email, f"registrant.email|{row.id}")
        except SealBroken:
            return None
        letter = await self._room.letter(unit.session, webinar, row, name, "erased", unit.now)
        if letter is None:
            return None
        made = self._room.compose(letter)
        return Letter(to, made.subject, made.text, made.html)

    async def _send(self, letter: Letter) -> bool:
        """False for a mail that may go another time."""
        try:
            await self._mailer.send(letter.to, letter.subject, letter.text, letter.html)
        except MailNotSent as error:
            log.warning("registration.not_told", refused=error.refused)
            return error.refused
        return True
