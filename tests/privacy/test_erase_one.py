"""Of one person every sealed byte is looked for afterwards, so that the database's file is rewritten only where that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.db import SQLITE_PRAGMAS, Database
from app.privacy.erase import Target
from app.privacy.erase.compact import compact
from app.rooms.models import Message
from tests.privacy.stand import Stand
from tests.privacy.test_erase import certificate

CARELESS = (*(pragma for pragma in SQLITE_PRAGMAS if "secure" not in pragma), "secure_delete=OFF")


async def one_of_many(folder: Path) -> tuple[Stand, str, list[bytes]]:
    """An installation in which forty persons said something; and everything sealed of the first."""
    stand = Stand(folder)
    await stand.make_tables()
    webinar = await stand.webinar()
    for turn in range(3):
        for person in range(40):
            await stand.say(webinar, f"person-{person:02}-of-many", f"{turn} words " * (person + 1))
    async with stand.work.read() as session:
        mine = select(Message.name, Message.text).where(Message.person == "person-00-of-many")
        stored = [bytes(value) for row in (await session.execute(mine)).all() for value in row]
    assert len(stored) == 6
    return stand, webinar, stored


def pieces_in(stand: Stand, stored: list[bytes]) -> int:
    """Pieces of 16 bytes that are still in any file of the database."""
    data = b"".join(path.read_bytes() for path in stand.settings.data_dir.glob("lectern.db*"))
    return sum(blob[at : at + 16] in data for blob in stored for at in range(0, len(blob) - 15, 16))


@pytest.fixture
def rewrites(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled with a word each time the database's file is rewritten."""
    done: list[str] = []

    async def counted(database: Database, tables: Sequence[str]) -> None:
        done.append("whole")
        await compact(database, tables)

    monkeypatch.setattr("app.privacy.erase.pipeline.compact", counted)
    return done


async def test_of_one_person_every_sealed_byte_is_gone_and_the_file_need_not_be_rewritten(
    tmp_path: Path, rewrites: list[str]
) -> None:
    stand, webinar, stored = await one_of_many(tmp_path)
    assert pieces_in(stand, stored) == 12
    claim = await certificate(stand, await stand.erase(Target("participant", stand.account_id, webinar, ("person-00-of-many",))))
    assert claim.scan.values >= 7
    assert (claim.scan.found, pieces_in(stand, stored)) == (0, 0)
    assert len(rewrites) <= 1
    await stand.close()


async def test_a_copy_in_a_freed_part_of_the_file_makes_it_rewritten(
    tmp_path: Path, rewrites: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: a database that does not overwrite what it frees is seen by the scan, and its file made anew."""
    monkeypatch.setattr("app.core.db.SQLITE_PRAGMAS", CARELESS)
    stand, webinar, stored = await one_of_many(tmp_path)
    target = Target("participant", stand.account_id, webinar, ("person-00-of-many",))
    claim = await certificate(stand, await stand.erase(target))
    assert (rewrites, claim.scan.found, pieces_in(stand, stored)) == (["whole"], 0, 0)
    await stand.close()


async def test_without_rewriting_such_a_copy_is_said_in_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the proof goes red when the file is not made anew."""

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("app.core.db.SQLITE_PRAGMAS", CARELESS)
    monkeypatch.setattr("app.privacy.erase.pipeline.compact", nothing)
    monkeypatch.setattr("app.privacy.erase.pipeline.ATTEMPTS", 1)
    stand, webinar, stored = await one_of_many(tmp_path)
    target = Target("participant", stand.account_id, webinar, ("person-00-of-many",))
    claim = await certificate(stand, await stand.erase(target))
    assert claim.scan.found > 0
    assert pieces_in(stand, stored) > 0
    await stand.close()
