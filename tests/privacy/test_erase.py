"""An erasure reaches every row of its target and no other, survives being killed, and proves what it did."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.core.errors import Problem
from app.core.jobs import JobLater
from app.privacy.certificate import CertificateWrong, Claim, verify
from app.privacy.erase import Target
from app.privacy.erase.pipeline import STEPS
from app.privacy.guard import replay_missing
from app.privacy.ledger import LedgerBroken
from app.privacy.models import Erasure
from app.privacy.scope import personal_columns
from app.privacy.vault import KeyDestroyed
from app.rooms.models import Message, Webinar
from tests.privacy.stand import Stand


@pytest.fixture(params=["sqlite", "postgresql"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = Stand(tmp_path, url)
    await made.make_tables()
    yield made
    await made.close()


async def count(stand: Stand, table: type[Message | Webinar], *where: object) -> int:
    async with stand.work.read() as session:
        return (await session.execute(select(func.count()).select_from(table).where(*where))).scalar_one()  # type: ignore[arg-type]


async def test_one_participant_goes_and_the_others_stay(stand: Stand) -> None:
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "mine", 3)
    await stand.say(webinar, "bob", "his", 2)
    target = Target("participant", stand.account_id, webinar, ("ada",))
    columns = Message.__table__.c
    always = [word.category for name, word in personal_columns(Message.__table__).items() if not columns[name].nullable]  # type: ignore[arg-type]
    counts = await stand.pipeline.preview(target)
    assert counts == {category: 3 * always.count(category) for category in always}
    assert counts["user.content.public"] == counts["user.name"] == 3
    claim = await certificate(stand, await stand.erase(target))
    assert await count(stand, Message, Message.person == "bob") == 2
    assert await count(stand, Message, Message.person == "ada") == 0
    assert await count(stand, Message, Message.state == "removed") == 3
    assert (claim.scan.rows_left, claim.scan.found) == (0, 0)


async def test_all_participants_go_and_the_webinar_can_go_on(stand: Stand) -> None:
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "old", 3)
    await stand.erase(Target("participants", stand.account_id, webinar))
    assert (await count(stand, Message), await count(stand, Webinar)) == (0, 1)
    await stand.say(webinar, "ada", "new")
    assert await count(stand, Message) == 1


async def test_a_webinar_goes_whole_and_its_neighbour_stays(stand: Stand) -> None:
    webinar, other = await stand.webinar(), await stand.webinar()
    await stand.say(webinar, "ada", "x", 5)
    await stand.say(other, "ada", "y", 2)
    claim = await certificate(stand, await stand.erase(Target("webinar", stand.account_id, webinar)))
    assert (await count(stand, Message), await count(stand, Webinar)) == (2, 1)
    assert claim.removed == {"keys": 2, "rows.message": 5, "rows.webinar": 1}
    assert claim.counts["user.content.public"] == 5
    with pytest.raises(KeyDestroyed):
        await stand.vault.box(webinar)


async def test_an_account_goes_with_everything(stand: Stand) -> None:
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x", 2)
    await stand.erase(Target("account", stand.account_id))
    assert (await count(stand, Message), await count(stand, Webinar)) == (0, 0)
    with pytest.raises(KeyDestroyed):
        await stand.vault.box(webinar)


async def test_a_certificate_is_checked_without_the_server(stand: Stand) -> None:
    erasure = await stand.erase(Target("webinar", stand.account_id, await stand.webinar()))
    text = await certificate_text(stand, erasure)
    assert verify(text, stand.signer.public_key).id == erasure
    for changed in (text.replace('"rows_left":0', '"rows_left":9'), "{}", "no"):
        with pytest.raises(CertificateWrong):
            verify(changed)
    with pytest.raises(CertificateWrong):
        verify(text, "another key")


@pytest.mark.parametrize(
    ("kind", "step"), [("webinar", step) for step in STEPS] + [("participant", "begin"), ("participant", "compact")]
)
async def test_an_erasure_killed_after_any_step_is_finished_by_the_next_process(tmp_path: Path, kind: str, step: str) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x", 4)
    async with stand.work.unit() as unit:
        persons = ("ada",) if kind == "participant" else ()
        erasure = await stand.pipeline.ask(unit, Target(kind, stand.account_id, webinar, persons), "organiser")  # type: ignore[arg-type]
    await stand.close()
    program = "import sys; from tests.privacy.test_erase import die_after; die_after(*sys.argv[1:])"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path), erasure, step)
    assert await child.wait() == -signal.SIGKILL
    later = Stand(tmp_path)
    await later.pipeline.run(erasure)
    claim = await certificate(later, erasure)
    # Of one person the room keeps tombstones.
    removed = claim.removed["rows.message" if kind == "webinar" else "rooms.messages"]
    assert (claim.counts["user.content.public"], removed, claim.scan.found) == (4, 4, 0)
    assert len(later.ledger.entries()) == 1
    await later.close()


def die_after(folder: str, erasure: str, step: str) -> None:
    """In a process of its own: run until ``step`` is done, then die as by a power cut."""

    def kill(_erasure: str, done: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(Stand(Path(folder), on_step=kill).pipeline.run(erasure))


async def test_a_restored_database_replays_what_it_missed(tmp_path: Path) -> None:
    import shutil

    stand = Stand(tmp_path)
    await stand.make_tables()
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x", 4)
    await stand.close()
    shutil.copytree(stand.settings.data_dir, tmp_path / "copy")
    stand = Stand(tmp_path)
    await stand.erase(Target("webinar", stand.account_id, webinar))
    await stand.close()
    shutil.rmtree(stand.settings.data_dir)
    shutil.copytree(tmp_path / "copy", stand.settings.data_dir)
    stand = Stand(tmp_path)
    assert await count(stand, Message) == 4
    assert await replay_missing(stand.work, stand.ledger, stand.pipeline) == 1
    assert await count(stand, Message) == 0
    assert await replay_missing(stand.work, stand.ledger, stand.pipeline) == 0
    await stand.close()


def lose(path: Path) -> None:
    path.unlink()


def cut_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def cut_a_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"organiser", b"moderator", 1))


@pytest.mark.parametrize("harm", [lose, cut_a_byte, cut_a_line, change])
async def test_a_harmed_ledger_is_noticed(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    for _ in range(2):
        await stand.erase(Target("webinar", stand.account_id, await stand.webinar()))
    assert await replay_missing(stand.work, stand.ledger, stand.pipeline) == 0
    harm(stand.settings.keys_path / "ledger.jsonl")
    with pytest.raises(LedgerBroken):
        await replay_missing(stand.work, stand.ledger, stand.pipeline)
    await stand.close()


async def test_a_ledger_lost_with_its_anchor_is_noticed_by_the_database(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    await stand.erase(Target("webinar", stand.account_id, await stand.webinar()))
    for name in ("ledger.jsonl", "ledger.head"):
        (stand.settings.keys_path / name).unlink()
    with pytest.raises(LedgerBroken):
        await replay_missing(stand.work, stand.ledger, stand.pipeline)
    await stand.close()


async def test_an_unclear_target_is_refused(stand: Stand) -> None:
    for target in (
        Target("participant", "a", "w"),
        Target("webinar", "a"),
        Target("account", ""),
        Target("webinar", "a", "w", ("p",)),
    ):
        async with stand.work.unit() as unit:
            with pytest.raises(Problem):
                await stand.pipeline.ask(unit, target, "organiser")


async def test_residue_is_found_and_said_in_the_certificate(tmp_path: Path) -> None:
    """Negative control: a copy the pipeline does not know of turns its scan red."""
    import sqlite3

    stand = Stand(tmp_path)
    await stand.make_tables()
    webinar = await stand.webinar()
    await stand.say(webinar, "ada", "x")
    await stand.close()
    with sqlite3.connect(stand.settings.data_dir / "lectern.db") as connection:
        (blob,) = connection.execute("SELECT text FROM message").fetchone()
    connection.close()
    (stand.settings.data_dir / "forgotten.log").write_text(f"debug: {blob.hex()}")
    async with stand.work.unit() as unit:
        erasure = await stand.pipeline.ask(unit, Target("webinar", stand.account_id, webinar), "organiser")
    for _ in range(2):
        with pytest.raises(JobLater):
            await stand.pipeline.run(erasure)
    await stand.pipeline.run(erasure)
    assert (await certificate(stand, erasure)).scan.found == 1
    await stand.close()


async def certificate_text(stand: Stand, erasure: str) -> str:
    async with stand.work.read() as session:
        row = await session.get_one(Erasure, erasure)
        assert row.memory is None
        return row.certificate or ""


async def certificate(stand: Stand, erasure: str) -> Claim:
    return verify(await certificate_text(stand, erasure))
