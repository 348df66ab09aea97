"""Polls over real sockets: one vote each, results only for whom and when they are meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core.clock import millis
from app.core.permissions import Role
from app.privacy.voters import VoterToken
from app.rooms.models_polls import Ballot, Poll, PollText
from tests.rooms.test_questions import of, room, settle
from tests.support.product import Guest, Product

BEES = {"kind": "single", "text": "Which bee?", "options": [{"text": "Honey"}, {"text": "Bumble"}]}


async def opened(mo: Guest, *items: dict[str, Any], **changes: Any) -> str:
    made = await mo.ask("poll.make", items=list(items) or [BEES], **changes)
    assert made["type"] == "ok", made
    answer = await mo.ask("poll.open", poll=made["poll"])
    assert answer["type"] == "ok", answer
    return str(made["poll"])


async def tallied(guest: Guest, voters: int) -> dict[str, Any]:
    await guest.read_until(lambda: any(p.get("voters") == voters for p in of(guest, "poll")))
    return dict(of(guest, "poll")[0].get("tally", {}))


async def test_a_draft_is_the_crews_and_results_wait_for_the_vote_or_the_end(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        made = await settle(await mo.ask("poll.make", title="Bees", items=[BEES]), ann, mo)
        assert (of(ann, "poll"), [p["state"] for p in of(mo, "poll")]) == ([], ["draft"])
        poll = made["poll"]
        await settle(await mo.ask("poll.open", poll=poll), ann, bob)
        assert [(p["state"], "tally" in p) for p in of(ann, "poll")] == [("open", False)]
        assert (await bob.ask("poll.look", poll=poll)).get("tally") is None
        voted = await ann.ask("poll.vote", poll=poll, answers={"1": "2"})
        assert (voted["voted"], voted["tally"]["1"]["options"]) == (True, {"1": 0, "2": 1})
        assert (await tallied(mo, 1))["1"]["options"] == {"1": 0, "2": 1}
        await bob.read_until(lambda: of(bob, "poll")[0].get("voters") == 1)
        assert "tally" not in of(bob, "poll")[0]
        await settle(await mo.ask("poll.close", poll=poll), bob)
        assert [(p["state"], p["tally"]["1"]["n"]) for p in of(bob, "poll")] == [("closed", 1)]
        assert (await bob.ask("poll.vote", poll=poll, answers={"1": "2"}))["code"] == "poll.closed"


async def test_an_anonymous_vote_counts_once_and_nothing_stored_says_whose_it_was(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        item = {"kind": "text", "text": "Why?"}
        poll = await opened(mo, item, results="always")
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": "Canary-words"}))["type"] == "ok"
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": "Again"}))["code"] == "poll.voted"
        assert (await ann.ask("poll.look", poll=poll))["voted"] is True
        assert (await tallied(ann, 1))["1"]["texts"] == ["Canary-words"]
        async with product.work.read() as session:
            texts = (await session.execute(select(PollText))).scalars().all()
            assert [(text.person, b"Canary" in text.text) for text in texts] == [("", False)]
            assert (await session.execute(select(Ballot))).scalars().all() == []
            assert len((await session.execute(select(VoterToken))).scalars().all()) == 1
        await mo.ask("poll.close", poll=poll)
        async with product.work.read() as session:
            assert (await session.execute(select(VoterToken))).scalars().all() == []
        assert (await mo.ask("poll.open", poll=poll))["code"] == "poll.state"


async def test_a_poll_with_names_keeps_sealed_ballots_and_a_retry_is_the_same_vote(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        poll = await opened(mo, anonymous=False)
        first = await settle(await ann.ask("poll.vote", poll=poll, answers={"1": "1"}, name="Canary-name", ref="r1"), ann)
        again = await ann.ask("poll.vote", poll=poll, answers={"1": "1"}, ref="r1")
        other = await ann.ask("poll.vote", poll=poll, answers={"1": "2"}, ref="r2")
        assert (first["type"], again["type"], other["code"]) == ("ok", "ok", "poll.voted")
        assert [ballot["answers"] for ballot in of(ann, "my_ballot")] == [{"1": "1"}]
        assert "Canary-name" not in str(mo.frames)
        async with product.work.read() as session:
            ballot = (await session.execute(select(Ballot))).scalar_one()
        assert (ballot.person, b"Canary" in ballot.name) == (ann.person, False)
        async with product.join(webinar.id, person=ann.person) as later:
            assert [own["answers"] for own in of(later, "my_ballot")] == [{"1": "1"}]


KINDS: list[tuple[dict[str, Any], Any, Any, dict[str, Any]]] = [
    (
        {"kind": "several", "text": "Which?", "options": [{"text": "A"}, {"text": "B"}, {"text": "C"}], "max": 2},
        ["1", "3"],
        ["1", "2", "3"],
        {"n": 1, "options": {"1": 1, "2": 0, "3": 1}},
    ),
    ({"kind": "rating", "text": "How?", "max": 4}, 3, 5, {"n": 1, "ratings": {"1": 0, "2": 0, "3": 1, "4": 0}, "mean": 3.0}),
    (
        {"kind": "ranking", "text": "Order?", "options": [{"text": "A"}, {"text": "B"}]},
        ["2", "1"],
        ["2", "2"],
        {"n": 1, "points": {"1": 1, "2": 2}},
    ),
    ({"kind": "text", "text": "Say?"}, " fine ", "", {"n": 1, "texts": ["fine"]}),
    ({"kind": "words", "text": "Words?"}, ["Honey", "wax", "honey"], [], {"n": 1, "words": [["honey", 1], ["wax", 1]]}),
    (
        {"kind": "quiz", "text": "True?", "options": [{"text": "Yes"}, {"text": "No"}], "right": ["2"]},
        "2",
        "3",
        {"n": 1, "options": {"1": 0, "2": 1}},
    ),
]


@pytest.mark.parametrize(("item", "good", "bad", "result"), KINDS, ids=[str(kind[0]["kind"]) for kind in KINDS])
async def test_each_kind_of_question_is_checked_and_counted(
    product: Product, item: dict[str, Any], good: Any, bad: Any, result: dict[str, Any]
) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        poll = await opened(mo, item, results="always")
        await settle({"type": "ok", "seq": mo.seq}, ann)
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": bad}))["code"] == "poll.answers"
        assert (await ann.ask("poll.vote", poll=poll, answers={"2": good}))["code"] == "poll.answers"
        assert "right" not in of(ann, "poll")[0]["items"][0]
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": good}))["type"] == "ok"
        assert (await tallied(ann, 1))["1"] == result
        await settle(await mo.ask("poll.close", poll=poll), ann)
        assert of(ann, "poll")[0]["items"][0].get("right") == item.get("right")


async def test_a_survey_asks_several_things_at_once_and_some_must_be_answered(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        poll = await opened(mo, {**BEES, "required": True}, {"kind": "text", "text": "Why?"})
        assert (await ann.ask("poll.vote", poll=poll, answers={"2": "So"}))["code"] == "poll.answers"
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": "1"}))["type"] == "ok"
        assert {name: one["n"] for name, one in (await tallied(mo, 1)).items()} == {"1": 1, "2": 0}


async def test_the_first_vote_locks_what_is_asked_and_a_copy_corrects_it(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR, name="Max") as mo:
        poll = await opened(mo)
        await settle(await mo.ask("poll.change", poll=poll, title="Bees", version=2), mo)
        late = await mo.ask("poll.change", poll=poll, title="Wasps", version=2)
        assert (late["code"], late["text"].startswith("Max was faster")) == ("poll.conflict", True)
        await ann.ask("poll.vote", poll=poll, answers={"1": "1"})
        assert (await mo.ask("poll.change", poll=poll, title="Wasps"))["code"] == "poll.locked"
        copied = await settle(await mo.ask("poll.copy", poll=poll), mo)
        assert [(p["state"], p["title"], p.get("voters", 0)) for p in of(mo, "poll") if p["id"] == copied["poll"]] == [
            ("draft", "Bees", 0)
        ]
        await settle(await mo.ask("poll.remove", poll=copied["poll"]), mo)
        assert [p["id"] for p in of(mo, "poll")] == [poll]
        await settle(await mo.ask("poll.archive", poll=poll, archived=True), mo, ann)
        assert (of(ann, "poll"), [p["state"] for p in of(mo, "poll")]) == ([], ["archived"])


async def test_a_poll_opens_at_its_hour_and_closes_when_its_time_is_over(product: Product) -> None:
    webinar = await room(product)
    now = product.work.clock.now()
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        soon = millis(now + timedelta(seconds=1))
        made = await mo.ask("poll.make", items=[BEES], opens_at=soon, seconds=60, results="closed")
        assert made["type"] == "ok", made
        await ann.read_until(lambda: [p["state"] for p in of(ann, "poll")] == ["open"])
        assert of(ann, "poll")[0]["closes_at"] - of(ann, "poll")[0]["opened_at"] == 60_000
        # Its minute is over at once, as far as its row says.
        async with product.work.unit() as unit:
            row = await unit.session.get_one(Poll, made["poll"])
            row.closes_at = unit.now
            from app.rooms import due
            from app.rooms.room import open_room

            await due.at(await open_room(unit, product.parts.vault, webinar.id), "poll.close", row.id, unit.now)
        await ann.read_until(lambda: [p["state"] for p in of(ann, "poll")] == ["closed"])
        assert "tally" in of(ann, "poll")[0]


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "single", "text": "One?", "options": [{"text": "Only"}]},
        {"kind": "rating", "text": "How?", "max": 99},
        {"kind": "quiz", "text": "Right?", "options": [{"text": "A"}, {"text": "B"}]},
        {"kind": "song", "text": "Which?"},
        {"kind": "text", "text": ""},
    ],
)
async def test_a_poll_that_makes_no_sense_is_refused(product: Product, item: dict[str, Any]) -> None:
    webinar = await room(product)
    async with product.join(webinar.id, Role.MODERATOR) as mo:
        assert (await mo.ask("poll.make", items=[item]))["code"] == "poll.form"
