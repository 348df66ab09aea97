"""The room for programs: how people may take part, what they see in each state, handouts, and the links the crew shares.

What changes a room stands in its commands (:mod:`app.reports.api_commands`); here is what is read, and what comes as a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import select

from app.core.api import ROOT, Answer, Call, Content, Endpoint, Query
from app.core.errors import not_found
from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms import broadcast, handouts, modes, pictures, views
from app.rooms.api import own
from app.rooms.models import Webinar
from app.rooms.models_people import Handout, Notice
from app.rooms.modes import Modes
from app.rooms.room import Room, open_room

_EXTRA = 64 * 1024
UPLOADS = (
    (re.compile(ROOT + r"/webinars/[\w-]{20}/states/[a-z]{1,10}/picture"), pictures.UPLOAD_MAX + _EXTRA),
    (re.compile(ROOT + r"/webinars/[\w-]{20}/handouts"), handouts.SIZE_MAX + _EXTRA),
)
"""Addresses that take more than the body limit."""
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")


class HandoutContent(Content, frozen=True, kw_only=True):
    """A file for the audience."""

    id: str
    title: str
    type: str
    bytes: int
    at: datetime


class NoticeShown(Content, frozen=True, kw_only=True):
    """A notice of the crew that stands in the room."""

    id: str
    text: str
    button_text: str
    button_url: str
    until: datetime | None
    at: datetime


class StateShown(Content, frozen=True, kw_only=True):
    """What people see in one state of the broadcast; `picture` is its address."""

    text: str
    picture: str | None


class RoomContent(Content, frozen=True, kw_only=True):
    """A room as it is set. `modes` has everything decided for each phase; `words` hold what somebody writes for the crew to look at."""

    broadcast: str
    recording: bool
    in_step: bool
    modes: dict[str, Modes]
    words: list[str]
    states: dict[str, StateShown]
    notices: list[NoticeShown]
    handouts: list[HandoutContent]


class LinkList(Content, frozen=True, kw_only=True):
    """Links by what they open."""

    links: dict[str, str]


class HandoutQuery(Query, frozen=True, kw_only=True):
    """What the audience reads beside the file."""

    title: Annotated[str, Meta(max_length=120)] = ""


class RoomApi:
    """Endpoints of the room."""

    def __init__(self, vault: Vault, tokens: Tokens, shelf: Shelf, origin: str) -> None:
        self._vault = vault
        self._tokens = tokens
        self._shelf = shelf
        self._origin = origin

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, may, tag = "/webinars/{webinar}", Permission.ROOM_SETTINGS, "Room"
        picture = of + "/states/{state}/picture"
        return [
            Endpoint(method="GET", path=of + "/room", name="readRoom", summary="How the room is set, and what people see in each state",
                     tag=tag, needs=may, handler=self.read, answer=RoomContent),
            Endpoint(method="PUT", path=picture, name="setStatePicture", summary="The picture of a state; `any` is shown where a state has none",
                     tag=tag, needs=may, handler=self.set_picture, again=self.read, upload=PICTURE_TYPES, answer=RoomContent),
            Endpoint(method="DELETE", path=picture, name="removeStatePicture", summary="No picture in a state", tag=tag, needs=may,
                     handler=self.remove_picture, again=self.read, answer=RoomContent),
            Endpoint(method="POST", path=of + "/handouts", name="addHandout", summary="Hand a file out: PDF, picture or plain text",
                     tag=tag, needs=may, handler=self.add_handout, again=self.handout, query=HandoutQuery,
                     upload=("application/pdf", "text/plain", *PICTURE_TYPES), answer=HandoutContent, status=201),
            Endpoint(method="GET", path=of + "/links", name="readLinks", summary="Links of the views: hall, speaker, overlay", tag=tag,
                     needs=may, handler=self.links, answer=LinkList),
            Endpoint(method="POST", path=of + "/links", name="renewLinks", summary="New links of the views; the old ones stop", tag=tag,
                     needs=may, handler=self.renew, again=self.links, answer=LinkList),
        ]  # fmt: skip

    async def read(self, call: Call[Any]) -> Answer:
        """As it is now."""
        row = await own(call)
        notices = select(Notice).where(Notice.webinar_id == row.id, ~Notice.gone).order_by(Notice.at)
        files = select(Handout).where(Handout.webinar_id == row.id, ~Handout.gone).order_by(Handout.at)
        content = RoomContent(
            broadcast=row.broadcast,
            recording=row.recording,
            in_step=row.in_step,
            modes={phase: modes.modes_of(row, phase) for phase in modes.PHASES},
            words=list(row.words),
            states={state: self._state(row, state) for state in pictures.STATES},
            notices=[_notice(one) for one in (await call.session.execute(notices)).scalars()],
            handouts=[_handout(one) for one in (await call.session.execute(files)).scalars()],
        )
        return Answer(content=content)

    async def set_picture(self, call: Call[bytes]) -> Answer:
        """Checked and made anew, as the page does; everybody in the room sees it at once."""
        await own(call)
        body = await pictures.remake(call.body)
        room = await self._room(call)
        await pictures.put(room, call.path["state"], body)
        return await self._announced(call, room)

    async def remove_picture(self, call: Call[Any]) -> Answer:
        """Also where there is none."""
        room = await self._room(call)
        await pictures.take_away(room, call.path["state"])
        return await self._announced(call, room)

    async def add_handout(self, call: Call[bytes]) -> Answer:
        """Its content says what it is; metadata goes. It is removed by the command `handout.remove`."""
        await own(call)
        cleaned = await handouts.clean(call.body)
        made = await handouts.add(await self._room(call), self._vault, self._shelf, call.query.title, cleaned)
        return Answer(content=_handout(made), thing=made.id)

    async def handout(self, call: Call[Any]) -> Answer:
        """The one the same request added before."""
        made = await call.session.get(Handout, call.path["thing"])
        if made is None or made.gone:
            raise not_found()
        return Answer(content=_handout(made))

    async def links(self, call: Call[Any]) -> Answer:
        """Empty until the crew, or this API, made some."""
        return self._links(await own(call))

    async def renew(self, call: Call[Any]) -> Answer:
        """What was opened by an old one closes."""
        return self._links(await views.marked(call.unit, (await own(call)).id, renew=True))

    async def _room(self, call: Call[Any]) -> Room:
        return await open_room(call.unit, self._vault, (await own(call)).id)

    async def _announced(self, call: Call[Any], room: Room) -> Answer:
        broadcast.announce(room)
        await call.session.flush()
        return await self.read(call)

    def _state(self, row: Webinar, state: str) -> StateShown:
        picture = row.picture if state == "any" else row.state_pictures.get(state)
        address = f"{self._origin}/w/{row.slug}/pictures/{picture}" if picture else None
        return StateShown(text=row.state_texts.get(state, ""), picture=address)

    def _links(self, row: Webinar) -> Answer:
        made = views.VIEWS if row.views_mark else ()
        found = {view: f"{self._origin}/w/{row.slug}/{view}?key={views.key(self._tokens, row, view)}" for view in made}
        return Answer(content=LinkList(links=found))


def _notice(row: Notice) -> NoticeShown:
    return NoticeShown(
        id=row.id, text=row.text, button_text=row.button_text, button_url=row.button_url, until=row.until, at=row.at
    )


def _handout(row: Handout) -> HandoutContent:
    return HandoutContent(id=row.id, title=row.title, type=row.type, bytes=row.size, at=row.at)
