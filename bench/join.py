"""Coming in: joins per CPU second through the real product, memory of an idle socket, and thousands who come back at once.

bin/bench join [--quick]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench._load import Load
from bench._report import finish, goal
from bench._room import BenchRoom

PORTION = 1000


def joins(room: BenchRoom, number: int) -> dict[str, float]:
    """``number`` people, 64 at a time, and what the server keeps for each while they only listen."""
    with ExitStack() as ending:
        server = room.serve()
        ending.callback(server.stop)
        # One who is in already, so that the room is open and its pages are in memory.
        warm(room, ending)
        used, seconds, base = 0.0, 0.0, server.rss()
        for done in range(0, number, PORTION):
            # A ticket lives for a minute, and a busy machine may need longer for all.
            many = min(PORTION, number - done)
            guests, crew = room.tickets(many, 1)
            before = server.cpu()
            load = enter(room, many, guests, crew)
            ending.callback(load.stop)
            used += server.cpu() - before
            seconds += load.joined["seconds"]
        time.sleep(2)
        return {
            "joins per CPU second": number / used,
            "joins per second": number / seconds,
            "KB per idle socket": (server.rss() - base) / number / 1024,
        }


def storm(room: BenchRoom, number: int, seconds: float) -> dict[str, float]:
    """The server is started again while ``number`` people are in; each fetches a ticket and comes back with full jitter."""
    pauses = room.folder / "pauses"
    with ExitStack() as ending:
        server = room.serve()
        ending.callback(server.stop)
        guests, crew = room.tickets(number, 1)
        load = enter(room, number, guests, crew, slug=room.slug)
        ending.callback(load.stop)
        load.tell(f"storm {seconds}")
        began = time.monotonic()
        server.stop()
        again = room.serve(str(pauses))
        away = time.monotonic() - began
        # Before it answered it made itself ready, and nobody was there to wait.
        before = len(pauses.read_text().splitlines())
        ending.callback(again.stop)
        got = load.result()
        # Its own end, which closes all of them in one go, is no pause of theirs.
        lines = [[float(figure) for figure in line.split()] for line in pauses.read_text().splitlines()[before:]]
    return {
        "back": got["back"],
        "seconds the server was away": away,
        "seconds from there until all are back": max(0.0, (got["seconds"] if got["seconds"] >= 0 else seconds) - away),
        "longest pause of the loop, ms on the clock": max(line[0] for line in lines),
        "longest pause of the loop, ms of own work": max(line[1] for line in lines),
    }


def enter(room: BenchRoom, number: int, guests: Path, crew: Path, **options: Any) -> Load:
    """The client, with everybody in."""
    return Load(
        room.port,
        n=number,
        pubs=1,
        path=room.path,
        origin=room.origin,
        tickets=guests,
        pub_tickets=crew,
        pub_kind="lectern",
        **options,
    )


def warm(room: BenchRoom, ending: ExitStack) -> None:
    """Somebody is in."""
    guests, crew = room.tickets(200, 1)
    ending.callback(enter(room, 200, guests, crew).stop)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the people")
    quick = parser.parse_args().quick
    many, back = (2000, 1000) if quick else (10000, 5000)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        figures: dict[str, float | int | str | None] = dict(joins(BenchRoom(Path(one)), many))
        figures |= storm(BenchRoom(Path(other)), back, 60)
    values = {name: float(value or 0) for name, value in figures.items()}
    goals = [
        goal("joins per CPU second", values["joins per CPU second"], 3000, reach="at least"),
        goal("KB per idle socket", values["KB per idle socket"], 16, reach="at most"),
        goal("people who are back", values["back"], back + 1, reach="at least"),
        goal("seconds until all are back", values["seconds from there until all are back"], 20, reach="at most"),
        goal(
            "longest pause of the loop by own work, ms", values["longest pause of the loop, ms of own work"], 100, reach="at most"
        ),
    ]
    method = (
        f"{many} join 64 at a time; {back} lose a server that is started again, fetch a ticket each and come back with full jitter; server on core 0, "
        f"client on the last of {os.cpu_count()}; memory is resident memory of the process"
    )
    finish("join", method, [{"figure": name, "value": value} for name, value in figures.items()], figures, goals)


if __name__ == "__main__":
    main()
