"""Chat that is durable before it is acknowledged: messages a second, and how long the answer takes, on SQLite and PostgreSQL.

The real product with real sockets. Beside it the same product with a transaction for each message: an ordinary one, as for any page, and
one as lean as those of a room; and a bare commit of one row.

bin/bench chat [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg

from app.core.db import SQLITE_PRAGMAS
from bench._load import Load
from bench._report import Goal, finish, goal
from bench._room import BenchRoom
from tests.support.postgres import PostgresServer

TALKING, STEADY = 250, 50
ROUNDS = 3
REST = 3
"""Seconds of rest and of talking: who writes for longer than that as fast as they are answered is refused, like anybody."""
ALONE = ("alone", "ordinary")
ROW = os.urandom(200)

Bare = Callable[[], Coroutine[Any, Any, float]]


def measure(environs: Mapping[str, Mapping[str, str]], bare: Bare, seconds: float) -> dict[str, float]:
    """Grouped and alone, as fast as it goes, and at 200 a second beside bare commits. They take turns, and ratios are taken within a
    round: so what else the machine does meets all of them alike."""
    rounds: list[dict[str, float]] = []
    with ExitStack() as ending:
        rooms = {
            name: BenchRoom(Path(ending.enter_context(tempfile.TemporaryDirectory())), environ=environs[name])
            for name in environs
        }
        servers = {name: room.serve(*((name,) if name in ALONE else ())) for name, room in rooms.items()}
        for server in servers.values():
            ending.callback(server.stop)
        loads = {name: talkers(room, TALKING, ending) for name, room in rooms.items()}
        for load in loads.values():
            # Everybody says something first: a person's own key is made with their first message, which is another matter.
            load.ask(f"flat {3 * seconds} 1")
        for _ in range(ROUNDS):
            one: dict[str, float] = {}
            for name, load in loads.items():
                load.ask(f"wait {REST}")
                flat = load.ask(f"flat {min(seconds, REST)} 1")
                one |= {f"{name}, {key}": flat[key] for key in ("unanswered", "refused", "a_second", "p99_ms")}
            rounds.append(one)
        for load in loads.values():
            load.stop()
        for name in rooms.keys() & set(ALONE):
            servers[name].stop()
        steady = talkers(rooms["grouped"], STEADY, ending)
        steady.ask(f"flat {seconds} 1")
        for one in rounds:
            steady.ask("wait 1")
            asked = steady.ask(f"ask 200 {seconds}")
            one |= {f"at 200 a second, {key}": asked[key] for key in ("missing", "p50_ms", "p99_ms")}
            one["bare commit, p99_ms"] = asyncio.run(bare())
            for name in rooms.keys() & set(ALONE):
                one[f"times {name}"] = one["grouped, a_second"] / max(one[f"{name}, a_second"], 1)
            one["bare commits"] = one["at 200 a second, p99_ms"] / max(one["bare commit, p99_ms"], 0.1)
    return {figure: statistics.median(one[figure] for one in rounds) for figure in rounds[0]}


def talkers(room: BenchRoom, number: int, ending: ExitStack) -> Load:
    """So many people, each with a socket."""
    guests, crew = room.tickets(1, number)
    load = Load(
        room.port,
        n=1,
        pubs=number,
        path=room.path,
        origin=room.origin,
        tickets=guests,
        pub_tickets=crew,
        pub_kind="lectern",
        size=60,
    )
    ending.callback(load.stop)
    return load


async def bare(commit: Callable[[], Awaitable[None]], seconds: float) -> float:
    """99th percentile in milliseconds of a commit of one row, 200 a second, from the due time."""
    took: list[float] = []
    start = time.monotonic()
    for number in range(int(200 * seconds)):
        due = start + number / 200
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await commit()
        took.append((time.monotonic() - due) * 1000)
    return sorted(took)[int(len(took) * 0.99)]


async def bare_sqlite(seconds: float) -> float:
    """With our settings of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, text BLOB)")

        async def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO said (text) VALUES (?)", (ROW,))
            connection.execute("COMMIT")

        took = await bare(commit, seconds)
        connection.close()
        return took


async def bare_postgres(url: str, seconds: float) -> float:
    """With its own settings, which are durable."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE said (id bigserial PRIMARY KEY, text bytea)")

    async def commit() -> None:
        await connection.execute("INSERT INTO said (text) VALUES ($1)", ROW)

    took = await bare(commit, seconds)
    await connection.close()
    return took


def judged(name: str, figures: Mapping[str, float]) -> list[Goal]:
    """Beside one commit for each message, and beside a bare commit."""
    return [
        goal(f"{name}: times one ordinary commit for each message", figures["times ordinary"], 10, reach="at least"),
        goal(f"{name}: times one lean commit for each message", figures["times alone"], 10, reach="at least"),
        goal(f"{name}: p99 of the answer at 200 a second, in bare commits", figures["bare commits"], 2, reach="at most"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a second each")
    seconds = 1.0 if parser.parse_args().quick else 5.0
    names = ("grouped", *ALONE)
    sqlite = measure({name: {} for name in names}, lambda: bare_sqlite(seconds), seconds)
    # With its own settings of durability; only room for the connections.
    server = PostgresServer(["max_connections=200", "listen_addresses=127.0.0.1"])
    server.start()
    try:
        environs = {name: {"LECTERN_DATABASE_URL": server.url(server.create())} for name in names}
        postgres = measure(environs, lambda: bare_postgres(server.url(server.create()), seconds), seconds)
    finally:
        server.stop()
    both = {"SQLite": sqlite, "PostgreSQL": postgres}
    rows = [{"figure": figure, **{name: values[figure] for name, values in both.items()}} for figure in sqlite]
    goals = [one for name, values in both.items() for one in judged(name, values)]
    figures: dict[str, float | int | str | None] = {
        f"{name}: {figure}": value for name, values in both.items() for figure, value in values.items()
    }
    method = (
        f"medians of {ROUNDS} interleaved rounds of {min(seconds, REST):g} s ({seconds:g} at 200 a second), ratios within a round; {TALKING} people talk over "
        f"sockets, a message of 60 letters unanswered each, at 200 a second {STEADY} people; everybody hears everything; acknowledged after the commit; SQLite WAL, synchronous FULL; "
        "PostgreSQL with its defaults; server on core 0, client on the last one"
    )
    finish("chat", method, rows, figures, goals)


if __name__ == "__main__":
    main()
