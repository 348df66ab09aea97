"""The rooms' part of an erasure: closed sockets, tombstones on every screen, and a new epoch where nothing may be replayed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, delete, select, update

from app.core.ids import new_id
from app.core.unit import Unit, Work
from app.live.change import Kick
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.protocol.codes import Close
from app.rooms import chat, hands, polls, questions
from app.rooms.models import Message, Webinar
from app.rooms.models_polls import Ballot, PollText
from app.rooms.models_questions import Question
from app.rooms.room import open_room

CHUNK = 500


class RoomEraser:
    """Implements :class:`app.privacy.erase.Eraser`."""

    name = "rooms"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def ask(self, unit: Unit, target: Target) -> None:
        """Sockets of erased persons close with the commit that asks for it, before any job runs."""
        for person in target.persons:
            unit.announce(Kick(target.webinar_id, Close.ERASED, person=person))

    async def begin(self, work: Work, target: Target) -> None:
        """Close the sockets of whom it concerns; a webinar that goes lets nobody in any more."""
        async with work.unit() as unit:
            self.ask(unit, target)
            if target.kind in ("webinar", "account"):
                await self._shut(unit, target)

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Tombstones for the messages and questions of persons; for all participants an empty room in a new epoch."""
        if target.kind == "participants":
            return await self._empty(work, target.webinar_id)
        if target.kind in ("participant", "selection"):
            return await self._forget(work, target)
        return {}

    async def _shut(self, unit: Unit, target: Target) -> None:
        mine: ColumnElement[bool] = Webinar.account_id == target.account_id
        if target.kind == "webinar":
            mine &= Webinar.id == target.webinar_id
        rows = (await unit.session.execute(select(Webinar.id).where(mine))).scalars().all()
        await unit.session.execute(update(Webinar).where(mine).values(data_state="purging", epoch=new_id()))
        for webinar_id in rows:
            unit.announce(Kick(webinar_id, Close.GONE, everyone=True))

    async def _empty(self, work: Work, webinar_id: str) -> dict[str, int]:
        gone: dict[str, int] = {}
        async with work.unit() as unit:
            for name, table in (("messages", Message), ("questions", Question), ("ballots", Ballot), ("texts", PollText)):
                theirs = delete(table).where(table.webinar_id == webinar_id).returning(table.id)
                gone[name] = len((await unit.session.execute(theirs)).all())
            await unit.session.execute(update(Webinar).where(Webinar.id == webinar_id).values(epoch=new_id()))
            unit.announce(Kick(webinar_id, Close.OUT_OF_STEP, everyone=True))
        return gone

    async def _forget(self, work: Work, target: Target) -> dict[str, int]:
        total = asked = ballots = 0
        while True:
            async with work.unit() as unit:
                room = await open_room(unit, self._vault, target.webinar_id)
                mine = Message.person.in_(target.persons) | Message.partner.in_(target.persons)
                theirs = (Message.webinar_id == target.webinar_id, mine)
                messages = (
                    (await unit.session.execute(select(Message).where(*theirs).order_by(Message.seq).limit(CHUNK)))
                    .scalars()
                    .all()
                )
                for message in messages:
                    message.partner = "gone" if message.partner else None
                    await chat.forget(room, message)
                await chat.forget_reactions(room, target.persons)
                await hands.forget_person(room, target.persons)
                forgotten = await questions.forget_person(room, target.persons)
                ballots += await polls.forget_person(room, target.persons)
                # Whoever came back before the key was gone must not go on.
                self.ask(unit, target)
            total += len(messages)
            asked += forgotten
            if len(messages) < CHUNK:
                return {"messages": total, "questions": asked, "ballots": ballots}
