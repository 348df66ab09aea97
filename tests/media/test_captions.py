"""Captions over the socket, from a link without an account; sealed, and gone with the webinar's key."""

from __future__ import annotations

from app.core.tokens import Tokens
from app.media import captions
from app.media.models_captions import Caption
from tests.support.product import Product


async def test_a_line_is_read_by_everybody_and_stands_in_the_transcript(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    address = captions.link(Tokens(product.parts.settings.secret), webinar, "nl")
    async with product.client() as client, product.join(webinar.id) as guest:
        page = await client.get(address)
        assert (page.status_code, "Nederlands" in page.text) == (200, True)
        for text in ("Goede morgen", "Wij beginnen"):
            assert (await client.post(address, json={"text": text})).status_code == 204
        await guest.until_seq((await product.row(webinar.id)).seq)
        lines = sorted((e for e in guest.entities.values() if e["kind"] == "caption"), key=lambda e: e["seq"])
        assert [(one["lang"], one["text"]) for one in lines] == [("nl", "Goede morgen"), ("nl", "Wij beginnen")]
        told = await client.get(f"/w/{webinar.slug}/transcript/nl.vtt")
        assert told.headers["content-type"].startswith("text/vtt")
        assert told.text.startswith("WEBVTT\n\n00:00:00.000 --> ")
        assert "Wij beginnen" in told.text
        assert (await client.get(f"/w/{webinar.slug}/transcript/fr.vtt")).status_code == 404
        refused = [{"text": ""}, {"text": "x" * 301}, {"text": "a", "more": 1}]
        statuses = [(await client.post(address, json=body)).status_code for body in refused]
        assert min(statuses) >= 400
        assert (await client.post(address + "x", json={"text": "a"})).status_code == 404
        async with product.join(webinar.id) as late:
            assert [e["text"] for e in late.entities.values() if e["kind"] == "caption"] == ["Goede morgen", "Wij beginnen"]
    async with product.work.read() as session:
        stored = [row.text for row in (await session.execute(Caption.__table__.select())).all()]
    assert not any(b"Goede" in text for text in stored)
