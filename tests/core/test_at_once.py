"""What a quick transaction on SQLite does past SQLAlchemy is what SQLAlchemy does."""

from __future__ import annotations

import sqlite3
from typing import cast

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.at_once import Ready, Rows
from app.core.ids import new_id
from app.rooms.models import Message, Webinar
from tests.support.product import Product

ROWS = Rows(Webinar, "seq")
TABLE = cast("Table", Message.__table__)


async def look(product: Product, webinar_id: str, *, quick: bool = True) -> Webinar:
    async with product.work.unit(quick=quick) as unit:
        row = await ROWS.locked(unit.session, webinar_id)
        assert row is not None
        return row


async def test_a_row_is_made_anew_only_when_it_is_another(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    first = await look(product, webinar.id)
    async with product.work.unit(quick=True) as unit:
        row = await ROWS.locked(unit.session, webinar.id)
        assert row is first, "as it was"
        unit.change(row, "seq", 7)
    again = await look(product, webinar.id)
    assert (again is first, again.seq) == (True, 7), "only its number is another"
    other = sqlite3.connect(product.parts.settings.data_dir / "lectern.db", isolation_level=None)
    other.execute("UPDATE webinar SET chat_mode = 'off', seq = 9 WHERE id = ?", (webinar.id,))
    other.close()
    changed = await look(product, webinar.id)
    assert (changed is first, changed.chat_mode, changed.seq) == (False, "off", 9), "another process changed it"
    assert await look(product, webinar.id, quick=False) is not changed, "the control: not in a transaction that is not quick"


async def spoil(product: Product, webinar_id: str) -> None:
    async with product.work.unit(quick=True) as unit:
        row = await ROWS.locked(unit.session, webinar_id)
        assert row is not None
        row.title, row.modes = "Nothing", {"live": {"chat": "off"}}
        unit.change(row, "seq", 5)
        raise ZeroDivisionError


async def test_what_a_transaction_that_failed_did_to_it_is_not_kept(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    await look(product, webinar.id)
    with pytest.raises(ZeroDivisionError):
        await spoil(product, webinar.id)
    after = await look(product, webinar.id)
    assert (after.title, after.modes, after.seq) == (webinar.title, webinar.modes, 0)


async def test_an_object_the_session_has_already_stays_the_one(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    kept = await look(product, webinar.id)
    async with product.work.unit(quick=True) as unit:
        mine = await unit.session.get(Webinar, webinar.id)
        assert mine is not kept
        assert await ROWS.locked(unit.session, webinar.id) is mine


async def test_values_are_converted_and_faults_named_as_by_sqlalchemy(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    now = product.work.clock.now()
    whole = {column.key: None for column in TABLE.columns} | {
        "webinar_id": webinar.id,
        "seq": 1,
        "lane": "audience",
        "person": new_id(),
        "role": "participant",
        "name": b"\x00name",
        "text": b"",
        "at": now,
        "state": "visible",
        "shown": True,
        "held": "",
        "release_at": now,
        "reason": b"",
        "pinned": False,
        "reactions": {"👍": 2},
        "edited": False,
    }
    ours, theirs = ({**whole, "id": new_id(), "ref": which} for which in ("ours", "theirs"))
    ready = Ready(insert(TABLE), TABLE.columns.keys())

    def write(session: Session) -> None:
        assert ready.run(session.connection(), [ours]) is not None
        session.connection().execute(insert(TABLE), [theirs])
        with pytest.raises(IntegrityError):
            ready.run(session.connection(), [ours])

    async with product.work.unit(quick=True) as unit:
        await unit.session.run_sync(write)
    async with product.work.read() as session:
        raw = [dict(row._mapping) for row in await session.execute(select(TABLE).order_by(Message.ref))]
        reading = await session.run_sync(lambda there: ready.run(there.connection(), [ours]))
        assert reading is None, "the control: not where only reading goes on"
    for row in raw:
        del row["id"], row["ref"]
    assert raw[0] == raw[1]
    assert (raw[0]["reactions"], raw[0]["release_at"]) == ({"👍": 2}, now)
