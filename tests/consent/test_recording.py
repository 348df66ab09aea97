"""Consent to being recorded comes before the room, is written down where people registered, and can be withdrawn."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import select, update

from app.consent import items, records
from app.consent.items import RECORDING, Setup
from app.consent.models import ConsentEvent
from app.media import embed
from app.registration.models import Registrant
from app.rooms.models import Webinar
from tests.reports.test_exports import registrants
from tests.support.product import Product

ASKED = "This webinar is recorded."


async def recorded(product: Product) -> Webinar:
    """A webinar that is recorded and asks before."""
    row = await product.webinar(await product.account())
    async with product.work.unit() as unit:
        await items.save_setup(unit, row.id, Setup(ask_recording=True))
        await unit.session.execute(update(Webinar).where(Webinar.id == row.id).values(recording=True))
    return row


async def test_without_registration_the_question_comes_first_and_nothing_is_stored(product: Product) -> None:
    row = await recorded(product)
    async with product.client() as client:
        page = (await client.get(f"/w/{row.slug}/room")).text
        assert ASKED in page
        assert 'id="boot"' not in page, "no ticket before the answer"
        for wrong in ("x", "a.b.c"):
            assert ASKED in (await client.get(f"/w/{row.slug}/room?agreed={wrong}")).text
        entered = await client.post(f"/w/{row.slug}/agree")
        assert 'id="boot"' in (await client.get(entered.headers["location"])).text
        assert not client.cookies
        other = await recorded(product)
        query = urlsplit(entered.headers["location"]).query
        assert ASKED in (await client.get(f"/w/{other.slug}/room?{query}")).text, "an answer for one webinar is none for another"
    async with product.work.read() as session:
        assert (await session.execute(select(ConsentEvent.id))).first() is None


async def test_a_registrant_is_asked_once_and_again_after_withdrawing(product: Product) -> None:
    row = await recorded(product)
    ada, _ = await registrants(product, row.id, ["Ada", "Bob"])
    async with product.work.unit() as unit:
        await unit.session.execute(update(Registrant).where(Registrant.id == ada).values(session="mark"))
    seat = product.parts.seats.seat(row.id, ada, "mark")
    async with product.client() as client:
        room = f"/w/{row.slug}/room?seat={seat}"
        assert ASKED in (await client.get(room)).text
        entered = await client.post(f"/w/{row.slug}/agree", data={"seat": seat})
        assert 'id="boot"' in (await client.get(entered.headers["location"])).text
        assert 'id="boot"' in (await client.get(room)).text, "asked once"
        async with product.work.read() as session:
            (event,) = await records.history(session, row.id, ada)
        assert (event.item_id, event.state, event.method) == (RECORDING, "given", "room")
        me = product.parts.my_data.path(row.id, ada)
        await client.post(me, data={"do": "consents", "item": RECORDING, "kind": "withdraw"})
        assert ASKED in (await client.get(room)).text


async def test_nobody_is_asked_where_nothing_is_recorded(product: Product) -> None:
    row = await recorded(product)
    async with product.work.unit() as unit:
        await unit.session.execute(update(Webinar).where(Webinar.id == row.id).values(recording=False))
    async with product.client() as client:
        assert 'id="boot"' in (await client.get(f"/w/{row.slug}/room")).text


async def test_a_frame_of_another_site_only_shows_where_people_must_agree_first(product: Product) -> None:
    row = await recorded(product)
    free = await product.webinar(row.account_id)
    async with product.work.unit() as unit:
        for one in (row, free):
            await embed.change(unit, one.id, "https://example.org", interaction=True)
    async with product.client() as client:
        shown = (await client.get(f"/embed/{row.slug}")).text
        control = (await client.get(f"/embed/{free.slug}")).text
    assert "<room-player" in shown
    assert "<room-chat" not in shown
    assert "<room-chat" in control
