"""How long erasing takes: a webinar with 10,000 participants and 100,000 messages to its certificate; one participant of it.

bin/bench purge [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from app.core.ids import new_id
from app.privacy.certificate import verify
from app.privacy.erase import Target
from app.privacy.export import subject_export
from app.privacy.models import Erasure
from app.rooms.models import Message
from bench._report import finish, goal
from tests.privacy.stand import NOW, Stand

GOALS = {"webinar_seconds": 60, "participant_seconds": 1, "open_100k_seconds": 10}


async def measure(participants: int, messages: int) -> dict[str, float]:
    """Fill one webinar, erase one person of it, then all of it."""
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder))
        await stand.make_tables()
        webinar = await stand.webinar()
        persons = [new_id() for _ in range(participants)]
        await fill(stand, webinar, persons, messages)
        figures = {"participants": float(participants), "messages": float(messages)}
        figures["open_100k_seconds"] = await open_many(stand, webinar)
        started = time.perf_counter()
        target = Target("participant", stand.account_id, webinar, (persons[0],))
        async with stand.work.read() as session:
            await subject_export(session, stand.vault, stand.map, target, NOW)
        figures["export_seconds"] = time.perf_counter() - started
        figures["participant_seconds"] = await erase(stand, target)
        figures["webinar_seconds"] = await erase(stand, Target("webinar", stand.account_id, webinar))
        await stand.close()
        return figures


async def fill(stand: Stand, webinar: str, persons: list[str], messages: int) -> None:
    """Sealed messages, the same number from everybody."""
    box = await stand.vault.box(webinar)
    rows = []
    for number in range(messages):
        message_id = new_id()
        rows.append(
            {
                "id": message_id, "webinar_id": webinar, "seq": number + 1, "lane": "audience", "person": persons[number % len(persons)],
                "role": "participant", "name": box.seal("Ada Lovelace", f"message.name|{message_id}"),
                "text": box.seal("What a lovely morning for a webinar. " * 3, f"message.text|{message_id}"),
                "ref": message_id, "reply_to": None, "state": "visible", "edited": False, "at": NOW,
            }
        )  # fmt: skip
    for start in range(0, len(rows), 5000):
        async with stand.work.unit() as unit:
            await unit.session.execute(insert(Message), rows[start : start + 5000])


async def open_many(stand: Stand, webinar: str) -> float:
    """Seconds to open 100,000 sealed values."""
    box = await stand.vault.box(webinar)
    blob = box.seal("ada.lovelace@example.org", "registrant.email|1")
    started = time.perf_counter()
    for _ in range(100_000):
        box.open_text(blob, "registrant.email|1")
    return time.perf_counter() - started


async def erase(stand: Stand, target: Target) -> float:
    """Seconds from the ask to the certificate, which must be clean."""
    started = time.perf_counter()
    erasure_id = await stand.erase(target)
    seconds = time.perf_counter() - started
    async with stand.work.read() as session:
        claim = verify((await session.get_one(Erasure, erasure_id)).certificate or "")
    assert (claim.scan.found, claim.scan.rows_left) == (0, 0), claim.scan
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    part = 10 if parser.parse_args().quick else 1
    figures = asyncio.run(measure(10_000 // part, 100_000 // part))
    goals = [goal(name, figures[name], limit, reach="at most") for name, limit in GOALS.items()]
    rows = [{"figure": name, "value": value} for name, value in figures.items()]
    finish("purge", "SQLite on this disk, from the ask to a certificate that found nothing left", rows, figures, goals)


if __name__ == "__main__":
    main()
