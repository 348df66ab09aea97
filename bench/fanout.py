"""One message to thousands of sockets: copies per CPU second of the server, and how late they come.

The real product (real commands, a real room, real permission checks, stored on SQLite) beside nginx with nchan, a plain Starlette loop of
``send_text`` and a C loop of ``send(2)``, all by the same C client. All are started and filled once; then they take turns, a few seconds
each, and ratios are taken within a round: so what else the machine does meets all of them alike.

bin/bench fanout [--quick] [--rounds N] [--sockets N] [--tls]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from bench._load import Load, Server, built, free_port, need_nchan, steal
from bench._report import Goal, finish, goal
from bench._room import BenchRoom
from tests.live.test_rfc6455 import make_certificate

NCHAN = """
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
user root; worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 16000; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s; keepalive_requests 10000000; nchan_message_buffer_length 50;
  server {{
    listen 127.0.0.1:{port}{tls} backlog=4096;
    {certificate}
    location = /sub {{ nchan_subscriber websocket; nchan_channel_id room; }}
    location = /pub {{ nchan_publisher; nchan_channel_id room; }}
  }}
}}
"""


class Task(NamedTuple):
    """What is asked of each server."""

    sockets: int
    rate: float
    seconds: float
    pubs: int = 1
    tls: bool = False
    letters: int = 200

    def __str__(self) -> str:
        return f"{self.rate:g}/s to {self.sockets}{' over TLS' if self.tls else ''}"


class Case(NamedTuple):
    """One server under load."""

    server: Server
    load: Load


class Figures(NamedTuple):
    """Of one run."""

    per_cpu: float
    p50: float
    p99: float
    core: float
    missing: int
    order_errors: int
    lost: int
    """Sockets that are not in any more."""


def lectern(folder: Path, task: Task, ending: ExitStack) -> Case:
    """The product."""
    room = BenchRoom(folder)
    environ = {}
    if task.tls:
        certificate, key = make_certificate(folder)
        environ = {"LECTERN_TLS_CERTIFICATE": str(certificate), "LECTERN_TLS_KEY": str(key)}
    server = room.serve(env=environ)
    ending.callback(server.stop)
    guests, crew = room.tickets(task.sockets, task.pubs)
    options: dict[str, Any] = {
        "path": room.path,
        "origin": room.origin,
        "tickets": guests,
        "pub_tickets": crew,
        "pub_kind": "lectern",
    }
    return Case(server, loaded(room.port, task, ending, options))


def nchan(folder: Path, task: Task, ending: ExitStack) -> Case:
    """nginx with nchan, one worker."""
    port, nginx = free_port(), need_nchan()
    assert nginx is not None
    lines = ""
    if task.tls:
        certificate, key = make_certificate(folder)
        lines = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    config = folder / "nginx.conf"
    config.write_text(NCHAN.format(folder=folder, port=port, tls=" ssl" if task.tls else "", certificate=lines))
    server = Server("nchan", [nginx, "-p", str(folder), "-c", str(config)])
    ending.callback(server.stop)
    server.wait(port)
    return Case(server, loaded(port, task, ending, {"path": "/sub", "pub_path": "/pub", "pub_kind": "nchan"}))


def plain(_folder: Path, task: Task, ending: ExitStack) -> Case:
    """Starlette's send_text in a loop."""
    port = free_port()
    server = Server("plain", [sys.executable, "-m", "bench._plain", str(port)])
    ending.callback(server.stop)
    server.wait(port)
    return Case(server, loaded(port, task, ending, {}))


def c_loop(_folder: Path, task: Task, ending: ExitStack) -> Case:
    """A loop of send(2)."""
    port = free_port()
    server = Server("loop", [str(built("loop", "crypto")), str(port)])
    ending.callback(server.stop)
    server.wait(port)
    return Case(server, loaded(port, task, ending, {}))


def loaded(port: int, task: Task, ending: ExitStack, options: dict[str, Any]) -> Load:
    """The client, with everybody in."""
    load = Load(port, n=task.sockets, pubs=task.pubs, size=task.letters, **options, **({"tls": True} if task.tls else {}))
    ending.callback(load.stop)
    return load


Make = Callable[[Path, Task, ExitStack], Case]
SERVERS: dict[str, Make] = {"lectern": lectern, "nchan": nchan, "plain Starlette": plain, "C send loop": c_loop}


def started(name: str, task: Task, ending: ExitStack) -> Case:
    """One server with everybody in, warmed up on both sides."""
    print(f"{name}: {task.sockets} sockets{' over TLS' if task.tls else ''} come in", file=sys.stderr)
    folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
    case = SERVERS[name](folder, task, ending)
    case.load.ask(f"go {task.rate} {min(1.0, task.seconds / 2)}")
    return case


def turn(case: Case, task: Task) -> Figures:
    """One server at work, while the others rest."""
    before, began = case.server.cpu(), time.monotonic()
    got = case.load.ask(f"go {task.rate} {task.seconds}")
    used, took = case.server.cpu() - before, time.monotonic() - began
    return Figures(
        got["copies"] / max(used, 0.01),
        got["p50_ms"],
        got["p99_ms"],
        used / took,
        got["missing"],
        got["order_errors"],
        task.sockets + task.pubs - got["ready"],
    )


def rounds(names: list[str], number: int, task: Task) -> dict[str, list[Figures]]:
    """Interleaved: every server once in each round, in turning order."""
    results: dict[str, list[Figures]] = {name: [] for name in names}
    with ExitStack() as everything:
        endings = {name: everything.enter_context(ExitStack()) for name in names}
        cases = {name: started(name, task, endings[name]) for name in names}
        for at in range(number):
            for name in names[at % len(names) :] + names[: at % len(names)]:
                print(f"round {at + 1} of {number}: {name}, {task}, load {os.getloadavg()[0]:.0f}", file=sys.stderr)
                results[name].append(turn(cases[name], task))
                if results[name][-1].lost:
                    # It dropped people it should not have (or as the C loop does with whoever is slow): filled anew for its next turn.
                    endings[name].close()
                    cases[name] = started(name, task, endings[name])
    return results


def middle(results: list[Figures], field: str) -> float:
    """Median over the rounds."""
    return float(statistics.median(getattr(one, field) for one in results))


def ratio(results: dict[str, list[Figures]], over: str) -> float:
    """Median of the ratios within each round."""
    return statistics.median(a.per_cpu / max(b.per_cpu, 1) for a, b in zip(results["lectern"], results[over], strict=True))


def rows_of(results: dict[str, list[Figures]], load: str) -> list[dict[str, object]]:
    """For the table."""
    return [
        {
            "load": load,
            "server": name,
            "copies per CPU second": round(middle(runs, "per_cpu")),
            "least": round(min(one.per_cpu for one in runs)),
            "most": round(max(one.per_cpu for one in runs)),
            "p50 ms": middle(runs, "p50"),
            "p99 ms": middle(runs, "p99"),
            "of a core": middle(runs, "core"),
            "missing": sum(one.missing for one in runs),
            "out of order": sum(one.order_errors for one in runs),
            "sockets lost": sum(one.lost for one in runs),
        }
        for name, runs in results.items()
    ]


def compare(name: str, results: dict[str, list[Figures]], limits: dict[str, float]) -> list[Goal]:
    """Ratios to the peers, and the tails beside nchan's."""
    goals = [
        goal(f"{name}: ratio to {over}", ratio(results, over), limit, reach="at least")
        for over, limit in limits.items()
        if over in results
    ]
    if "nchan" in results and name != "TLS":
        goals.append(
            goal(
                f"{name}: p99 beside nchan's", middle(results["lectern"], "p99"), middle(results["nchan"], "p99"), reach="at most"
            )
        )
    lost = sum(one.missing + one.order_errors for one in results["lectern"])
    return [*goals, goal(f"{name}: copies missing or out of order", lost, 0, reach="at most")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two short rounds, fewer sockets, under a minute")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sockets", type=int, default=5000)
    given = parser.parse_args()
    number, sockets, seconds = (2, 1500, 1.5) if given.quick else (given.rounds, given.sockets, 6.0)
    peers = ["nchan"] if need_nchan() else []
    steady, secure = Task(sockets, 20, seconds), Task(sockets, 20, seconds, tls=True)
    busy = Task(min(sockets, 1000), 1000, seconds, pubs=60, letters=60)
    lost, began, waiting = steal(), time.monotonic(), os.getloadavg()[0]
    plainly = rounds(["lectern", *peers, "plain Starlette", "C send loop"], number, steady)
    securely = rounds(["lectern", *peers], number, secure)
    busily = rounds(["lectern"], number, busy)
    stolen = (steal() - lost) / (time.monotonic() - began)
    rows = rows_of(plainly, str(steady)) + rows_of(securely, str(secure)) + rows_of(busily, str(busy))
    goals = compare("plain", plainly, {"nchan": 1.2, "C send loop": 0.75, "plain Starlette": 2.5})
    goals += compare("TLS", securely, {"nchan": 1.0})
    goals.append(goal("1000 changes a second: p99 ms", middle(busily["lectern"], "p99"), 120, reach="at most"))
    goals.append(goal("1000 changes a second: of a core", middle(busily["lectern"], "core"), 0.5, reach="at most"))
    figures: dict[str, float | int | str | None] = {
        "rounds": number,
        "sockets": sockets,
        "stolen_cores": round(stolen, 3),
        "load_average": round(waiting, 1),
        "nchan": "measured" if peers else "not to be had here",
        **{f"{row['server']}, {row['load']}": int(str(row["copies per CPU second"])) for row in rows},
    }
    method = (
        f"{number} interleaved rounds of {seconds:g} s, loopback; messages of 200 letters, 60 at 1000 a second; server on core 0, client on the "
        f"last one; latency from the due time; the host took {stolen:.2f} cores from this machine, whose load average was {waiting:.1f} at the start"
    )
    finish("fanout", method, rows, figures, goals)


if __name__ == "__main__":
    main()
