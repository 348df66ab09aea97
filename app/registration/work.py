"""What the background jobs of registration do: send one mail, tell everybody, let go of what was never confirmed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog
from sqlalchemy import delete, select

from app.accounts.models import Staff
from app.consent import marks
from app.core.ids import new_id
from app.core.jobs import Handler
from app.core.mail import MailNotSent, Outbox
from app.core.unit import Work
from app.privacy.vault import KeyDestroyed, Vault
from app.registration import jobs, mails, signup
from app.registration.jobs import OfWebinar, PersonMail, TestMail
from app.registration.mails import MailRoom
from app.registration.models import Invitee, MailSent, MailText, Registrant, RegistrationPolicy
from app.rooms.models import Webinar

log = structlog.get_logger(__name__)
CHUNK = 500


class RegistrationWork:
    """Handlers by kind of job."""

    def __init__(self, work: Work, vault: Vault, mailer: Outbox, room: MailRoom) -> None:
        self._work = work
        self._vault = vault
        self._mailer = mailer
        self._room = room

    def handlers(self) -> Mapping[str, Handler]:
        """Kind of job → what does it."""
        return {
            jobs.MAIL: self.mail,
            jobs.INVITE: self.invite,
            jobs.EXPIRE: self.expire,
            jobs.ROUND: self.round,
            jobs.TEST: self.test,
            jobs.MOVE_UP: self.move_up,
        }

    async def mail(self, payload: bytes) -> None:
        """One mail. Nobody there any more, no address, a closed webinar: it ends quietly."""
        ids = msgspec.json.decode(payload, type=PersonMail)
        if not self._mailer.ready:
            return
        async with self._work.read() as session:
            row = await session.get(Registrant, ids.person)
            webinar = await session.get(Webinar, ids.webinar)
            if row is None or webinar is None or row.webinar_id != ids.webinar or not row.email:
                return
            if marks.RESTRICTED in await marks.of_person(session, ids.webinar, ids.person):
                return
            try:
                box = await self._vault.box(row.webinar_id, row.id)
            except KeyDestroyed:
                return
            name = box.open_text(row.name, f"registrant.name|{row.id}") if row.name else ""
            letter = await self._room.letter(session, webinar, row, name, ids.kind, self._work.clock.now())
            to = box.open_text(row.email, f"registrant.email|{row.id}")
        if letter is None:
            return
        made = self._room.compose(letter)
        try:
            await self._mailer.send(to, made.subject, made.text, made.html, made.attachments)
        except MailNotSent as error:
            if not error.refused:
                raise
            await self._note(ids, "bounced", str(error))
        else:
            await self._note(ids, "sent", "")

    async def test(self, payload: bytes) -> None:
        """One mail as somebody invented would get it, to who asked to see it."""
        wanted = msgspec.json.decode(payload, type=TestMail)
        async with self._work.read() as session:
            webinar, member = await session.get(Webinar, wanted.webinar), await session.get(Staff, wanted.staff)
            if webinar is None or member is None or member.account_id != webinar.account_id or not self._mailer.ready:
                return
            own = await session.get(MailText, (webinar.id, wanted.kind, wanted.lang))
            letter = await mails.sample(session, webinar, wanted.kind, wanted.lang, self._work.clock.now(), own)
        made = self._room.compose(letter)
        await self._mailer.send(member.email, made.subject, made.text, made.html, made.attachments)

    async def invite(self, payload: bytes) -> None:
        """One invitation; somebody who registered meanwhile, or is off the list, gets none."""
        ids = msgspec.json.decode(payload, type=PersonMail)
        async with self._work.read() as session:
            row, webinar = await session.get(Invitee, ids.person), await session.get(Webinar, ids.webinar)
            if row is None or webinar is None or row.state == "registered" or not self._mailer.ready:
                return
            box = (await self._vault.boxes_of(ids.webinar, [row.id])).get(row.id)
            if box is None:
                return
            name = box.open_text(row.name, f"invitee.name|{row.id}") if row.name else ""
            # They are no registrant yet; the mail needs an id and a language of theirs.
            somebody = Registrant(id=row.id, webinar_id=row.webinar_id, lang=webinar.lang, zone="", mark="")
            letter = await self._room.letter(session, webinar, somebody, name, "invitation", self._work.clock.now())
            to = box.open_text(row.email, f"invitee.email|{row.id}")
        if letter is None:
            return
        made, state = self._room.compose(letter), "sent"
        try:
            await self._mailer.send(to, made.subject, made.text, made.html, made.attachments)
        except MailNotSent as error:
            if not error.refused:
                raise
            state = "bounced"
        async with self._work.unit() as unit:
            invitee = await unit.session.get(Invitee, ids.person)
            if invitee is not None and invitee.state != "registered":
                invitee.state = state

    async def round(self, payload: bytes) -> None:
        """Everybody with a seat gets a mail of this kind: one job each, so that one refusal holds up nobody."""
        job = msgspec.json.decode(payload, type=OfWebinar)
        after = ""
        while True:
            async with self._work.unit() as unit:
                query = select(Registrant).where(
                    Registrant.webinar_id == job.webinar,
                    Registrant.state.in_(_STATES.get(job.kind, ("confirmed",))),
                    Registrant.id > after,
                )
                if job.kind in ("attended", "missed"):
                    came = Registrant.attended_at.is_not(None)
                    query = query.where(came if job.kind == "attended" else ~came)
                rows = (await unit.session.execute(query.order_by(Registrant.id).limit(CHUNK))).scalars().all()
                for row in rows:
                    jobs.mail(unit, row, job.kind)
            if len(rows) < CHUNK:
                return
            after = rows[-1].id

    async def expire(self, _payload: bytes = b"") -> None:
        """Every hour: what was never confirmed goes after its week, key first, then the rows."""
        over = (Registrant.state == "pending", Registrant.expires_at <= self._work.clock.now())
        async with self._work.read() as session:
            webinars = (await session.execute(select(RegistrationPolicy.webinar_id))).scalars().all()
        for webinar_id in webinars:
            mine = (Registrant.webinar_id == webinar_id, *over)
            async with self._work.read() as session:
                persons = list((await session.execute(select(Registrant.id).where(*mine))).scalars())
            if not persons:
                continue
            await self._vault.destroy_persons(webinar_id, persons)
            for start in range(0, len(persons), CHUNK):
                async with self._work.unit() as unit:
                    some = persons[start : start + CHUNK]
                    await unit.session.execute(delete(Registrant).where(Registrant.id.in_(some), *mine))
            log.info("registration.expired", webinar=webinar_id, n=len(persons))

    async def move_up(self, payload: bytes) -> None:
        """Free places go to those who wait."""
        job = msgspec.json.decode(payload, type=OfWebinar)
        async with self._work.unit() as unit:
            if await unit.session.get(Webinar, job.webinar) is not None:
                await signup.move_up(unit, job.webinar)

    async def _note(self, ids: PersonMail, state: str, note: str) -> None:
        async with self._work.unit() as unit:
            if await unit.session.get(Registrant, ids.person) is None:
                return
            unit.session.add(
                MailSent(
                    id=new_id(),
                    webinar_id=ids.webinar,
                    person=ids.person,
                    kind=ids.kind[:40],
                    state=state,
                    note=note[:60],
                    at=unit.now,
                )
            )


_STATES = {
    "called_off": ("confirmed", "waiting", "approval", "pending"),
    "changed": ("confirmed", "waiting", "approval"),
}
