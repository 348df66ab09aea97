"""The audit log notices a changed row, retention tells before it erases, operators need a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from app.core.db import Base
from app.core.errors import Problem
from app.core.jobs import Worker
from app.core.unit import Unit
from app.privacy import audit
from app.privacy.audit import Act
from app.privacy.backup import BackupError, backup, restore
from app.privacy.erase import JOB
from app.privacy.models import AuditEntry
from app.privacy.retention import Due, Retention
from app.rooms.models import Message, Webinar
from tests.privacy.stand import NOW, Stand


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    made = Stand(tmp_path)
    await made.make_tables()
    yield made
    await made.close()


async def write_log(stand: Stand, number: int) -> None:
    for i in range(number):
        async with stand.work.unit() as unit:
            act = Act(
                account_id=stand.account_id, actor="staff-1", role="organiser", action="webinar.changed",
                object_kind="webinar", object_id=f"w{i}", fields=["title"],
            )  # fmt: skip
            await audit.note(unit, act)


async def verified(stand: Stand) -> int | None:
    async with stand.work.read() as session:
        return await audit.verify(session, stand.account_id)


async def test_a_whole_log_is_whole(stand: Stand) -> None:
    await write_log(stand, 3)
    assert await verified(stand) is None


@pytest.mark.parametrize("n", [1, 2, 3])
async def test_a_changed_or_removed_entry_is_found(stand: Stand, n: int) -> None:
    await write_log(stand, 3)
    async with stand.work.unit() as unit:
        await unit.session.execute(update(AuditEntry).where(AuditEntry.n == n).values(action="nothing"))
    assert await verified(stand) == n
    async with stand.work.unit() as unit:
        await unit.session.execute(delete(AuditEntry).where(AuditEntry.n == n))
    assert await verified(stand) == n


async def test_an_operator_needs_a_reason_and_a_limit_and_the_account_sees_it(stand: Stand) -> None:
    async with stand.work.unit() as unit:
        for reason, hours in (("why", 1), ("because a mail was lost", 25)):
            with pytest.raises(Problem):
                await audit.open_access(unit, stand.account_id, "op", reason, timedelta(hours=hours))
        await audit.open_access(unit, stand.account_id, "op", "because a mail was lost", timedelta(hours=1))
        assert await audit.may_access(unit, stand.account_id, "op")
        assert not await audit.may_access(unit, stand.account_id, "other")
    stand.clock.advance(timedelta(hours=2))
    async with stand.work.unit() as unit:
        assert not await audit.may_access(unit, stand.account_id, "op")
        (entry,) = await audit.entries(unit.session, stand.account_id)
        assert (entry.action, entry.reason) == ("access.opened", "because a mail was lost")


async def test_retention_tells_first_and_then_erases(stand: Stand) -> None:
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x")
    told: list[tuple[str, list[str]]] = []

    async def warn(_unit: Unit, account_id: str, due: Sequence[Due]) -> None:
        told.append((account_id, [one.webinar_id for one in due]))

    retention = Retention(stand.work, stand.pipeline, Base.metadata, warn)
    worker = Worker(stand.work, {JOB: stand.pipeline.handle})
    assert (await retention.sweep(), told) == (0, [])
    stand.clock.advance(timedelta(days=25))
    assert (await retention.sweep(), told) == (0, [(stand.account_id, [webinar])])
    stand.clock.advance(timedelta(days=7))
    assert await retention.sweep() == 1
    assert await retention.sweep() == 0
    assert len(told) == 1
    await worker.run_due()
    async with stand.work.read() as session:
        for table in (Webinar, Message):
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_a_retention_made_shorter_still_gives_notice(stand: Stand) -> None:
    webinar = await stand.webinar()

    async def warn(_unit: Unit, _account_id: str, _due: Sequence[Due]) -> None:
        return

    retention = Retention(stand.work, stand.pipeline, Base.metadata, warn)
    stand.clock.advance(timedelta(days=10))
    async with stand.work.unit() as unit:
        await unit.session.execute(update(Webinar).where(Webinar.id == webinar).values(retention_days=1))
    assert await retention.sweep() == 0
    stand.clock.advance(timedelta(days=6))
    assert await retention.sweep() == 0
    stand.clock.advance(timedelta(days=1))
    assert await retention.sweep() == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_backup_comes_back_whole(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    stand = Stand(tmp_path, "" if kind == "sqlite" else request.getfixturevalue("postgres_url"))
    await stand.make_tables()
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x", 3)
    (stand.settings.data_dir / "media").mkdir()
    (stand.settings.data_dir / "media" / "one").write_bytes(b"picture")
    archive = tmp_path / "backup.tar.gz"
    backup(stand.settings, archive, NOW)
    with pytest.raises(BackupError):
        restore(stand.settings, archive)
    await stand.say(webinar, "ada", "later")
    await stand.close()
    restore(stand.settings, archive, replace=True)
    async with stand.work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Message))).scalar_one() == 3
    assert (stand.settings.data_dir / "media" / "one").read_bytes() == b"picture"
    await stand.close()
