"""What the demo's participants asked and answered in the live webinar, so that room and console are not empty."""

from __future__ import annotations

from app.core.ids import new_id
from app.core.permissions import Role, permissions_of
from app.core.unit import Unit
from app.live.seat import Seat
from app.moderation import polls as crew_polls
from app.moderation import questions as crew
from app.privacy.vault import Vault
from app.protocol.commands.polls import PollMake
from app.protocol.entities import PollItem, PollOption
from app.rooms import polls, questions
from app.rooms.models import Webinar
from app.rooms.poll_view import items_of
from app.rooms.room import Room, open_room

OPEN = (("Hana", "How do they find a hive that was moved?", 7), ("Ivo", "Does wind change the angle of the dance?", 4))
WAITING = (
    ("Kofi", "How far do they fly on a cold day?", "audience"),
    ("Lucía", "Is there a book you would recommend?", ""),
    ("Jun", "What about bumblebees?", ""),
)
PLACES = ("At home", "At work or in class", "Outdoors")
VOTES = (0, 0, 0, 1, 1, 0, 2)


async def fill(unit: Unit, vault: Vault, row: Webinar, moderator: tuple[str, str]) -> None:
    """Questions in several states, one on screen, one answered, and a running poll."""
    room = await open_room(unit, vault, row.id)
    seat = Seat(row.id, moderator[0], Role.MODERATOR, moderator[1], permissions_of(Role.MODERATOR), "crew")
    asked = [await _open(room, seat, name, text, votes) for name, text, votes in OPEN]
    answered = await _open(room, seat, "Femke", "Could you show the map again later?", 2)
    await crew.answer(room, seat, answered, "Yes, in the last five minutes.", private=False, version=None)
    await crew.show(room, seat, asked[1], on=True)
    for name, text, anonymous in WAITING:
        await questions.ask(room, _guest(room), text=text, name=name, ref=new_id(), anonymous=anonymous)
    await _poll(room, seat)


async def _open(room: Room, seat: Seat, name: str, text: str, votes: int) -> str:
    asked = await questions.ask(room, _guest(room), text=text, name=name, ref=new_id(), anonymous="")
    await crew.approve(room, seat, asked.id, None)
    for _ in range(votes):
        await questions.vote(room, _guest(room), asked.id, on=True)
    return asked.id


async def _poll(room: Room, seat: Seat) -> None:
    item = PollItem(kind="single", text="Where are you watching from?", options=[PollOption(text=place) for place in PLACES])
    poll = await crew_polls.make(room, seat, PollMake(id=0, items=[item]))
    await crew_polls.open_poll(room, seat, poll.id, None)
    known = items_of(poll)[0]
    for place in VOTES:
        answers = {known.id: known.options[place].id}
        await polls.vote(room, _guest(room), poll.id, answers, "", new_id())


def _guest(room: Room) -> Seat:
    return Seat(room.row.id, new_id(), Role.PARTICIPANT, None, permissions_of(Role.PARTICIPANT), "audience")
