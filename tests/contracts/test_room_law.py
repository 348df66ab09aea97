"""The law of the room: an old copy and the changes since make the new copy, whatever people do, for audience, crew and each person.

Random sessions of three participants and two of the crew over real sockets, with reconnections, and of a hall that listens; afterwards everybody's copy is compared
with that of somebody who joins then. On SQLite with the memory broker and on PostgreSQL with Redis. Everything an audience socket was
ever sent is searched for what is not for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import update

from app.core.ids import new_id
from app.core.permissions import Role
from app.rooms import question_view
from app.rooms.models import Webinar
from app.rooms.models_questions import Question, RoomDue
from app.rooms.room import Room
from tests.support.product import Guest, Product, product_on
from tests.support.server import Serve

PEOPLE = 3
CREW_FIELDS = {
    "question": {
        "published", "original", "starred", "label", "place", "archived", "claim", "by", "version", "reason", "merged_into",
        "private_answer", "held", "anonymous",
    },
    "message": {"held", "until", "at_crew", "hidden", "crew"},
    "poll": {"opens_at", "seconds", "locked", "version", "by", "copied_from"},
}  # fmt: skip
FOR_ALL = {"webinar", "message", "question", "poll", "notice", "handout"}
OWN = {"my_question", "my_ballot", "my_hand", "mine"}

STEPS = 26
CALM = 4
"""How much rather a step is taken that can succeed than one that will be refused."""
Thing = dict[str, Any]


def state(*states: str) -> Callable[[Thing], bool]:
    return lambda thing: thing["state"] in states


def shown(question: Thing) -> bool:
    return bool(question.get("published")) and question["state"] in ("visible", "answering") and not question.get("archived")


def public(message: Thing) -> bool:
    return not any(message.get(one) for one in ("held", "hidden", "crew", "private"))


def anything(_thing: Thing) -> bool:
    return True


OPS: dict[str, tuple[str, Callable[[Thing], bool]] | None] = {
    **dict.fromkeys(
        ["say", "private", "ask", "raise", "lower", "crew", "pace", "questions", "poll", "notice", "mute", "invite", "next"]
    ),
    **dict.fromkeys(["come_back", "beat"]),
    "edit": ("my_question", state("pending")),
    "withdraw": ("my_question", anything),
    "vote": ("question", shown),
    "approve": ("question", state("pending", "rejected")),
    "reject": ("question", state("pending", "visible", "hidden")),
    "hide": ("question", state("visible", "answering", "answered")),
    "reopen": ("question", state("hidden", "rejected", "answered")),
    "answer": ("question", state("pending", "visible", "answering", "answered", "hidden")),
    "answer_private": ("question", state("pending", "visible", "answering", "hidden")),
    "take": ("question", state("visible", "pending")),
    "leave": ("question", state("answering")),
    "merge": ("question", state("pending", "visible", "answering", "hidden")),
    "unmerge": ("question", state("merged")),
    "archive": ("question", anything),
    "show": ("question", state("pending", "visible", "answering", "answered")),
    "star": ("question", anything),
    "move": ("question", anything),
    "claim": ("question", anything),
    "let_go": ("question", lambda question: "claim" in question),
    "follow_up": ("question", anything),
    "rewrite": ("question", state("pending", "visible", "answering", "hidden")),
    "react": ("message", public),
    "hide_message": ("message", public),
    "show_message": ("message", lambda message: bool(message.get("hidden"))),
    "release": ("message", lambda message: bool(message.get("held"))),
    "refuse": ("message", lambda message: bool(message.get("held"))),
    "pin": ("message", public),
    "remove": ("message", anything),
    "from_message": ("message", public),
    "open": ("poll", state("draft", "scheduled")),
    "ballot": ("poll", state("open")),
    "close": ("poll", state("open")),
    "archive_poll": ("poll", state("closed", "archived")),
    "copy": ("poll", anything),
    "results": ("poll", anything),
    "withdraw_notice": ("notice", anything),
    "unmute": ("restriction", anything),
    "undo": ("decision", lambda decision: not decision.get("undone")),
}
"""Every step, and what there must be for it not to be refused."""


@pytest.fixture(params=["sqlite and memory", "postgresql and redis"])
def stores(request: pytest.FixtureRequest) -> dict[str, str]:
    """Each pair of stores; made before the server, so gone after it."""
    if request.param == "sqlite and memory":
        return {}
    return {"database_url": request.getfixturevalue("postgres_url"), "broker_url": request.getfixturevalue("redis_url")}


@pytest.fixture
async def house(stores: dict[str, str], tmp_path: Path, serve_app: Serve) -> AsyncIterator[Product]:
    """The product on them."""
    async with product_on(tmp_path, serve_app, **stores) as running:
        yield running


@seed(20261125)
@settings(
    max_examples=5,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
async def test_old_copy_and_changes_make_the_new_copy_and_nothing_leaks(house: Product, chance: Random) -> None:
    webinar = await house.webinar(await house.account())
    async with Run(house, webinar) as run:
        for who in range(PEOPLE):
            await run.do("ask", who, 0, 0)
        for _ in range(STEPS):
            who, one, other = chance.randrange(PEOPLE), chance.randrange(8), chance.randrange(8)
            possible = await run.possible(who)
            await run.do(chance.choice([*CALM * possible, *OPS]), who, one, other)
        await run.compare()
        run.search()


async def test_a_lane_that_tells_too_much_is_found(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: pending questions shown to everybody go red."""
    monkeypatch.setattr(question_view, "public", lambda _question: True)
    webinar = await product.webinar(await product.account())
    async with Run(product, webinar) as run:
        await run.do("ask", 0, 0, 0)
        await run.settle()
        with pytest.raises(AssertionError):
            run.search()


async def test_a_change_that_tells_nobody_is_found(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a verb that takes a number and says nothing goes red."""
    webinar = await product.webinar(await product.account())

    async def silent(room: Room, question: Question) -> None:
        room.tell(question.seq)

    async with Run(product, webinar) as run:
        await run.do("ask", 0, 0, 0)
        await run.compare()
        monkeypatch.setattr("app.rooms.questions.told", silent)
        await run.do("star", 0, 0, 0)
        with pytest.raises(AssertionError):
            await run.compare()


async def test_a_message_that_waited_and_was_removed_leaves_its_authors_screen(product: Product) -> None:
    """Found by the law: its author kept it as one that waits, for nobody knew any more whose it was."""
    async with Run(product, await product.webinar(await product.account())) as run:
        await run.do("pace", 0, 0, 1)
        for away in (False, True):
            await run.do("say", 0, 0, 0)
            assert [one["pending"] for one in run.of("message", run.guests[0])] == [True]
            if away:
                await run.guests[0].socket.close()
            await run.crew[0].ask("poll.look", poll="none")
            await run.do("remove", 0, 0, 0)
            if away:
                await run.do("come_back", 0, 0, 0)
            await run.compare()
            assert run.of("message", run.guests[0]) == []


async def test_a_hall_that_is_told_the_chat_is_found(product: Product) -> None:
    """Negative control: a seat in the audience where the hall's should be."""
    for view, found in (("hall", False), ("", True)):
        async with Run(product, await product.webinar(await product.account()), view) as run:
            await run.do("say", 0, 0, 0)
            await run.settle()
            with pytest.raises(AssertionError) if found else nullcontext():
                run.search()


class Run:
    """One random session."""

    hall: Guest

    def __init__(self, product: Product, webinar: Webinar, view: str = "hall") -> None:
        self.product = product
        self.view = view
        self.webinar = webinar
        self.stack = AsyncExitStack()
        self.guests: list[Guest] = []
        self.crew: list[Guest] = []
        self.seen_by: dict[str, list[Any]] = {}
        self.secrets: list[tuple[str, str]] = []
        """Words with the one participant who may read them; nobody where it is empty."""
        self.private: list[str] = []
        """Answers that are for askers alone."""
        self.count = 0
        self.need: tuple[str, Callable[[Thing], bool]] | None = None

    async def __aenter__(self) -> Self:
        for _ in range(PEOPLE):
            self.guests.append(await self._join(None, None))
        for name, role in (("Max", Role.MODERATOR), ("Mia", Role.ADMIN)):
            joined = self.product.join(self.webinar.id, role, name=name)
            self.crew.append(await self.stack.enter_async_context(joined))
        self.hall = await self.stack.enter_async_context(self.product.join(self.webinar.id, view=self.view))
        self.seen_by[self.hall.person] = [self.hall.frames]
        await self.crew[0].ask("broadcast.set", to="live")
        await self.crew[0].ask("room.words", words=["darn"])
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stack.aclose()

    async def do(self, what: str, who: int, one: int, other: int) -> None:
        """One step; a refusal is as good as anything."""
        guest, mo = self.guests[who], self.crew[one % 2]
        self.need = OPS[what]
        if what == "come_back":
            await self._come_back(who)
        elif what == "beat":
            await self._beat()
        elif what in PARTICIPANT:
            await PARTICIPANT[what](self, guest, one, other)
        else:
            await self._moderate(what, mo, one, other)

    async def possible(self, who: int) -> list[str]:
        """What can be done now."""
        # The answer comes after what was told before it.
        await self.crew[0].ask("poll.look", poll="none")
        things = [
            *self.of("my_question", self.guests[who]),
            *(thing for thing in self.crew[0].entities.values() if not thing.get("removed")),
        ]
        return [what for what, need in OPS.items() if not need or any(one["kind"] == need[0] and need[1](one) for one in things)]

    def word(self, secret_of: str | None = None) -> str:
        """A word that was never said; ``secret_of``: only that participant may read it."""
        self.count += 1
        text = f"word{self.count}x{new_id()[:6]}"
        if secret_of is not None:
            self.secrets.append((text, secret_of))
        return text

    def answer(self) -> str:
        """A word for an asker alone."""
        self.private.append(self.word())
        return self.private[-1]

    def of(self, kind: str, guest: Guest | None = None) -> list[dict[str, Any]]:
        """What the crew, or ``guest``, has of a kind."""
        found = (guest or self.crew[0]).entities.values()
        return sorted((e for e in found if e["kind"] == kind and not e.get("removed")), key=lambda e: (e.get("at", 0), e["id"]))

    def pick(self, kind: str, n: int, guest: Guest | None = None) -> str:
        """Some id of a kind, of what fits the step if there is such; one that does not exist where there is none."""
        known = self.of(kind, guest)
        if (need := self.need) and need[0] == kind:
            known = [one for one in known if need[1](one)] or known
        return str(known[n % len(known)]["id"]) if known else new_id()

    async def _moderate(self, what: str, mo: Guest, one: int, other: int) -> None:
        kind, fields = orders(self, what, one, other)
        await mo.ask(kind, **fields)

    async def _join(self, person: str | None, seen: Any) -> Guest:
        guest = await self.stack.enter_async_context(self.product.join(self.webinar.id, person=person, seen=seen))
        self.seen_by.setdefault(guest.person, []).append(guest.frames)
        return guest

    async def _come_back(self, who: int) -> None:
        old = self.guests[who]
        await old.socket.close()
        fresh = await self._join(old.person, {"epoch": old.epoch, "seq": old.seq})
        if not fresh.welcome["state"]["full"]:
            # What is kept from before, then what the welcome said, by the rule of the protocol.
            said, fresh.entities = fresh.entities, {**old.entities, **fresh.entities}
            for name in fresh.welcome["state"]["gone"]:
                if name not in said:
                    fresh.entities.pop(name, None)
        self.guests[who] = fresh

    async def _beat(self) -> None:
        async with self.product.work.unit() as unit:
            now = unit.now
            kinds = ("question.votes", "poll.tally", "chat.reactions")
            await unit.session.execute(update(RoomDue).where(RoomDue.kind.in_(kinds)).values(at=now))
        await self.product.parts.pulse.beat()

    async def settle(self) -> None:
        """Everything due is done and everybody heard it, by changes alone: nobody asks, which would heal what was not told."""
        await self._beat()
        marker = await self.crew[0].ask("notice.post", text="everybody here")
        for guest in (*self.guests, *self.crew, self.hall):
            await guest.until_seq(marker["seq"])

    async def compare(self) -> None:
        """Everybody's copy is that of somebody who joins now."""
        await self.settle()
        audience = [*((guest, Role.PARTICIPANT, "") for guest in self.guests), (self.hall, Role.PARTICIPANT, self.view)]
        for guest, role, view in [*audience, *((guest, Role.MODERATOR, "") for guest in self.crew)]:
            async with self.product.join(self.webinar.id, role, person=guest.person, view=view) as fresh:
                mine, theirs = standing(guest), standing(fresh)
                assert {
                    n: (mine.get(n), theirs.get(n)) for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n)
                } == {}

    def search(self) -> None:
        """Nothing an audience socket was ever sent is for somebody else."""
        for person, sockets in self.seen_by.items():
            frames = [frame for frames in sockets for frame in frames]
            for entity in entities_of(frames):
                check(entity, person)
                assert entity["kind"] != "question" or entity.get("answer") not in self.private, entity
            text = str(frames)
            assert [word for word, owner in self.secrets if owner != person and word in text] == []
        told = str(self.hall.frames)
        assert "'kind': 'message'" not in told
        assert "message/" not in told


def standing(guest: Guest) -> dict[str, dict[str, Any]]:
    """A copy without tombstones."""
    return {name: entity for name, entity in guest.entities.items() if not entity.get("removed")}


def entities_of(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All entities in frames."""
    parts = [frame.get("state", frame) for frame in frames if frame["type"] in ("welcome", "state", "change")]
    return [entity for part in parts for entity in part["set"]]


def check(entity: dict[str, Any], person: str) -> None:
    """No pending, hidden, private or crew-only thing."""
    kind = entity["kind"]
    assert kind in FOR_ALL | OWN, entity
    assert set(entity) & CREW_FIELDS.get(kind, set()) == set(), entity
    if kind == "question":
        assert entity["state"] in ("visible", "answering", "answered"), entity
    if kind == "message" and "private" in entity:
        assert entity["private"] == person, entity
    if kind == "message" and entity.get("pending"):
        assert entity["author"]["id"] == person, entity
    if kind == "poll":
        closed = entity["state"] == "closed"
        assert closed or not any("right" in item for item in entity["items"]), entity
        assert closed or entity["results"] == "always" or "tally" not in entity, entity
    if kind == "mine":
        assert entity["id"] == person, entity


async def say(run: Run, guest: Guest, one: int, _other: int) -> None:
    await guest.ask("chat.say", text=f"{run.word()} {'darn' if one == 7 else ''}", name="N")


async def say_private(run: Run, guest: Guest, _one: int, other: int) -> None:
    if other % 2:
        await run.crew[0].ask("chat.private", text=run.word(guest.person), to=guest.person)
    else:
        await guest.ask("chat.private", text=run.word(guest.person), name="N")


async def ask(run: Run, guest: Guest, one: int, _other: int) -> None:
    await guest.ask("question.ask", text=run.word(), name="N", anonymous="audience" if one % 3 == 2 else "")


async def edit(run: Run, guest: Guest, one: int, _other: int) -> None:
    await guest.ask("question.edit", question=run.pick("my_question", one, guest), text=run.word())


async def withdraw(run: Run, guest: Guest, one: int, _other: int) -> None:
    await guest.ask("question.withdraw", question=run.pick("my_question", one, guest))


async def vote(run: Run, guest: Guest, one: int, other: int) -> None:
    await guest.ask("question.vote", question=run.pick("question", one), on=bool(other % 4))


async def react(run: Run, guest: Guest, one: int, other: int) -> None:
    await guest.ask("chat.react", message=run.pick("message", one), emoji="👍", on=bool(other % 4))


async def raise_hand(_run: Run, guest: Guest, _one: int, _other: int) -> None:
    await guest.ask("hand.raise", name="N")


async def lower(_run: Run, guest: Guest, _one: int, _other: int) -> None:
    await guest.ask("hand.lower")


async def ballot(run: Run, guest: Guest, one: int, other: int) -> None:
    await guest.ask("poll.vote", poll=run.pick("poll", one), answers={"1": str(other % 2 + 1), "2": run.word()})


PARTICIPANT = {
    "say": say, "private": say_private, "ask": ask, "edit": edit, "withdraw": withdraw, "vote": vote, "react": react, "raise": raise_hand,
    "lower": lower, "ballot": ballot,
}  # fmt: skip


def orders(run: Run, what: str, one: int, other: int) -> tuple[str, dict[str, Any]]:
    """A moderator's command."""
    question = {"question": run.pick("question", one)}
    message, poll = {"message": run.pick("message", one)}, {"poll": run.pick("poll", one)}
    items = [
        {"kind": "quiz", "text": "Which?", "options": [{"text": "A"}, {"text": "B"}], "right": ["2"]},
        {"kind": "text", "text": "Why?"},
    ]
    simple: dict[str, tuple[str, dict[str, Any]]] = {
        name: (f"question.{name}", {**question}) for name in ("approve", "hide", "reopen", "unmerge", "claim")
    }
    return {
        **simple,
        "reject": ("question.reject", {**question, "reason": "Not now"}),
        "answer": ("question.answer", {**question, "text": run.word() if other % 2 else ""}),
        "answer_private": ("question.answer", {**question, "text": run.answer(), "private": True}),
        "take": ("question.take", {**question, "on": True}),
        "leave": ("question.take", {**question, "on": False}),
        "let_go": ("question.release", question),
        "merge": ("question.merge", {**question, "into": run.pick("question", other)}),
        "archive": ("question.archive", {"questions": [question["question"]], "archived": bool(other % 3)}),
        "show": ("question.show", {**question, "on": bool(other % 4)}),
        "next": ("question.next", {}),
        "star": ("question.star", {**question, "on": bool(other % 2 == 0)}),
        "move": ("question.move", {**question, "after": run.pick("question", other) if other % 2 else None}),
        "follow_up": ("question.follow_up", {**question, "on": bool(other % 2)}),
        "rewrite": ("question.rewrite", {**question, "text": run.word()}),
        "hide_message": ("chat.hide", {**message, "hidden": True, "reason": run.word("")}),
        "show_message": ("chat.hide", {**message, "hidden": False}),
        "release": ("chat.release", message),
        "refuse": ("chat.refuse", message),
        "pin": ("chat.pin", {**message, "pinned": bool(other % 3)}),
        "remove": ("chat.remove", message),
        "from_message": ("question.from_message", message),
        "crew": ("chat.say", {"text": run.word(""), "crew": True}),
        "pace": ("room.modes", {"pace": ("open", "approved", "delayed")[other % 3], "delay": 60}),
        "questions": ("room.modes", {"questions": ("moderated", "open", "crew")[other % 3]}),
        "open": ("poll.open", poll),
        "poll": (
            "poll.make",
            {"items": items, "anonymous": bool(one % 2), "results": ("always", "voted", "closed", "crew")[one % 4]},
        ),
        "close": ("poll.close", poll),
        "archive_poll": ("poll.archive", {**poll, "archived": bool(other % 2)}),
        "copy": ("poll.copy", poll),
        "results": ("poll.results", {**poll, "results": ("always", "closed", "crew")[other % 3]}),
        "notice": ("notice.post", {"text": run.word()}),
        "withdraw_notice": ("notice.withdraw", {"notice": run.pick("notice", one)}),
        "mute": (
            "person.mute",
            {"person": run.guests[other % PEOPLE].person, "reason": run.word(run.guests[other % PEOPLE].person)},
        ),
        "unmute": ("person.unmute", {"restriction": run.pick("restriction", one)}),
        "undo": ("decision.undo", {"decision": run.pick("decision", one)}),
        "invite": ("hand.invite", {"person": run.guests[other % PEOPLE].person}),
    }[what]
