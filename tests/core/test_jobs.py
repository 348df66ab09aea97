"""What is done again and again: one row on any number of workers, put off rather than removed, never given up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy import select

from app.core.jobs import DELAYS, Handler, Job, Worker
from tests.privacy.stand import Stand


class Nothing(msgspec.Struct):
    """A payload without ids."""


EVERY = {"tick": timedelta(hours=1)}


async def rows(stand: Stand) -> list[tuple[str, int, object]]:
    async with stand.work.read() as session:
        return [(job.state, job.tries, job.run_at) for job in (await session.execute(select(Job))).scalars()]


async def test_a_regular_job_is_one_row_and_runs_again_after_its_time(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    ran: list[int] = []

    async def tick(_payload: bytes) -> None:
        ran.append(1)

    workers = [Worker(stand.work, {"tick": tick}, every=EVERY) for _ in range(2)]
    for worker in workers:
        await worker._begin_again()
    for _ in range(2):
        for worker in workers:
            await worker.run_due()
        stand.clock.advance(timedelta(minutes=59))
    assert (len(ran), len(await rows(stand))) == (1, 1)
    stand.clock.advance(timedelta(minutes=2))
    await workers[1].run_due()
    assert len(ran) == 2
    await stand.close()


async def test_a_regular_job_that_keeps_failing_is_never_given_up(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()

    async def tick(_payload: bytes) -> None:
        raise RuntimeError("not today")

    worker = Worker(stand.work, {"tick": tick}, every=EVERY)
    await worker._begin_again()
    for _ in range(len(DELAYS) + 2):
        await worker.run_due()
        stand.clock.advance(timedelta(hours=12))
    ((state, tries, _),) = await rows(stand)
    assert (state, tries) == ("due", 1)
    await stand.close()


async def test_what_is_urgent_passes_what_waits(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    ran: list[str] = []

    def doer(kind: str) -> Handler:
        async def run(_payload: bytes) -> None:
            ran.append(kind)

        return run

    async with stand.work.unit() as unit:
        for kind in ("mail", "mail", "erase"):
            unit.enqueue(kind, Nothing())
    await Worker(stand.work, {kind: doer(kind) for kind in ("mail", "erase")}, first=("erase",)).run_due()
    assert ran == ["erase", "mail", "mail"]
    await stand.close()


async def test_a_job_in_a_commit_wakes_the_worker_of_the_process(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    woken: list[int] = []
    stand.work.on_enqueued = lambda: woken.append(1)
    async with stand.work.unit() as unit:
        unit.enqueue("mail", Nothing(), after=timedelta(hours=1))
    assert woken == []
    async with stand.work.unit() as unit:
        unit.enqueue("mail", Nothing())
        assert woken == []
    assert woken == [1]
    await stand.close()
