"""Erasing one participant while the webinar runs: out of the room, off every screen, never replayed, and never back."""

from __future__ import annotations

import asyncio

import websockets
from sqlalchemy import select

from app.core.permissions import Role
from app.live.change import Seen
from app.privacy.erase.ask import By, erase_persons
from app.privacy.models import AuditEntry, Erasure
from app.protocol.codes import Close
from app.rooms.models import Message
from tests.support.product import Guest, Product
from tests.support.until import until


async def erase(product: Product, account: str, webinar: str, *persons: str) -> None:
    async with product.work.unit() as unit:
        await erase_persons(unit, product.parts.pipeline, By(account, "staff-1", "owner"), webinar, persons)
    product.parts.worker.wake()


async def closed(guest: Guest) -> int | None:
    """Read until the server closes; the code."""
    try:
        while True:
            await asyncio.wait_for(guest.socket.recv(), 10)
    except websockets.ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


async def done(product: Product) -> bool:
    """Whether every erasure has its certificate."""
    async with product.work.read() as session:
        return all(state == "done" for state in (await session.execute(select(Erasure.state))).scalars())


async def read_until(guest: Guest, texts: list[str]) -> None:
    """Read until exactly these texts are on the screen."""
    while guest.texts() != texts:
        await guest.read()


async def test_what_one_person_wrote_opens_with_no_other_key(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        await ann.ask("chat.say", text="Mine", name="Ann")
        await bob.ask("chat.say", text="His", name="Bob")
        vault = product.parts.vault
        assert sorted(await vault.boxes(webinar.id)) == sorted(["", ann.person, bob.person])
        await vault.destroy(webinar.id, ann.person)
        # The row is still there, and still nobody can read it: not in a snapshot, not in what is caught up.
        refused = await ann.ask("chat.say", text="Again", name="Ann")
        assert refused["code"] == "person.erased"
    async with product.join(webinar.id) as late:
        assert late.texts() == ["His"]
    state = await product.parts.hub._source.state(webinar.id, "crew", None, Seen(webinar.epoch, 0))
    assert b"Mine" not in b"".join(state.set)


async def test_an_erased_person_is_out_and_off_every_screen_and_others_stay(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id) as bob,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await ann.ask("chat.say", text="Mine", name="Ann")
        said = await bob.ask("chat.say", text="His", name="Bob")
        for guest in (ann, bob, mo):
            await guest.until_seq(said["seq"])
        seen = {"epoch": webinar.epoch, "seq": 0}
        await erase(product, account, webinar.id, ann.person)
        assert await closed(ann) == Close.ERASED
        await read_until(bob, ["His"])
        await read_until(mo, ["His"])
        async with product.join(webinar.id, seen=seen) as back:
            assert back.texts() == ["His"]
    await until(lambda: done(product), what="the erasure is done")
    async with product.work.read() as session:
        rows = (await session.execute(select(Message.person, Message.state).order_by(Message.seq))).all()
        acts = (await session.execute(select(AuditEntry.action, AuditEntry.actor))).all()
    assert sorted(tuple(row) for row in rows) == sorted([(bob.person, "visible"), ("gone", "removed")])
    assert [tuple(act) for act in acts] == [("erase.participant", "staff-1")]


async def test_lines_that_were_not_stored_go_from_screens_too(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account, chat_mode="unstored")
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        await ann.ask("chat.say", text="Mine", name="Ann")
        said = await bob.ask("chat.say", text="His", name="Bob")
        await bob.until_seq(said["seq"])
        assert await product.parts.vault.boxes(webinar.id) != {}
        assert sorted(await product.parts.vault.boxes(webinar.id)) == [""], "what is not stored needs no key"
        await erase(product, account, webinar.id, ann.person)
        await read_until(bob, ["His"])
    async with product.join(webinar.id) as late:
        assert late.texts() == ["His"]


async def test_an_erased_seat_gets_no_ticket_and_writes_nothing(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    seats = product.parts.seats
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="Mine", name="Ann")
    await product.parts.vault.destroy(webinar.id, ann.person)
    _, seat = seats.participant(webinar.id, ann.person, "en")
    async with product.client() as client:
        refused = await client.post(f"/w/{webinar.slug}/ticket", json={"seat": seat}, headers={"origin": product.url})
        fresh = await client.post(f"/w/{webinar.slug}/ticket", json={}, headers={"origin": product.url})
    assert (refused.status_code, fresh.status_code) == (410, 200)
