"""Questions over real sockets: who sees what, in every state."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.core.ids import new_id
from app.core.permissions import Role
from app.privacy.erase import Target
from app.rooms.models import Webinar
from app.rooms.models_questions import Question, QuestionVote
from tests.support.product import Guest, Product


async def room(product: Product, **changes: object) -> Webinar:
    return await product.webinar(await product.account(), **changes)


def of(guest: Guest, kind: str) -> list[dict[str, Any]]:
    return [entity for entity in guest.entities.values() if entity["kind"] == kind and not entity.get("removed")]


async def settle(answer: dict[str, Any], *guests: Guest) -> dict[str, Any]:
    """Everybody has heard of what was answered ``ok``."""
    assert answer["type"] == "ok", answer
    for guest in guests:
        await guest.hear(answer["seq"])
    return answer


async def test_a_question_waits_for_approval_and_its_asker_sees_every_step(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR, name="Max") as mo,
    ):
        asked = await settle(await ann.ask("question.ask", text="Do bees sleep?", name="Ann"), ann, mo)
        assert [(q["number"], q["state"], q["author"]["name"]) for q in of(mo, "question")] == [(1, "pending", "Ann")]
        assert [(q["state"], q["editable"]) for q in of(ann, "my_question")] == [("pending", True)]
        await settle(await mo.ask("question.approve", question=asked["question"], version=1), ann, bob, mo)
        assert [(q["text"], q["author"]["name"]) for q in of(bob, "question")] == [("Do bees sleep?", "Ann")]
        assert [q["state"] for q in of(ann, "my_question")] == ["visible"]
        assert of(bob, "my_question") == []
        await settle(await mo.ask("question.take", question=asked["question"], on=True), bob)
        assert [q["state"] for q in of(bob, "question")] == ["answering"]
        await settle(await mo.ask("question.answer", question=asked["question"], text="Yes, at night."), ann, bob)
        assert [(q["state"], q["answer"], q["answered_by"]) for q in of(bob, "question")] == [
            ("answered", "Yes, at night.", "text")
        ]
        assert [q["answer"] for q in of(ann, "my_question")] == ["Yes, at night."]


async def test_a_rejected_question_comes_back_with_its_reason_to_its_asker_alone(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        asked = await ann.ask("question.ask", text="Buy my honey?", name="Ann")
        answer = await mo.ask("question.reject", question=asked["question"], reason="No advertising, please.")
        await settle(answer, ann, bob)
        assert [(q["state"], q["reason"]) for q in of(ann, "my_question")] == [("rejected", "No advertising, please.")]
        said = [frame for frame in bob.frames if "question" in str(frame)]
        assert [frame for frame in said if asked["question"] in str(frame)] == []


async def test_an_answer_for_the_asker_alone_reaches_nobody_else(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        asked = await ann.ask("question.ask", text="My invoice?", name="Ann")
        answer = await mo.ask("question.answer", question=asked["question"], text="Canary-answer", private=True)
        await settle(answer, ann, bob)
        assert [q["answer"] for q in of(ann, "my_question")] == ["Canary-answer"]
        assert "Canary-answer" not in str(bob.frames)


@pytest.mark.parametrize(("mode", "crew_sees", "audience_sees"), [("audience", True, False), ("crew", False, False)])
async def test_two_settings_keep_a_name_from_the_audience_and_from_the_crew(
    product: Product, mode: str, crew_sees: bool, audience_sees: bool
) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await settle(await mo.ask("room.modes", phase="all", questions="open", crew_anonymous="choice"), ann)
        await settle(await ann.ask("question.ask", text="Who am I?", name="Canary-name", anonymous=mode), ann, bob, mo)
        assert ("Canary-name" in str(mo.frames)) is crew_sees
        assert (ann.person in str(mo.frames)) is crew_sees
        assert ("Canary-name" in str(bob.frames)) is audience_sees
        assert len(of(bob, "question")) == 1


async def test_a_vote_counts_once_per_person_and_only_for_what_everybody_sees(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        asked = await ann.ask("question.ask", text="More?", name="Ann")
        refused = await ann.ask("question.vote", question=asked["question"], on=True)
        assert refused["code"] == "question.state"
        await mo.ask("question.approve", question=asked["question"])
        first = await settle(await ann.ask("question.vote", question=asked["question"], on=True), ann)
        again = await ann.ask("question.vote", question=asked["question"], on=True)
        assert again["seq"] == first["seq"]
        assert [mine["votes"] for mine in of(ann, "mine")] == [[asked["question"]]]
        await mo.ask("question.vote", question=asked["question"], on=True)
        await mo.read_until(lambda: of(mo, "question")[0].get("votes") == 2)
        await ann.ask("question.vote", question=asked["question"], on=False)
        await mo.read_until(lambda: of(mo, "question")[0].get("votes") == 1)
        other = await room(product)
        async with product.join(other.id) as eve:
            assert (await eve.ask("question.vote", question=asked["question"], on=True))["code"] == "question.unknown"


async def test_a_merge_counts_each_voter_once_and_can_be_taken_back(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await mo.ask("room.modes", questions="open")
        one = (await ann.ask("question.ask", text="Do they sleep?", name="Ann"))["question"]
        two = (await bob.ask("question.ask", text="Sleep?", name="Bob"))["question"]
        for guest in (ann, bob):
            await guest.ask("question.vote", question=one, on=True)
        for guest in (bob, mo):
            await guest.ask("question.vote", question=two, on=True)
        await settle(await mo.ask("question.merge", question=two, into=one), ann, bob, mo)
        shown = of(ann, "question")
        assert [(q["id"], q["votes"]) for q in shown] == [(one, 3)]
        assert [q["merged_into"] for q in of(bob, "my_question")] == [one]
        await settle(await mo.ask("question.answer", question=one, text="They do."), bob)
        assert [q["answer"] for q in of(bob, "my_question")] == ["They do."]
        await settle(await mo.ask("question.unmerge", question=two), ann, bob)
        assert sorted((q["number"], q["votes"]) for q in of(ann, "question")) == [(1, 2), (2, 2)]


async def test_of_two_moderators_the_slower_hears_who_was_faster(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id, Role.MODERATOR, name="Max") as one,
        product.join(webinar.id, Role.MODERATOR, name="Mia") as two,
    ):
        asked = (await ann.ask("question.ask", text="Which tree?", name="Ann"))["question"]
        await settle(await one.ask("question.claim", question=asked), two)
        assert [q["claim"]["name"] for q in of(two, "question")] == ["Max"]
        refused = await two.ask("question.claim", question=asked)
        assert (refused["code"], refused["text"]) == ("question.claimed", "Max is at this question.")
        await one.ask("question.rewrite", question=asked, text="Which tree is it?", version=1)
        late = await two.ask("question.approve", question=asked, version=1)
        assert (late["code"], late["text"].startswith("Max was faster")) == ("question.conflict", True)
        await settle(await two.ask("question.approve", question=asked, version=2), one)
        assert [(q["text"], q["original"]) for q in of(one, "question")] == [("Which tree is it?", "Which tree?")]


async def test_an_asker_may_edit_until_approval_and_withdraw_at_any_time(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        asked = (await ann.ask("question.ask", text="Teh tree?", name="Ann"))["question"]
        await settle(await ann.ask("question.edit", question=asked, text="The tree?"), ann)
        assert (await bob.ask("question.edit", question=asked, text="Mine"))["code"] == "not.allowed"
        await mo.ask("question.approve", question=asked)
        assert (await ann.ask("question.edit", question=asked, text="Late"))["code"] == "question.approved"
        await bob.ask("question.vote", question=asked, on=True)
        await settle(await ann.ask("question.withdraw", question=asked), ann, bob, mo)
        assert (of(bob, "question"), of(ann, "my_question"), of(mo, "question")) == ([], [], [])
        assert ["votes" in mine for mine in of(bob, "mine")] == [False]
        following = await ann.ask("question.ask", text="Another?", name="Ann")
        assert following["number"] == 2
    async with product.work.read() as session:
        kept = (await session.execute(select(Question).where(Question.id == asked))).scalar_one()
    assert (kept.text, kept.name, kept.original) == (b"", b"", b"")


async def test_order_stars_labels_archive_and_screen_are_the_crews(product: Product) -> None:
    webinar = await room(product)
    async with (
        product.join(webinar.id, Role.MODERATOR) as mo,
        product.join(webinar.id) as ann,
    ):
        await mo.ask("room.modes", questions="open")
        ids = [(await ann.ask("question.ask", text=f"Question {n}?", name="Ann"))["question"] for n in (1, 2, 3)]
        await mo.ask("question.move", question=ids[2])
        await mo.ask("question.star", question=ids[0], on=True)
        await mo.ask("question.label", question=ids[0], label="honey")
        await settle(await mo.ask("question.move", question=ids[0], after=ids[1]), mo, ann)
        crew = sorted(of(mo, "question"), key=lambda q: q.get("place", q["number"]))
        assert [q["id"] for q in crew] == [ids[2], ids[1], ids[0]]
        assert [q["number"] for q in crew] == [3, 2, 1]
        assert {key for q in of(ann, "question") for key in q} & {"starred", "label", "place", "version", "published"} == set()
        await settle(await mo.ask("question.show", question=ids[1], on=True), ann)
        await ann.ask("question.vote", question=ids[0], on=True)
        await ann.read_until(lambda: any(q.get("votes") == 1 for q in of(ann, "question")))
        shown = await settle(await mo.ask("question.next"), ann)
        assert shown["question"] == ids[0]
        assert [q["id"] for q in of(ann, "question") if q.get("on_screen")] == [ids[0]]
        assert [q["state"] for q in of(ann, "question") if q["id"] == ids[1]] == ["answered"]
        await settle(await mo.ask("question.archive", questions=ids, archived=True), ann)
        assert of(ann, "question") == []
        await settle(await mo.ask("question.archive", questions=ids, archived=False), ann)
        assert len(of(ann, "question")) == 3


async def test_a_message_becomes_a_question_of_its_author_with_a_link_back(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await settle(await ann.ask("chat.say", text="Do they dream?", name="Ann"), mo)
        message = of(mo, "message")[0]["id"]
        made = await settle(await mo.ask("question.from_message", message=message), ann, mo)
        assert [(q["text"], q["author"]["name"], q["message"]) for q in of(ann, "question")] == [
            ("Do they dream?", "Ann", message)
        ]
        assert [m["question"] for m in of(ann, "message")] == [made["question"]]
        assert [q["id"] for q in of(ann, "my_question")] == [made["question"]]
        again = await mo.ask("question.from_message", message=message)
        assert again["question"] == made["question"]


async def test_modes_close_the_box_at_once_and_say_why(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        assert ann.webinar["questions"]["mode"] == "moderated"
        await settle(await mo.ask("room.modes", questions="off"), ann)
        assert ann.webinar["questions"] == {"mode": "off", "anonymous": "choice", "why": "before"}
        assert (await ann.ask("question.ask", text="Late?", name="Ann"))["code"] == "questions.closed"
        await settle(await mo.ask("broadcast.set", to="live"), ann)
        assert ann.webinar["questions"]["mode"] == "moderated"
        await settle(await mo.ask("broadcast.set", to="ended"), ann)
        assert ann.webinar["questions"]["why"] == "ended"


async def test_a_word_of_the_organiser_holds_a_question_that_would_be_open(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await mo.ask("room.modes", questions="open")
        await settle(await mo.ask("room.words", words=["Café Noir"]), mo)
        await settle(await ann.ask("question.ask", text="Is CAFE  noir open?", name="Ann"), mo, ann)
        await settle(await ann.ask("question.ask", text="Is the café noire?", name="Ann"), mo, ann)
        assert [(q["state"], q.get("held", False)) for q in of(mo, "question")] == [("pending", True), ("visible", False)]
        assert "words" not in ann.webinar


async def test_who_comes_back_finds_questions_votes_and_fate_as_they_are(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, Role.MODERATOR) as mo:
        async with product.join(webinar.id, person=person) as ann:
            asked = (await ann.ask("question.ask", text="Back soon?", name="Ann"))["question"]
            seen = {"epoch": ann.epoch, "seq": ann.seq}
        await mo.ask("question.approve", question=asked)
        async with product.join(webinar.id, person=person, seen=seen) as ann:
            assert ann.welcome["state"]["full"] is False
            assert [q["state"] for q in of(ann, "my_question")] == ["visible"]
            await ann.ask("question.vote", question=asked, on=True)
        async with product.join(webinar.id, person=person) as ann:
            assert [mine["votes"] for mine in of(ann, "mine")] == [[asked]]


async def test_an_erased_askers_words_and_votes_are_gone_from_screens_and_rows(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id) as bob:
        await mo.ask("room.modes", questions="open")
        async with product.join(webinar.id, person=person) as ann:
            asked = (await ann.ask("question.ask", text="Canary-question", name="Ann"))["question"]
            other = (await bob.ask("question.ask", text="Another?", name="Bob"))["question"]
            await ann.ask("question.vote", question=other, on=True)
            await bob.read_until(lambda: any(q.get("votes") == 1 for q in of(bob, "question")))
        target = Target("participant", webinar.account_id, webinar.id, (person,))
        async with product.work.unit() as unit:
            erasure = await product.parts.pipeline.ask(unit, target, "organiser")
        await product.parts.pipeline.run(erasure)
        await bob.read_until(lambda: [q["id"] for q in of(bob, "question")] == [other])
        await bob.read_until(lambda: of(bob, "question")[0].get("votes", 0) == 0)
        await mo.read_until(lambda: [q["id"] for q in of(mo, "question")] == [other])
    async with product.work.read() as session:
        left = (await session.execute(select(Question).where(Question.id == asked))).scalar_one()
        votes = (await session.execute(select(QuestionVote).where(QuestionVote.person == person))).scalars().all()
    assert (left.person, left.text, left.name, votes) == ("gone", b"", b"", [])


async def test_a_lease_that_nobody_renews_is_over(product: Product) -> None:
    from datetime import timedelta

    from app.moderation import questions as desk
    from app.rooms.room import open_room

    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        asked = (await ann.ask("question.ask", text="Mine?", name="Ann"))["question"]
        await settle(await mo.ask("question.claim", question=asked), mo)
        assert of(mo, "question")[0]["claim"]["id"] == mo.person
        async with product.work.unit() as unit:
            row = await unit.session.get_one(Question, asked)
            row.claim_until = unit.now - timedelta(seconds=1)
            await desk.lease_over(await open_room(unit, product.parts.vault, webinar.id), asked)
        await mo.read_until(lambda: "claim" not in of(mo, "question")[0])
