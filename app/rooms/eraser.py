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
from app.rooms import chat
from app.rooms.models import Message, Webinar
from app.rooms.room import open_room

CHUNK = 500


class RoomEraser:
    """Implements :class:`app.privacy.erase.Eraser`."""

    name = "rooms"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def begin(self, work: Work, target: Target) -> None:
        """Close the sockets of whom it concerns; a webinar that goes lets nobody in any more."""
        async with work.unit() as unit:
            if target.kind in ("participant", "selection"):
                for person in target.persons:
                    unit.announce(Kick(target.webinar_id, Close.ERASED, person=person))
            elif target.kind != "participants":
                await self._shut(unit, target)

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Tombstones for the messages of persons; for all participants an empty room in a new epoch."""
        if target.kind == "participants":
            return {"messages": await self._empty(work, target.webinar_id)}
        if target.kind in ("participant", "selection"):
            return {"messages": await self._forget(work, target)}
        return {}

    async def _shut(self, unit: Unit, target: Target) -> None:
        mine: ColumnElement[bool] = Webinar.account_id == target.account_id
        if target.kind == "webinar":
            mine &= Webinar.id == target.webinar_id
        rows = (await unit.session.execute(select(Webinar.id).where(mine))).scalars().all()
        await unit.session.execute(update(Webinar).where(mine).values(data_state="purging", epoch=new_id()))
        for webinar_id in rows:
            unit.announce(Kick(webinar_id, Close.GONE, everyone=True))

    async def _empty(self, work: Work, webinar_id: str) -> int:
        async with work.unit() as unit:
            gone = await unit.session.execute(delete(Message).where(Message.webinar_id == webinar_id).returning(Message.id))
            number = len(gone.all())
            await unit.session.execute(update(Webinar).where(Webinar.id == webinar_id).values(epoch=new_id()))
            unit.announce(Kick(webinar_id, Close.OUT_OF_STEP, everyone=True))
        return number

    async def _forget(self, work: Work, target: Target) -> int:
        total = 0
        while True:
            async with work.unit() as unit:
                room = await open_room(unit, self._vault, target.webinar_id)
                theirs = (Message.webinar_id == target.webinar_id, Message.person.in_(target.persons))
                messages = (
                    (await unit.session.execute(select(Message).where(*theirs).order_by(Message.seq).limit(CHUNK)))
                    .scalars()
                    .all()
                )
                for message in messages:
                    chat.forget(room, message)
            total += len(messages)
            if len(messages) < CHUNK:
                return total
