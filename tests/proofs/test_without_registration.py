"""Without registration: with everything off, being there leaves nothing at all; chat that is not stored lives in memory only."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import func, select

from app.core.db import Base
from app.privacy.scan import Files, forms_of, scan
from app.rooms.models import Webinar
from tests.support.product import Guest, Product

COUNTERS = {"job", "minute_count", "stay_count", "happening"}
"""Tables that change by themselves and hold nobody here; what they hold is searched with all files."""


async def rows(product: Product) -> dict[str, int]:
    """How many rows each table has."""
    async with product.work.read() as session:
        return {
            table.name: (await session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in Base.metadata.sorted_tables
            if table.name not in COUNTERS
        }


async def keys(product: Product, webinar: Webinar) -> list[str]:
    """Whose keys the key store has."""
    return sorted(await product.parts.vault.boxes(webinar.id))


async def found(product: Product, *values: str) -> bool:
    """Whether one of ``values`` is in any file of data or keys."""
    settings = product.parts.settings
    places = [Files([settings.data_dir, settings.keys_path])]
    return bool((await scan(places, forms_of([value.encode() for value in values], wide=True))).findings)


async def silent(product: Product, chat: str) -> Webinar:
    """A live webinar where only what the chat's mode allows can be sent."""
    webinar = await product.webinar(await product.account(), chat_mode=chat)
    async with product.work.unit() as unit:
        row = await unit.session.get_one(Webinar, webinar.id)
        row.modes = {phase: {"questions": "off", "polls": "off", "hands": "off"} for phase in ("before", "live", "after")}
        row.broadcast = "live"
    await product.parts.vault.box(webinar.id)
    return webinar


async def visit(product: Product, webinar: Webinar) -> tuple[Guest, str, list[str]]:
    """Somebody tries everything a participant can send; their id, their words, and what was allowed."""
    words = f"words-{secrets.token_hex(12)}"
    allowed = []
    async with product.client() as browser:
        await browser.get(f"/w/{webinar.slug}/room")
    async with product.join(webinar.id) as guest:
        for kind, fields in {
            "chat.say": {"text": words, "name": words},
            "question.ask": {"text": words, "name": words},
            "hand.raise": {},
        }.items():
            if (await guest.ask(kind, **fields))["type"] == "ok":
                allowed.append(kind)
    return guest, words, allowed


@pytest.mark.parametrize("chat", ["off", "unstored"])
async def test_nothing_of_a_participant_is_anywhere(product: Product, chat: str) -> None:
    webinar = await silent(product, chat)
    before = await rows(product), await keys(product, webinar)
    guest, words, allowed = await visit(product, webinar)
    assert allowed == {"off": [], "unstored": ["chat.say"]}[chat]
    await product.parts.minutes.look()
    await product.parts.minutes.end()
    after = await rows(product)
    assert {name for name in after if after[name] != before[0][name]} == set()
    assert await keys(product, webinar) == before[1]
    assert not await found(product, guest.person, words)


async def test_what_is_stored_is_found_by_the_same_look(product: Product) -> None:
    """Negative control: with stored chat there is a row, a key, and the id; the words themselves are sealed."""
    webinar = await silent(product, "stored")
    before = await rows(product)
    guest, words, allowed = await visit(product, webinar)
    after = await rows(product)
    assert allowed == ["chat.say"]
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"message": 1}
    assert guest.person in await keys(product, webinar)
    assert (await found(product, guest.person), await found(product, words)) == (True, False)
