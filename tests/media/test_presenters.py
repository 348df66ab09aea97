"""Who is on stage and backstage, over the socket of the real product, and what the media process makes of it."""

from __future__ import annotations

from typing import Any

from app.core.ids import new_id
from app.core.permissions import Role
from app.media.directory import Placed, Publisher
from app.media.directory_db import DatabaseDirectory
from tests.support.product import Guest, Product
from tests.support.until import until


def presenters(guest: Guest) -> list[dict[str, Any]]:
    return [e for e in guest.entities.values() if e["kind"] == "presenter" and not e.get("removed")]


def place(guest: Guest, name: str) -> dict[str, Any]:
    return next(one for one in presenters(guest) if one["name"] == name)


async def test_who_comes_late_lands_backstage_and_only_directors_bring_others_on_stage(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    async with (
        product.join(webinar.id, Role.MODERATOR, name="Mia") as mia,
        product.join(webinar.id, Role.PRESENTER, name="Ada") as ada,
        product.join(webinar.id, Role.PRESENTER, name="Ben") as ben,
        product.join(webinar.id) as guest,
    ):
        await ada.ask("stage.enter")
        assert (await mia.ask("broadcast.set", to="live"))["type"] == "ok"
        answer = await ben.ask("stage.enter")
        await mia.until_seq(answer["seq"])
        assert [(p["name"], p.get("on_stage", False)) for p in presenters(mia)] == [("Ada", True), ("Ben", False)]
        late = place(mia, "Ben")["id"]
        row = await product.row(webinar.id)
        directory = DatabaseDirectory(product.parts.settings, product.parts.database)
        await directory.presence(webinar.id, [Publisher(ada.person, "passthrough", True, True, backup=True)], 3)
        # Somebody is on the stage now, so it is no empty one that anybody may take.
        assert (await ben.ask("stage.move", presenter=late, on_stage=True))["code"] == "not.allowed"
        assert (await guest.ask("stage.move", presenter=late, on_stage=True))["code"] == "not.allowed"
        shown = await mia.ask("stage.show", presenter=late)
        await ben.until_seq(shown["seq"])
        assert place(ben, "Ben")["on_stage"]
        assert place(ben, "Ada")["backup"], "the crew sees that the main way in is silent"
        plan = await directory.plan(webinar.id)
        assert (plan.chosen, plan.breaks, plan.title) == (ben.person, 3, row.title)
        assert plan.seats == {ada.person: Placed(True), ben.person: Placed(True)}
        assert presenters(guest) == []
        assert (await ben.ask("stage.move", presenter=late, on_stage=False))["type"] == "ok", "everybody may leave"


async def test_a_microphone_is_closed_by_the_crew_and_opened_by_its_owner_alone(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    async with (
        product.join(webinar.id, Role.MODERATOR, name="Mia") as mia,
        product.join(webinar.id, Role.PRESENTER, name="Ada") as ada,
    ):
        await mia.until_seq((await ada.ask("stage.enter"))["seq"])
        await mia.ask("stage.enter")
        await ada.until_seq((await mia.ask("stage.mute", presenter=place(mia, "Ada")["id"]))["seq"])
        assert place(ada, "Ada")["muted"]
        await mia.ask("stage.sound")
        assert place(ada, "Ada")["muted"], "that was Mia's own"
        await mia.until_seq((await ada.ask("stage.sound"))["seq"])
        assert not place(mia, "Ada").get("muted")


async def test_who_sends_is_written_by_the_media_process_and_seen_by_the_crew(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    person = new_id()
    token = product.parts.seats.stage(webinar.id, person, "A WHIP client")
    assert await directory.publish_seat(token) is not None
    async with product.join(webinar.id, Role.MODERATOR) as mia:
        await directory.presence(webinar.id, [Publisher(person, "passthrough", True, True)], 0)
        row = await product.row(webinar.id)
        await mia.until_seq(row.seq)
        one = place(mia, "A WHIP client")
        assert (one["connected"], one["video"], one["shown"], one["on_stage"]) == (True, True, True, True)
        await directory.presence(webinar.id, [], 0)
        await mia.until_seq((await product.row(webinar.id)).seq)
        assert not place(mia, "A WHIP client").get("connected")


async def test_obs_gets_a_way_in_that_ends_when_it_is_taken_off(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    async with product.join(webinar.id, Role.MODERATOR) as mia:
        made = await mia.ask("stage.encoder", name="OBS in the hall")
        assert made["address"] == f"{product.url}/whip/{webinar.id}"
        seat = await directory.publish_seat(made["token"])
        assert seat is not None
        gone = await mia.ask("stage.remove", presenter=place(mia, "OBS in the hall")["id"])
        await mia.until_seq(gone["seq"])
        assert presenters(mia) == []
        assert await directory.publish_seat(made["token"]) is None
        assert seat.seat in (await directory.plan(webinar.id)).removed


async def test_a_screen_is_a_second_sender_where_its_presenter_is(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    async with product.join(webinar.id, Role.PRESENTER, name="Ada") as ada:
        await ada.ask("stage.enter")
        made = [await ada.ask("stage.screen", on=True) for _ in range(2)]
        await ada.until_seq(made[1]["seq"])
        assert [(one["name"], one["sort"], one["on_stage"]) for one in presenters(ada) if one["person"] != ada.person] == [
            ("Screen of Ada", "screen", True)
        ]
        seat = product.parts.seats.read_stage(made[1]["token"])
        assert seat is not None
        assert seat.session == f"session-of-{ada.person}", "signing out ends the screen too"
        placed = (await directory.plan(webinar.id)).seats
        assert (placed[ada.person].screen, placed[seat.person].screen) == (seat.person, "")
        await ada.until_seq((await ada.ask("stage.screen", on=False))["seq"])
        assert len(presenters(ada)) == 1
        assert (await directory.plan(webinar.id)).seats[ada.person].screen == ""
        assert await directory.publish_seat(made[1]["token"]) is None


async def test_an_erased_person_leaves_the_stage(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    async with product.join(webinar.id, Role.PRESENTER, name="Ada") as ada:
        await ada.ask("stage.enter")
        token = product.parts.seats.stage(webinar.id, ada.person, "Ada")
        assert ada.person in (await directory.plan(webinar.id)).seats
    from app.privacy.erase.ask import By, erase_persons

    async with product.work.unit() as unit:
        await erase_persons(unit, product.parts.pipeline, By(account, new_id(), "owner"), webinar.id, [ada.person])
    await until(lambda: _gone(directory, webinar.id, ada.person), what="the place is erased")
    # The token alone makes nobody come back.
    await directory.publish_seat(token)
    await directory.presence(webinar.id, [Publisher(ada.person, "passthrough", True, True)], 0)
    assert ada.person not in (await directory.plan(webinar.id)).seats


async def _gone(directory: DatabaseDirectory, webinar_id: str, person: str) -> bool:
    return person not in (await directory.plan(webinar_id)).seats
