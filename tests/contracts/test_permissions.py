"""Who may send which command: every one of the table, for everybody who could try. A command without a row here fails.

A row says who is let through to the verb, which may still find nothing to do. Muted people are participants who may not write. Nobody
without a ticket, nobody banned, no participant of another webinar and no admin of another account gets anywhere, with any command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.permissions import Role
from app.live.seat import Refusal, Seat
from app.moderation import people
from app.rooms.models import Webinar
from app.rooms.room import open_room
from tests.support.product import Product

P, R, M = "participant", "presenter", "moderator"
EVERYBODY, CREW, MODERATORS = (P, R, M), (R, M), (M,)
WRITING = {"chat.say", "chat.private", "chat.edit", "question.ask", "question.edit", "hand.raise"}
"""What muted people may not do."""

Row = tuple[tuple[str, ...], Mapping[str, Any]]
MESSAGE, QUESTION, POLL, OWN_MESSAGE, OWN_QUESTION, NOBODY = (
    "$message",
    "$question",
    "$poll",
    "$own_message",
    "$own_question",
    "$id",
)
ITEM = {"kind": "text", "text": "Why?"}

ROWS: dict[str, Row] = {
    "broadcast.set": (CREW, {"to": "live"}),
    "chat.edit": (EVERYBODY, {"message": OWN_MESSAGE, "text": "Better"}),
    "chat.hide": (MODERATORS, {"message": MESSAGE, "hidden": True}),
    "chat.mode": (MODERATORS, {"mode": "stored"}),
    "chat.pin": (MODERATORS, {"message": MESSAGE, "pinned": True}),
    "chat.private": ((P,), {"text": "Help"}),
    "chat.react": (EVERYBODY, {"message": MESSAGE, "emoji": "👍", "on": True}),
    "chat.refuse": (MODERATORS, {"message": MESSAGE}),
    "chat.release": (MODERATORS, {"message": MESSAGE}),
    "chat.remove": (EVERYBODY, {"message": OWN_MESSAGE}),
    "chat.say": (EVERYBODY, {"text": "Hello"}),
    "decision.undo": (MODERATORS, {"decision": NOBODY}),
    "hand.accept": (EVERYBODY, {}),
    "hand.decline": (EVERYBODY, {}),
    "hand.dismiss": (MODERATORS, {"hand": NOBODY}),
    "hand.dismiss_all": (MODERATORS, {}),
    "hand.invite": (MODERATORS, {"hand": NOBODY}),
    "hand.lower": (EVERYBODY, {}),
    "hand.raise": (EVERYBODY, {"name": "N"}),
    "handout.open": (EVERYBODY, {"handout": NOBODY}),
    "handout.remove": (MODERATORS, {"handout": NOBODY}),
    "notice.post": (MODERATORS, {"text": "Soon"}),
    "notice.set": (MODERATORS, {"state": "paused", "text": "Back soon"}),
    "notice.withdraw": (MODERATORS, {"notice": NOBODY}),
    "person.ban": (MODERATORS, {"person": "$victim"}),
    "person.mute": (MODERATORS, {"person": "$victim"}),
    "person.unban": (MODERATORS, {"restriction": NOBODY}),
    "person.unmute": (MODERATORS, {"restriction": NOBODY}),
    "poll.archive": (MODERATORS, {"poll": POLL, "archived": True}),
    "poll.change": (MODERATORS, {"poll": POLL, "title": "Another"}),
    "poll.close": (MODERATORS, {"poll": POLL}),
    "poll.copy": (MODERATORS, {"poll": POLL}),
    "poll.look": (EVERYBODY, {"poll": POLL}),
    "poll.make": (MODERATORS, {"items": [ITEM]}),
    "poll.open": (MODERATORS, {"poll": POLL}),
    "poll.place": (MODERATORS, {"poll": POLL, "place": "screen"}),
    "poll.remove": (MODERATORS, {"poll": POLL}),
    "poll.results": (MODERATORS, {"poll": POLL, "results": "crew"}),
    "poll.vote": (EVERYBODY, {"poll": POLL, "answers": {"1": "So"}}),
    "question.answer": (MODERATORS, {"question": QUESTION, "text": "So"}),
    "question.approve": (MODERATORS, {"question": QUESTION}),
    "question.archive": (MODERATORS, {"questions": [QUESTION], "archived": True}),
    "question.ask": (EVERYBODY, {"text": "Why?", "name": "N"}),
    "question.claim": (MODERATORS, {"question": QUESTION}),
    "question.edit": (EVERYBODY, {"question": OWN_QUESTION, "text": "Why not?"}),
    "question.follow_up": (MODERATORS, {"question": QUESTION, "on": True}),
    "question.from_message": (MODERATORS, {"message": MESSAGE}),
    "question.hide": (MODERATORS, {"question": QUESTION}),
    "question.label": (MODERATORS, {"question": QUESTION, "label": "honey"}),
    "question.merge": (MODERATORS, {"question": QUESTION, "into": NOBODY}),
    "question.move": (MODERATORS, {"question": QUESTION}),
    "question.next": (MODERATORS, {}),
    "question.reject": (MODERATORS, {"question": QUESTION}),
    "question.release": (MODERATORS, {"question": QUESTION}),
    "question.reopen": (MODERATORS, {"question": QUESTION}),
    "question.rewrite": (MODERATORS, {"question": QUESTION, "text": "Better?"}),
    "question.show": (MODERATORS, {"question": QUESTION, "on": True}),
    "question.star": (MODERATORS, {"question": QUESTION, "on": True}),
    "question.take": (MODERATORS, {"question": QUESTION, "on": True}),
    "question.unmerge": (MODERATORS, {"question": QUESTION}),
    "question.vote": (EVERYBODY, {"question": QUESTION, "on": True}),
    "question.withdraw": (EVERYBODY, {"question": OWN_QUESTION}),
    "reaction.send": (EVERYBODY, {"emoji": "👏"}),
    "recording.set": (MODERATORS, {"on": False}),
    "room.modes": (MODERATORS, {"slow": 0}),
    "room.step": (MODERATORS, {"on": False}),
    "room.words": (MODERATORS, {"words": []}),
    "stage.encoder": (MODERATORS, {"name": "OBS"}),
    "stage.enter": (CREW, {}),
    "stage.move": (CREW, {"presenter": NOBODY, "on_stage": True}),
    "stage.join": (EVERYBODY, {}),
    "stage.layout": (MODERATORS, {"layout": "single"}),
    "stage.leave": (EVERYBODY, {}),
    "stage.mute": (MODERATORS, {"presenter": NOBODY}),
    "stage.play": (MODERATORS, {"video": NOBODY}),
    "stage.remove": (MODERATORS, {"presenter": NOBODY}),
    "stage.screen": (CREW, {"on": False}),
    "stage.show": (MODERATORS, {"presenter": NOBODY}),
    "stage.sound": (EVERYBODY, {}),
    "stage.videos": (MODERATORS, {}),
}
LAST = ("question.withdraw", "chat.remove", "poll.remove", "poll.archive", "question.archive", "person.ban")
"""These take something away, so they come last."""


class Stand:
    """One webinar with something of every kind, and who tries."""

    def __init__(self, product: Product, webinar: Webinar) -> None:
        self.product = product
        self.webinar = webinar
        self.things = {"victim": new_id()}

    async def seat(self, role: str, webinar_id: str = "", person: str = "") -> Seat:
        """A seat through the door, by a real ticket."""
        seats, webinar_id = self.product.parts.seats, webinar_id or self.webinar.id
        if role == P:
            ticket = seats.participant(webinar_id, person or new_id(), "en")[0]
        else:
            ticket = seats.crew(webinar_id, person or new_id(), f"A {role}", Role(role), new_id(), "en")
        seat = await seats.admit(webinar_id, ticket)
        assert isinstance(seat, Seat), seat
        return seat

    async def send(self, seat: Seat, command: str, fields: Mapping[str, Any]) -> str:
        """The answer's code, or ``ok``."""
        parts = self.product.parts
        order = parts.table.decode(msgspec.json.encode({"id": 1, "type": command, "ref": new_id(), **fields}).decode())
        try:
            answer = await parts.committer.submit(seat, order)
        except Problem as problem:
            return problem.code
        for name in ("question", "poll"):
            if found := getattr(answer, name, None):
                self.things[f"last_{name}"] = found
        return "ok"

    async def fill(self) -> None:
        """A message, a question and a poll that is open."""
        moderator, guest = await self.seat(M), await self.seat(P)
        assert await self.send(moderator, "broadcast.set", {"to": "live"}) == "ok"
        assert await self.send(guest, "question.ask", {"text": "Why?"}) == "ok"
        self.things["question"] = self.things["last_question"]
        assert await self.send(moderator, "poll.make", {"items": [ITEM]}) == "ok"
        self.things["poll"] = self.things["last_poll"]
        assert await self.send(moderator, "poll.open", {"poll": self.things["poll"]}) == "ok"
        self.things["message"] = await self.said(guest)

    async def said(self, seat: Seat) -> str:
        """The id of a message just said."""
        assert await self.send(seat, "chat.say", {"text": "Hello"}) == "ok"
        state = await self.product.parts.hub._source.state(self.webinar.id, "crew", None, None)
        told = [msgspec.json.decode(entity) for entity in state.set]
        return str(max((e for e in told if e["kind"] == "message"), key=lambda e: e["seq"])["id"])

    async def own(self, seat: Seat) -> dict[str, str]:
        """What one has of one's own."""
        assert await self.send(seat, "question.ask", {"text": "Mine?"}) == "ok"
        return {"own_question": self.things["last_question"], "own_message": await self.said(seat)}

    def fields(self, row: Row, own: Mapping[str, str]) -> dict[str, Any]:
        """The row's fields with real ids."""
        known = {**self.things, **own, "id": new_id()}

        def real(value: Any) -> Any:
            if isinstance(value, list):
                return [real(one) for one in value]
            return known[value[1:]] if isinstance(value, str) and value.startswith("$") else value

        return {name: real(value) for name, value in row[1].items()}

    async def seq(self) -> int:
        """Number of the webinar's last change."""
        return (await self.product.row(self.webinar.id)).seq


def in_order() -> list[str]:
    return [name for name in ROWS if name not in LAST] + list(LAST)


@pytest.fixture
async def stand(product: Product) -> Stand:
    made = Stand(product, await product.webinar(await product.account()))
    await made.fill()
    return made


async def test_every_command_has_a_row_and_no_other(product: Product) -> None:
    assert sorted(ROWS) == product.parts.table.names
    assert sorted([*ROWS, "chat.sing"]) != product.parts.table.names


@pytest.mark.parametrize("who", [P, R, M])
async def test_each_role_is_let_through_to_its_commands_and_no_other(stand: Stand, who: str) -> None:
    seat = await stand.seat(who)
    own = await stand.own(seat)
    through = [name for name in in_order() if await stand.send(seat, name, stand.fields(ROWS[name], own)) != "not.allowed"]
    refused_by_sense = ["chat.private"] if who != P else []  # the crew must say to whom
    assert sorted(set(through) - set(refused_by_sense)) == sorted(name for name, row in ROWS.items() if who in row[0])


async def test_muted_people_are_refused_what_is_written_and_nothing_else(stand: Stand) -> None:
    seat = await stand.seat(P)
    own = await stand.own(seat)
    async with stand.product.work.unit() as unit:
        room = await open_room(unit, stand.product.parts.vault, stand.webinar.id)
        await people.mute(room, await stand.seat(M), people.Whom(person=seat.person), None, "")
    codes = {name: await stand.send(seat, name, stand.fields(ROWS[name], own)) for name in in_order()}
    assert {name for name, code in codes.items() if code == "person.muted"} == WRITING
    assert {name for name, code in codes.items() if code == "not.allowed"} == {n for n, row in ROWS.items() if P not in row[0]}


async def test_nobody_without_a_ticket_and_nobody_banned_comes_in(stand: Stand) -> None:
    seats, person = stand.product.parts.seats, new_id()
    assert await seats.admit(stand.webinar.id, "") == Refusal("ticket.invalid")
    async with stand.product.work.unit() as unit:
        room = await open_room(unit, stand.product.parts.vault, stand.webinar.id)
        await people.ban(room, await stand.seat(M), people.Whom(person=person), "", False)
    assert await seats.admit(stand.webinar.id, seats.participant(stand.webinar.id, person, "en")[0]) == Refusal("banned")
    # The control: somebody else comes in.
    assert isinstance(await seats.admit(stand.webinar.id, seats.participant(stand.webinar.id, new_id(), "en")[0]), Seat)


@pytest.mark.parametrize("role", [P, "admin"])
async def test_from_another_webinar_or_account_no_command_reaches_this_one(stand: Stand, role: str) -> None:
    other = await stand.product.webinar(await stand.product.account("Elsewhere"))
    seat = await stand.seat(role, other.id)
    ticket = stand.product.parts.seats.participant(other.id, seat.person, "en")[0]
    assert await stand.product.parts.seats.admit(stand.webinar.id, ticket) == Refusal("ticket.invalid")
    before = await stand.seq()
    own = {"own_question": stand.things["question"], "own_message": stand.things["message"]}
    for name in in_order():
        await stand.send(seat, name, stand.fields(ROWS[name], own))
    assert await stand.seq() == before
    # The control: the same commands by this webinar's moderator do change it.
    await stand.send(await stand.seat(M), "question.approve", stand.fields(ROWS["question.approve"], own))
    assert await stand.seq() > before


async def test_the_admin_of_another_account_gets_no_ticket(stand: Stand) -> None:
    other = await stand.product.account("Elsewhere")
    await stand.product.member(other, Role.ADMIN, "admin@else.example")
    async with stand.product.client() as client:
        await stand.product.sign_in(client, "admin@else.example")
        answer = await client.post(f"/w/{stand.webinar.slug}/ticket", json={"crew": True}, headers={"origin": stand.product.url})
    assert answer.status_code == 403
