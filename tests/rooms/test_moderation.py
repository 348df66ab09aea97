"""Moderation over real sockets: what waits, who is muted or banned, what can be taken back, and what only the crew sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import websockets
from sqlalchemy import select

from app.core.ids import new_id
from app.core.outbox import Happening
from app.core.permissions import Role
from app.live.seat import Seat
from app.moderation import polls as poll_desk
from app.moderation import questions as desk
from app.privacy.erase import Target
from app.protocol.codes import Close
from app.protocol.commands.polls import PollMake
from app.protocol.entities import PollItem
from app.rooms import due, questions
from app.rooms.models import Message
from app.rooms.models_people import Restriction
from app.rooms.room import open_room
from tests.rooms.test_questions import of, room, settle
from tests.support.product import Guest, Product


async def closed(guest: Guest) -> int:
    with pytest.raises(websockets.ConnectionClosed) as error:
        await guest.next("never")
    assert error.value.rcvd is not None
    return error.value.rcvd.code


async def decision(guest: Guest, action: str) -> dict[str, Any]:
    """The last such decision that stands."""

    def found() -> list[dict[str, Any]]:
        return [one for one in of(guest, "decision") if one["action"] == action and not one.get("undone")]

    await guest.read_until(lambda: bool(found()))
    return found()[-1]


async def test_a_delayed_message_is_the_authors_and_the_crews_until_its_time(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await mo.ask("room.modes", phase="all", pace="delayed", delay=60)
        await settle(await ann.ask("chat.say", text="Canary-held", name="Ann"), ann, bob, mo)
        assert [(m["held"], m["until"] - m["at"]) for m in of(mo, "message")] == [("delay", 60_000)]
        assert [(m["text"], m["pending"], "until" in m, "held" in m) for m in of(ann, "message")] == [
            ("Canary-held", True, False, False)
        ]
        assert "Canary-held" not in str(bob.frames)
        held = of(mo, "message")[0]["id"]
        async with product.work.unit() as unit:
            row = await unit.session.get_one(Message, held)
            row.release_at = unit.now
            await due.at(await open_room(unit, product.parts.vault, webinar.id), "chat.release", held, unit.now)
        await bob.read_until(lambda: bob.texts() == ["Canary-held"])
        await ann.read_until(lambda: "pending" not in of(ann, "message")[0])


async def test_a_message_that_waits_for_approval_is_released_or_refused_with_a_reason(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await mo.ask("room.modes", phase="all", pace="approved")
        for text in ("Good", "Canary-bad"):
            await settle(await ann.ask("chat.say", text=text, name="Ann"), mo)
        good, bad = (m["id"] for m in sorted(of(mo, "message"), key=lambda m: m["at"]))
        await settle(await mo.ask("chat.release", message=good), ann, bob)
        answer = await settle(await mo.ask("chat.refuse", message=bad, reason="Too rude."), ann, bob)
        assert answer["type"] == "ok"
        assert bob.texts() == ["Good"]
        assert "Canary-bad" not in str(bob.frames)
        assert [(m["refused"], m["reason"]) for m in ann.entities.values() if m.get("refused")] == [(True, "Too rude.")]
        assert (await mo.ask("chat.release", message=bad))["code"] == "chat.not_held"
    async with product.work.read() as session:
        row = await session.get_one(Message, bad)
    assert (row.state, row.text) == ("refused", b"")


async def test_a_word_holds_a_message_and_an_edit_does_not_slip_past_it(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await mo.ask("room.words", words=["darn"])
        await settle(await ann.ask("chat.say", text="Hello", name="Ann"), ann, bob)
        said = of(bob, "message")[0]["id"]
        await settle(await ann.ask("chat.edit", message=said, text="Darn it"), ann, bob, mo)
        assert (of(bob, "message"), [m["held"] for m in of(mo, "message")]) == ([], ["words"])
        assert "Darn" not in str(bob.frames)
        await mo.ask("chat.mode", mode="unstored")
        assert (await ann.ask("chat.say", text="darn", name="Ann"))["code"] == "chat.words"
        # The crew is not held by its own words.
        await settle(await mo.ask("chat.say", text="darn"), bob)
        assert bob.texts() == ["darn"]


@pytest.mark.parametrize("mode", ["stored", "unstored"])
async def test_slow_mode_says_how_long_to_wait(product: Product, mode: str) -> None:
    webinar = await room(product, chat_mode=mode)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await settle(await mo.ask("room.modes", slow=120), ann)
        assert ann.webinar["chat"]["slow"] == 120
        assert (await ann.ask("chat.say", text="one", name="Ann"))["type"] == "ok"
        refused = await ann.ask("chat.say", text="two", name="Ann")
        assert (refused["code"], 0 < refused["retry_after"] <= 120) == ("chat.slow", True)
        assert (await mo.ask("chat.say", text="crew"))["type"] == (await mo.ask("chat.say", text="crew"))["type"] == "ok"


async def test_a_conversation_with_the_crew_is_seen_by_nobody_else(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR, name="Max") as mo,
    ):
        await settle(await ann.ask("chat.private", text="Canary-whisper", name="Ann"), ann, bob, mo)
        assert [(m["private"], m["text"]) for m in of(mo, "message")] == [(ann.person, "Canary-whisper")]
        await settle(await mo.ask("chat.private", text="Canary-answer", to=ann.person), ann, bob)
        assert ann.texts() == ["Canary-whisper", "Canary-answer"]
        assert "Canary" not in str(bob.frames)
        assert (await bob.ask("chat.private", text="Hi", to=ann.person))["code"] == "not.allowed"
        async with product.join(webinar.id, person=ann.person) as again:
            assert again.texts() == ["Canary-whisper", "Canary-answer"]
        await settle(await mo.ask("room.modes", private=False), ann)
        assert (await ann.ask("chat.private", text="Hello?", name="Ann"))["code"] == "chat.private_closed"


async def test_calls_of_the_crew_are_marked_for_the_crew_alone(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await settle(await ann.ask("chat.say", text="@crew no sound", name="Ann"), ann, mo)
        await settle(await ann.ask("chat.say", text="mail me at ann@crew.example", name="Ann"), ann, mo)
        assert sorted(m.get("at_crew", False) for m in of(mo, "message")) == [False, True]
        assert [m for m in of(ann, "message") if "at_crew" in m] == []


async def test_reactions_to_a_message_count_once_a_person_and_one_message_is_pinned(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        for text in ("one", "two"):
            await settle(await ann.ask("chat.say", text=text, name="Ann"), mo)
        first, second = (m["id"] for m in sorted(of(mo, "message"), key=lambda m: m["at"]))
        for _ in range(2):
            await ann.ask("chat.react", message=first, emoji="👍", on=True)
        await mo.ask("chat.react", message=first, emoji="👍", on=True)
        assert [mine["reactions"] for mine in of(ann, "mine")] == [{first: ["👍"]}]
        await ann.read_until(lambda: ann.entities[f"message/{first}"].get("reactions") == {"👍": 2})
        assert (await ann.ask("chat.react", message=first, emoji="💣", on=True))["code"] == "chat.emoji"
        await mo.ask("chat.pin", message=first, pinned=True)
        await settle(await mo.ask("chat.pin", message=second, pinned=True), ann)
        assert [m["id"] for m in of(ann, "message") if m.get("pinned")] == [second]


async def test_a_muted_person_reads_and_votes_but_does_not_write_until_the_time_is_over(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR, name="Max") as mo:
        await settle(await ann.ask("chat.say", text="Noise", name="Ann"), mo)
        message = of(mo, "message")[0]["id"]
        await settle(await mo.ask("person.mute", message=message, seconds=600, reason="Flooding"), ann, mo)
        muted = await ann.ask("chat.say", text="More", name="Ann")
        assert (muted["code"], 0 < muted["retry_after"] <= 600) == ("person.muted", True)
        for kind in ("question.ask", "chat.private"):
            assert (await ann.ask(kind, text="More", name="Ann"))["code"] == "person.muted"
        assert [(m["muted"], m["reason"]) for m in of(ann, "mine")] == [(True, "Flooding")]
        held = of(mo, "restriction")
        assert [(r["person"], r["name"], r["reason"], r["by"]["name"]) for r in held] == [(ann.person, "Ann", "Flooding", "Max")]
        async with product.work.unit() as unit:
            row = await unit.session.get_one(Restriction, held[0]["id"])
            row.muted_until = unit.now - timedelta(seconds=1)
            await due.at(await open_room(unit, product.parts.vault, webinar.id), "person.unmute", row.id, unit.now)
        await ann.read_until(lambda: not any(m.get("muted") for m in of(ann, "mine")))
        assert (await ann.ask("chat.say", text="Thanks", name="Ann"))["type"] == "ok"
        await mo.read_until(lambda: of(mo, "restriction") == [])


async def test_a_banned_person_is_out_everywhere_until_the_ban_is_taken_back(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as bob, product.join(webinar.id, Role.MODERATOR) as mo:
        async with product.join(webinar.id) as ann, product.join(webinar.id, person=ann.person) as second:
            await settle(await ann.ask("chat.say", text="Spam", name="Ann"), bob, mo)
            await settle(await mo.ask("person.ban", person=ann.person, reason="Spam", remove=True), bob, mo)
            assert [await closed(ann), await closed(second)] == [Close.BANNED, Close.BANNED]
        assert bob.texts() == []
        with pytest.raises(websockets.ConnectionClosed) as error:
            async with product.join(webinar.id, person=ann.person):
                pass
        assert error.value.rcvd is not None
        assert error.value.rcvd.code == Close.BANNED
        await settle(await mo.ask("decision.undo", decision=(await decision(mo, "person.ban"))["id"]), bob, mo)
        assert (bob.texts(), of(mo, "restriction")) == (["Spam"], [])
        async with product.join(webinar.id, person=ann.person) as ann:
            assert (await ann.ask("chat.say", text="Sorry", name="Ann"))["type"] == "ok"


async def test_the_crew_reads_why_something_was_hidden_or_put_away(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        asked = [(await ann.ask("question.ask", text=f"Question {n}?", name="Ann"))["question"] for n in range(3)]
        await settle(await ann.ask("chat.say", text="Buy this", name="Ann"), mo)
        await mo.ask("chat.hide", message=of(mo, "message")[0]["id"], hidden=True, reason="Advertising")
        await mo.ask("question.approve", question=asked[0])
        await mo.ask("question.hide", question=asked[0], reason="Off topic")
        await settle(await mo.ask("question.archive", questions=asked[1:], archived=True, reason="For next time"), ann, mo)
        for action, why in (("chat.hide", "Advertising"), ("question.hide", "Off topic"), ("question.archive", "For next time")):
            assert (await decision(mo, action))["reason"] == why
            assert why not in str(ann.frames)


async def test_an_anonymous_asker_can_be_muted_without_the_crew_learning_who_it_is(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await mo.ask("room.modes", crew_anonymous="always")
        asked = await settle(await ann.ask("question.ask", text="Rude?", name="Ann"), mo)
        await settle(await mo.ask("person.mute", question=asked["question"]), ann, mo)
        assert (await ann.ask("question.ask", text="Again?", name="Ann"))["code"] == "person.muted"
        assert ann.person not in str(mo.frames)
        restriction = of(mo, "restriction")[0]["id"]
        await mo.ask("person.unmute", restriction=restriction)
        assert (await ann.ask("question.ask", text="Again?", name="Ann"))["type"] == "ok"


async def test_every_decision_but_removing_can_be_taken_back_once(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR, name="Max") as mo:
        await settle(await ann.ask("chat.say", text="Hello", name="Ann"), mo)
        message = of(mo, "message")[0]["id"]
        asked = (await ann.ask("question.ask", text="Why?", name="Ann"))["question"]
        await settle(await mo.ask("chat.hide", message=message, hidden=True, reason="Off topic"), mo)
        hidden = await decision(mo, "chat.hide")
        assert (hidden["reason"], hidden["by"]["name"], hidden["undoable"]) == ("Off topic", "Max", True)
        await settle(await mo.ask("decision.undo", decision=hidden["id"]), ann, mo)
        assert ann.texts() == ["Hello"]
        assert (await mo.ask("decision.undo", decision=hidden["id"]))["code"] == "decision.undone"
        for command, fields, state in (
            ("question.reject", {"reason": "No"}, "pending"),
            ("question.approve", {}, "pending"),
            ("question.answer", {"text": "So."}, "pending"),
        ):
            await settle(await mo.ask(command, question=asked, **fields), mo)
            await settle(await mo.ask("decision.undo", decision=(await decision(mo, command))["id"]), ann, mo)
            assert [q["state"] for q in of(ann, "my_question")] == [state]
        await settle(await mo.ask("chat.remove", message=message, reason="Gone"), mo)
        assert "undoable" not in await decision(mo, "chat.remove")
        assert "decision" not in str([frame for frame in ann.frames if "change" in frame["type"]])


async def test_of_an_erased_person_no_restriction_reason_or_conversation_is_left(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, Role.MODERATOR) as mo:
        async with product.join(webinar.id, person=person) as ann:
            await settle(await ann.ask("chat.private", text="Canary-words", name="Ann"), mo)
            await mo.ask("chat.private", text="Canary-reply", to=person)
            await settle(await mo.ask("person.mute", person=person, reason="Canary-reason"), mo)
        async with product.work.unit() as unit:
            target = Target("participant", webinar.account_id, webinar.id, (person,))
            erasure = await product.parts.pipeline.ask(unit, target, "organiser")
        await product.parts.pipeline.run(erasure)
        await mo.read_until(lambda: of(mo, "restriction") == [] and of(mo, "message") == [])
        assert [d.get("reason") for d in of(mo, "decision")] == [None]
        async with product.join(webinar.id, Role.MODERATOR) as other:
            assert "Canary" not in str(other.frames)
            assert person not in str(other.frames)


async def test_an_answer_for_the_asker_alone_does_not_come_out_by_going_back(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob, product.join(webinar.id, Role.MODERATOR) as mo:
        asked = (await ann.ask("question.ask", text="Why?", name="Ann"))["question"]
        await mo.ask("question.answer", question=asked, text="For all")
        await mo.ask("question.hide", question=asked)
        await mo.ask("question.answer", question=asked, text="Canary-private", private=True)
        hidden = await decision(mo, "question.hide")
        await settle(await mo.ask("decision.undo", decision=hidden["id"]), ann, bob, mo)
        assert "Canary-private" not in str(bob.frames)


async def test_what_happened_is_told_to_webhooks_without_a_word_of_anybody(product: Product) -> None:
    webinar = await room(product)
    ann = Seat(webinar.id, new_id(), Role.PARTICIPANT, "Ann", frozenset(), "audience")
    mo = Seat(webinar.id, new_id(), Role.MODERATOR, "Max", frozenset(), "crew")
    async with product.work.unit() as unit:
        here = await open_room(unit, product.parts.vault, webinar.id)
        asked = await questions.ask(here, ann, text="Canary?", name="", ref="r", anonymous="")
        await desk.answer(here, mo, asked.id, "", False, None)
        poll = await poll_desk.make(here, mo, PollMake(id=1, items=[PollItem("text", "Why?")]))
        await poll_desk.open_poll(here, mo, poll.id, None)
        await poll_desk.close(here, mo, poll.id)
        await unit.session.flush()
        # Before the commit: what nobody waits for is gone right after it.
        events = (await unit.session.execute(select(Happening))).scalars().all()
        ids = {event.kind: event.ids for event in events if event.kind.startswith(("question", "poll"))}
    assert ids == {
        "question.asked": {"question": asked.id},
        "question.answered": {"question": asked.id},
        "poll.closed": {"poll": poll.id},
    }
