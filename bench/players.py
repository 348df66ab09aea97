"""Many players of one live webinar behind the nginx cache of ``deploy/nginx.conf``: what reaches the media process, and how late parts come.

Each player asks as hls.js does with low latency: a playlist that is held until the next part is there, then that part, for picture and sound.
Players are connections of two processes without a decoder; their own cost limits how many this machine can hold, not the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import uvloop

from app.media import clip
from app.media.supervise import free_port
from bench._report import Goal, finish, goal
from bench.media import answers, child, cpu, end

PLAYERS, SECONDS, LATE_PERCENT = 500, 30, 1.0
LATE = 1.0
"""Seconds after its end from which a part counts as late: players hold back three times as much."""
PART = re.compile(rb'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]*-(\d+)\.(\d+)\.m4s)"')
DATE = re.compile(rb"#EXT-X-PROGRAM-DATE-TIME:(\S+)")
CLIENTS = 2


def configuration(folder: Path, port: int, media: int) -> str:
    """What ``deploy/nginx.conf`` says, without its certificate, on loopback."""
    text = Path("deploy/nginx.conf").read_text()
    text = re.sub(r"^\s*(ssl_certificate|http2).*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace("127.0.0.1:8010", f"127.0.0.1:{media}")
    text = text.replace("/var/cache/nginx/lectern", str(folder / "cache"))
    paths = "".join(f"{name}_temp_path {folder / name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    head = f"user root; worker_processes 1; worker_rlimit_nofile 8192; daemon off; pid {folder / 'pid'}; error_log stderr crit;\n"
    return f"{head}events {{ worker_connections 4096; }}\nhttp {{ {paths}\n{text}\n}}\n"


class Connection:
    """One kept connection that asks one thing after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cache: Counter[str] = Counter()

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"content-length: (\d+)", head)
        status = re.search(r"x-cache: (\w+)", head)
        self.cache[status[1] if status else "none"] += 1
        body = await self._reader.readexactly(int(length[1])) if length else b""
        return int(head[9:12]), body

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()


async def track(port: int, kind: str, until: float, seen: list[float], cache: Counter[str]) -> None:
    """One track of one player: delays in seconds between the end of a part and its arrival."""
    line = Connection(port)
    await line.open()
    try:
        query, last = "", (-1, -1)
        while time.monotonic() < until:
            try:
                status, text = await line.get(f"/hls/audience0/{kind}.m3u8{query}")
            except (ConnectionError, asyncio.IncompleteReadError):
                # As a browser does: again, over another connection.
                line.cache["broken"] += 1
                await asyncio.sleep(0.3)
                await line.open()
                continue
            parts = PART.findall(text)
            if status != 200 or not parts:
                await asyncio.sleep(0.3)
                continue
            _, name, number, part = parts[-1]
            now = (int(number), int(part))
            if now != last:
                await line.get(f"/hls/audience0/{name.decode()}")
                seen.append(time.time() - ends(text, now))
            last, query = now, f"?_HLS_msn={now[0]}&_HLS_part={now[1] + 1}"
    finally:
        line.close()
        cache.update(line.cache)


def ends(text: bytes, wanted: tuple[int, int]) -> float:
    """When a part ends, by the clock of the server."""
    begun = datetime.fromisoformat(DATE.findall(text)[-1].decode()).timestamp()
    return begun + sum(
        float(length) for length, _, number, part in PART.findall(text) if int(number) == wanted[0] and int(part) <= wanted[1]
    )


async def watch(port: int, count: int, seconds: float) -> None:
    """Child: players, begun over three seconds; prints what they saw."""
    seen: list[float] = []
    cache: Counter[str] = Counter()
    until = time.monotonic() + seconds + 3

    async def player(place: int) -> None:
        await asyncio.sleep(3 * place / count)
        await asyncio.gather(*(track(port, kind, until, seen, cache) for kind in ("video", "audio")))

    await asyncio.gather(*(player(place) for place in range(count)))
    print(json.dumps({"seen": seen, "cache": cache}), flush=True)


def found_nginx() -> str:
    """The program."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        sys.exit("bench players needs nginx. Debian: apt install nginx-light")
    return nginx


async def measure(players: int, seconds: float) -> tuple[dict[str, float], list[Goal]]:
    """One run."""
    nginx = found_nginx()
    clip.make(Path(tempfile.gettempdir()) / "lectern-bench.mkv")
    media, port = free_port("127.0.0.1"), free_port("127.0.0.1")
    with tempfile.TemporaryDirectory(prefix="lectern-nginx-") as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(configuration(folder, port, media))
        server = await child("--serve", str(media))
        await answers(f"http://127.0.0.1:{media}/")
        sender = await child("--send", f"http://127.0.0.1:{media}", "1")
        proxy = await asyncio.create_subprocess_exec(nginx, "-c", str(folder / "nginx.conf"), "-p", name)
        watchers: list[asyncio.subprocess.Process] = []
        try:
            await asyncio.sleep(6)
            own = ("-m", "bench.players", "--watch", str(port), str(players // CLIENTS), str(seconds))
            begun = (asyncio.create_subprocess_exec(sys.executable, *own, stdout=asyncio.subprocess.PIPE) for _ in range(CLIENTS))
            watchers += await asyncio.gather(*begun)
            before = cpu(server.pid)
            answers_of = await asyncio.gather(*(one.communicate() for one in watchers))
            used = (cpu(server.pid) - before) / (seconds + 3) * 100
        finally:
            await end([*watchers, sender, proxy, server])
    return result(players, seconds, [json.loads(out) for out, _ in answers_of], used)


def result(players: int, seconds: float, said: list[dict[str, object]], used: float) -> tuple[dict[str, float], list[Goal]]:
    """Figures and goals."""
    seen: list[float] = [one for each in said for one in each["seen"]]  # type: ignore[attr-defined]
    cache: Counter[str] = sum((Counter(each["cache"]) for each in said), Counter())  # type: ignore[call-overload]
    asked = sum(cache.values()) - cache["broken"]
    figures: dict[str, float] = {
        "players": players,
        "requests_a_second": round(asked / (seconds + 3)),
        "reached_media_a_second": round((asked - cache["hit"]) / (seconds + 3), 1),
        "media_cpu_percent": round(used, 1),
        "part_delay_median": round(statistics.median(seen), 2),
        "part_delay_p95": round(statistics.quantiles(seen, n=20)[-1], 2),
        "connections_broken": cache["broken"],
        "late_percent": round(100 * sum(one > LATE for one in seen) / len(seen), 2),
        "parts_a_player_a_second": round(len(seen) / players / 2 / seconds, 2),
    }
    goals = [
        goal("players", players, PLAYERS, reach="at least"),
        goal("late_percent", figures["late_percent"], LATE_PERCENT, reach="at most"),
    ]
    return figures, goals


def main(argv: Sequence[str] | None = None) -> None:
    """Run, or be one of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--players", type=int)
    parser.add_argument("--watch", nargs=3)
    options = parser.parse_args(argv)
    if options.watch:
        uvloop.run(watch(int(options.watch[0]), int(options.watch[1]), float(options.watch[2])))
        return
    figures, goals = asyncio.run(
        measure(options.players or (100 if options.quick else PLAYERS), 10 if options.quick else SECONDS)
    )
    method = (
        f"nginx with deploy/nginx.conf on loopback, players in {CLIENTS} processes of this machine; load {os.getloadavg()[0]:.1f}"
    )
    finish("players", method, [{"figure": name, "value": value} for name, value in figures.items()], figures, goals)


if __name__ == "__main__":
    main()
