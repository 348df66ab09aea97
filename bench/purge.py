"""How long erasing takes: a webinar with 10,000 participants and 100,000 messages to its certificate; one participant of it, and one
while many sockets listen; and how long opening what 100,000 registrants wrote takes.

bin/bench purge [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import httpx2
import websockets
from sqlalchemy import insert, select

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.tokens import Tokens
from app.core.unit import Work
from app.privacy.certificate import verify
from app.privacy.erase import Target
from app.privacy.export import subject_export
from app.privacy.models import Erasure
from app.privacy.vault import Vault
from app.rooms.models import Message, Webinar
from app.rooms.seats import Seats
from app.settings import Settings, complete
from bench._report import finish, goal
from tests.privacy.stand import NOW, Stand
from tests.support.product import PASSWORD, Child

GOALS = {
    "webinar_seconds": 60,
    "live_closed_seconds": 1,
    "live_certificate_seconds": 1,
    "open_registrants_seconds": 10,
}


async def measure(participants: int, messages: int) -> dict[str, float]:
    """Fill one webinar, erase one person of it, then all of it."""
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder))
        await stand.make_tables()
        webinar = await stand.webinar()
        persons = [new_id() for _ in range(participants)]
        await fill(stand, webinar, persons, messages)
        figures = {"participants": float(participants), "messages": float(messages)}
        figures["open_registrants_seconds"] = await open_registrants(stand, participants * 10)
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
    boxes = await stand.vault.make(webinar, persons)
    rows = []
    for number in range(messages):
        message_id, box = new_id(), boxes[persons[number % len(persons)]]
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


async def open_registrants(stand: Stand, number: int) -> float:
    """Seconds to open name, address and one answer of ``number`` registrants, each under a key of their own, on one core."""
    webinar = await stand.webinar()
    persons = [new_id() for _ in range(number)]
    sealed = []
    for start in range(0, number, 10_000):
        boxes = await stand.vault.make(webinar, persons[start : start + 10_000])
        for person, box in boxes.items():
            texts = {"registrant.name": "Ada Lovelace", "registrant.email": "ada@example.org", "answer.value": "Analytical"}
            values = [(box.seal(text, f"{column}|{person}"), f"{column}|{person}") for column, text in texts.items()]
            sealed.append((person, values))
    fresh = Vault(stand.settings)
    started = time.perf_counter()
    boxes = await fresh.boxes(webinar)
    for person, values in sealed:
        box = boxes[person]
        for blob, aad in values:
            box.open_text(blob, aad)
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


async def measure_live(sockets: int) -> dict[str, float]:
    """Erase one participant of a running server by its page, while ``sockets`` others listen from this process."""
    with tempfile.TemporaryDirectory() as folder:
        child = Child(Path(folder), LECTERN_DEMO="1")
        try:
            await child.ready()
            return await _erase_live(child, sockets)
        finally:
            child.stop()


async def _erase_live(child: Child, sockets: int) -> dict[str, float]:
    settings = complete(Settings(data_dir=Path(child.folder) / "data", public_url=child.url))
    seats = Seats(Tokens(settings.secret), Work(database := Database(settings), Clock()))
    async with database.sessions() as session:
        webinar = (await session.execute(select(Webinar).where(Webinar.slug == "dry-garden"))).scalar_one()
    address = f"{child.url.replace('http', 'ws')}/live/{webinar.id}"

    async def join(person: str) -> websockets.ClientConnection:
        socket = await websockets.connect(address, origin=websockets.Origin(child.url), proxy=None, compression=None)
        await socket.send(json.dumps({"type": "hello", "ticket": seats.participant(webinar.id, person, "en")[0]}))
        return socket

    listeners: list[websockets.ClientConnection] = []
    while len(listeners) < sockets:
        listeners += await asyncio.gather(*(join(new_id()) for _ in range(min(50, sockets - len(listeners)))))
    person, canary = new_id(), f"words {new_id()}"
    guest = await join(person)
    reading = [asyncio.create_task(_until(socket, canary)) for socket in listeners]
    await guest.send(json.dumps({"id": 1, "type": "chat.say", "ref": new_id(), "text": canary, "name": "Ada"}))
    await asyncio.gather(*reading)
    async with httpx2.AsyncClient(base_url=child.url, headers={"accept": "text/html"}, timeout=60) as owner:
        await owner.post("/sign-in", data={"email": "organiser@demo.example", "password": PASSWORD})
        reading = [asyncio.create_task(_until(socket, f"person/{person}")) for socket in listeners]
        closing = asyncio.create_task(_closed(guest))
        started = time.perf_counter()
        asked = await owner.post(f"/admin/webinars/{webinar.id}/people/erase", data={"persons": person})
        closed = await closing - started
        gone = max(await asyncio.gather(*reading)) - started
        certificate = asked.headers["location"].replace("erasures", "certificates")
        while not await _certified(database, certificate.rpartition("/")[2]):  # noqa: ASYNC110 - asking for the page would be load
            await asyncio.sleep(0.02)
        assert (await owner.get(certificate)).status_code == 200
        done = time.perf_counter() - started
    await asyncio.gather(*(socket.close() for socket in listeners))
    await database.close()
    return {
        "sockets": float(sockets),
        "live_closed_seconds": closed,
        "live_gone_from_all_screens_seconds": gone,
        "live_certificate_seconds": done,
    }


async def _certified(database: Database, erasure_id: str) -> bool:
    """Whether the certificate is written."""
    async with database.sessions() as session:
        return (await session.execute(select(Erasure.certificate).where(Erasure.id == erasure_id))).scalar_one() is not None


async def _until(socket: websockets.ClientConnection, text: str) -> float:
    """When ``text`` arrived."""
    while text not in str(await asyncio.wait_for(socket.recv(), 30)):
        pass
    return time.perf_counter()


async def _closed(socket: websockets.ClientConnection) -> float:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 30)
    except websockets.ConnectionClosed:
        return time.perf_counter()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    part = 10 if parser.parse_args().quick else 1
    figures = asyncio.run(measure(10_000 // part, 100_000 // part)) | asyncio.run(measure_live(1_000 // part))
    goals = [goal(name, figures[name], limit, reach="at most") for name, limit in GOALS.items()]
    rows = [{"figure": name, "value": value} for name, value in figures.items()]
    finish("purge", "SQLite on this disk, from the ask to a certificate that found nothing left", rows, figures, goals)


if __name__ == "__main__":
    main()
