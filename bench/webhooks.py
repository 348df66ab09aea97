"""How many webhooks one worker delivers in a second to a receiver on this machine, and how long a commit takes to reach it.

The whole way is measured: the event's row in the outbox, fan-out, the claim, the signed request over a new connection, the answer, and
the outcome in the log. The peer is the bare way in the same run: the same number of POSTs by httpx2 with the same body, no queue.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx2
import msgspec
import uvloop

from app.accounts.models import Account
from app.core.db import Base
from app.core.ids import new_id
from app.core.outbox import happened
from app.main import Parts, join_parts
from app.settings import Settings, complete
from app.webhooks import signing
from app.webhooks.endpoints import seal
from app.webhooks.models import Endpoint
from bench._report import finish, goal


class Sink:
    """A receiver that answers 204 and notes when each message came."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.url = ""
        self.came = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def begin(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        await reader.readexactly(int(fields["content-length"]))
        self.at[fields.get("webhook-id", str(len(self.at)))] = time.perf_counter()
        self.came.set()
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


async def prepare(folder: Path, sink: Sink) -> tuple[Parts, str]:
    """An account with one endpoint; its id."""
    parts = join_parts(complete(Settings(data_dir=folder / "data", webhook_networks=("127.0.0.0/8",))))
    parts.settings.data_dir.mkdir(parents=True)
    async with parts.database.engine.connect() as connection:
        writing = await connection.execution_options(lectern_write=True)
        await writing.run_sync(Base.metadata.create_all)
        await writing.commit()
    account = new_id()
    box = await parts.vault.account_box(account)
    async with parts.work.unit() as unit:
        unit.session.add(Account(id=account, name="Bench", made_at=unit.now))
        await unit.session.flush()
        row = Endpoint(
            id=new_id(), account_id=account, name="Bench", url=sink.url, events=["registration.created"], webinars=[], fields=[],
            secret=b"", state="on", made_at=unit.now,
        )  # fmt: skip
        row.secret = seal(box, row, "secret", signing.new_secret())
        unit.session.add(row)
    return parts, account


async def many(parts: Parts, account: str, sink: Sink, number: int) -> float:
    """Deliveries a second while ``number`` events about as many people wait."""
    async with parts.work.unit() as unit:
        for _ in range(number):
            happened(unit, "registration.created", account_id=account, webinar_id="w" * 20, person=new_id())
    sink.at.clear()
    begun = time.perf_counter()
    sent = 0
    while sent < number:
        sent += await parts.webhooks.dispatcher.run_due()
    assert len(sink.at) == number, (len(sink.at), number)
    return number / (time.perf_counter() - begun)


async def one_by_one(parts: Parts, account: str, sink: Sink, number: int) -> list[float]:
    """Seconds from the commit to the receiver, with the worker running as it does in the product."""
    task = asyncio.create_task(parts.webhooks.dispatcher.run())
    delays = []
    for turn in range(number):
        sink.at.clear()
        sink.came.clear()
        async with parts.work.unit() as unit:
            happened(unit, "registration.created", account_id=account, webinar_id="w" * 20, person=new_id())
        committed = time.perf_counter()
        await sink.came.wait()
        delays.append(next(iter(sink.at.values())) - committed)
        await asyncio.sleep(0.013 * (turn % 40))
    parts.webhooks.dispatcher.stop()
    await task
    return sorted(delays)


async def bare(sink: Sink, number: int) -> float:
    """The same requests without queue, log and signature, eight at a time as one endpoint gets."""
    body = msgspec.json.encode({"type": "registration.created", "data": {"webinar": "w" * 20, "participant": "p" * 20}})
    places = asyncio.Semaphore(8)
    async with httpx2.AsyncClient(trust_env=False, headers={"connection": "close"}) as client:

        async def send() -> None:
            async with places:
                await client.post(sink.url, content=body)

        begun = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(number)))
        return number / (time.perf_counter() - begun)


async def measure(number: int, turns: int) -> None:
    """Everything."""
    sink = Sink()
    await sink.begin()
    with tempfile.TemporaryDirectory() as name:
        parts, account = await prepare(Path(name), sink)
        await many(parts, account, sink, 50)
        rate = await many(parts, account, sink, number)
        peer = await bare(sink, number)
        delays = await one_by_one(parts, account, sink, turns)
        await parts.database.close()
    p99 = delays[int(len(delays) * 0.99) - 1]
    figures: dict[str, float | int | str | None] = {
        "deliveries_per_second": round(rate, 1),
        "bare_posts_per_second": round(peer, 1),
        "share_of_bare": round(rate / peer, 2),
        "delay_p50_s": round(median(delays), 3),
        "delay_p99_s": round(p99, 3),
        "deliveries": number,
        "events_one_by_one": turns,
    }
    goals = [
        goal("deliveries per second by one worker", rate, 50, reach="at least"),
        goal("delay p99, s", p99, 1.5, reach="at most"),
    ]
    method = f"{number} events of one account to one endpoint, SQLite (WAL, synchronous=FULL); then {turns} events one by one"
    finish("webhooks", method, [{"what": key, "value": value} for key, value in figures.items()], figures, goals)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    uvloop.run(measure(300 if quick else 2000, 40 if quick else 200))


if __name__ == "__main__":
    main()
