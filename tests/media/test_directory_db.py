"""The directory against a real SQLite database with the product's tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, update

import app.accounts.models  # noqa: F401 - the webinar table refers to it
from app.core.clock import Clock
from app.core.db import Database
from app.core.tokens import Tokens
from app.core.unit import Work
from app.media.directory import Broadcast, Lane, PublishSeat, StreamRef
from app.media.directory_db import DatabaseDirectory
from app.media.models import Presenter, StageRow
from app.rooms.models import Webinar
from app.rooms.seats import Seats
from app.settings import load

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def test_seats_streams_and_states_come_from_the_webinars_row(tmp_path: Path) -> None:
    settings = load({"LECTERN_DATA_DIR": str(tmp_path)})
    database = Database(settings)
    row = {"id": "w1", "account_id": "a", "slug": "s", "title": "t", "hls_token": "h", "crew_token": "c", "epoch": "e"}
    times = dict.fromkeys(("starts_at", "ends_at", "made_at"), AT)
    async with database.engine.begin() as connection:
        # Only these tables: what they refer to belongs to other features.
        for table in (Webinar.__table__, Presenter.__table__, StageRow.__table__):
            columns = ", ".join(f"{c.name} {c.type.compile(connection.dialect)}" for c in table.columns)
            await connection.exec_driver_sql(f"CREATE TABLE {table.name} ({columns})")  # type: ignore[attr-defined]
        await connection.execute(insert(Webinar.__table__).values(**row, **times))  # type: ignore[arg-type]
    work = Work(database, Clock())
    seats = Seats(Tokens(settings.secret), work)
    token = seats.stage("w1", "staff", "Ada")
    directory = DatabaseDirectory(settings, database)
    assert await directory.publish_seat(token) == PublishSeat("w1", "staff")
    assert await directory.crew_seat(token) == "w1"
    assert await directory.publish_seat(token + "x") is None
    assert await directory.publish_seat(seats.stage("gone", "staff", "Ada")) is None
    assert [await directory.stream(t) for t in ("h", "c", "x", "")] == [
        StreamRef("w1", Lane.AUDIENCE),
        StreamRef("w1", Lane.CREW),
        None,
        None,
    ]
    assert (await directory.broadcast("w1"), await directory.broadcast("gone")) == (Broadcast.IDLE, Broadcast.ENDED)
    async with database.sessions() as session:
        await session.connection(execution_options={"lectern_write": True})
        await session.execute(update(Webinar).values(broadcast="live", data_state="purging"))
        await session.commit()
    fresh = DatabaseDirectory(settings, database)
    assert (await fresh.stream("h"), await fresh.broadcast("w1"), await fresh.publish_seat(token)) == (
        None,
        Broadcast.ENDED,
        None,
    )
    await database.close()
