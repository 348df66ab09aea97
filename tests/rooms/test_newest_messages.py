"""The newest messages of a room are read without looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.rooms.chat_view import _messages
from tests.support.product import Product


async def plan(session: AsyncSession, crew: bool) -> Sequence[str]:
    """How SQLite goes about it."""
    asked: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    await _messages(session, "a-webinar", crew, None)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    sql, values = next(one for one in asked if "FROM message" in one[0])
    # Never the same text again: SQLite would answer with the plan it made before.
    steps = await (await session.connection()).exec_driver_sql(f"EXPLAIN QUERY PLAN {sql} /* {new_id()} */", values)
    return [str(step) for step in steps.scalars(3)]


@pytest.mark.parametrize("crew", [False, True])
async def test_the_newest_messages_come_in_order_from_an_index(product: Product, crew: bool) -> None:
    async with product.work.unit() as unit:
        steps = await plan(unit.session, crew)
        assert ["USING INDEX ix_message_webinar_at" in step for step in steps] == [True]
        await unit.session.execute(text("DROP INDEX ix_message_webinar_at"))
        assert any("TEMP B-TREE" in step for step in await plan(unit.session, crew)), "the control: all are read and sorted"
        await unit.session.rollback()
