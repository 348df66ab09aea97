"""CPU of the media process per live webinar, beside decoding and re-encoding the same input, and the delay from camera to screen.

Each part is a process of its own, measured by its CPU time: the media process, a peer that decodes and encodes with libx264
(veryfast, no delay, one thread), the sender, and a headless Chromium with hls.js that reads the frame counter off the picture.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import httpx2
import uvicorn
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from app.media import clip
from app.media.directory import Broadcast, Lane, Publisher, PublishSeat, StreamRef
from app.media.looper import Looper, read
from app.media.server import create_media_app
from app.media.supervise import free_port
from app.media.transcode import open_encoder
from app.settings import Settings

HLS_JS = Path("frontend/node_modules/hls.js/dist/hls.min.js")
SCRIPT = HLS_JS if HLS_JS.exists() else HLS_JS.with_name("hls.js")
LIMIT_MEDIAN, LIMIT_P95, TIMES_CHEAPER, LIMIT_CPU = 1.5, 2.0, 6.0, 7.0
PLAYER = Path("/usr/bin/chromium").exists() and HLS_JS.parent.exists()
PAGE = """<!doctype html><video id=v muted autoplay playsinline width=1280 height=720></video><script src=/hls.js></script><script>
const v = document.getElementById('v'), c = document.createElement('canvas'); c.width = 1280; c.height = 720;
const g = c.getContext('2d', {willReadFrequently: true}); window.seen = []; window.stalls = 0; window.faults = [];
const h = new Hls({lowLatencyMode: true}); h.on(Hls.Events.ERROR, (_, e) => {
  if (e.details === 'bufferStalledError') window.stalls++; else if (e.fatal) window.faults.push(e.details + ' ' + (e.error || ''));});
h.loadSource('/hls/audience0/main.m3u8'); h.attachMedia(v);
const look = () => { g.drawImage(v, 0, 0, 1280, 720); const row = g.getImageData(0, 640, 1280, 1).data; let n = 0;
  for (let i = 0; i < 16; i++) n = n * 2 + (row[(i * 80 + 40) * 4] > 128 ? 1 : 0);
  window.seen.push([Date.now(), n]); v.requestVideoFrameCallback(look); };
v.requestVideoFrameCallback(look);
</script>"""


class BenchDirectory:
    """Everything is live and allowed."""

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        """Bearer ``N`` sends to webinar ``N``."""
        return PublishSeat(bearer, "seat")

    async def crew_seat(self, bearer: str) -> str | None:
        """Nobody watches backstage."""
        return None

    async def stream(self, token: str) -> StreamRef | None:
        """``audienceN``."""
        return StreamRef(token.removeprefix("audience"), Lane.AUDIENCE)

    async def broadcast(self, webinar_id: str) -> Broadcast:
        """Live."""
        return Broadcast.LIVE

    async def presence(self, webinar_id: str, publishers: list[Publisher]) -> None:
        """Of no interest."""


async def serve(port: int) -> None:
    """Child: the media process, and the page the player runs on."""
    app = create_media_app(Settings(public_url=f"http://127.0.0.1:{port}"), BenchDirectory())

    async def page(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def script(_request: Request) -> Response:
        return FileResponse(SCRIPT, media_type="text/javascript")

    app.router.routes += [Route("/page", page), Route("/hls.js", script)]
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False)).serve()


async def reencode(port: int) -> None:
    """Child: takes the same input as aiortc does it by itself, encodes it again with libx264 and AAC."""
    peers: list[object] = []

    async def post(request: Request) -> Response:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(peer)
        peer.on("track", lambda track: peers.append(asyncio.ensure_future(consume(track))))
        await peer.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return Response(peer.localDescription.sdp, 201, {"Location": "/x"}, "application/sdp")

    app = Starlette(routes=[Route("/whip/{webinar}", post, methods=["POST"])])
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False)).serve()


async def consume(track: Any) -> None:
    """Encode what a track gives."""
    encoder: Any = None
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48000, frame_size=1024)
    loop = asyncio.get_running_loop()
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if encoder is None and track.kind == "video":
            encoder = open_encoder((frame.width, frame.height))
        elif encoder is None:
            encoder = av.CodecContext.create("aac", "w")
            encoder.format, encoder.layout, encoder.sample_rate = "fltp", "stereo", 48000
        for part in [frame] if track.kind == "video" else resampler.resample(frame):
            await loop.run_in_executor(None, encoder.encode, part)


async def send(url: str, count: int) -> None:
    """Child: ``count`` senders of the clip; prints when the first began."""
    source = read(clip.make(Path(tempfile.gettempdir()) / "lectern-bench.mkv"))
    loopers = [Looper(f"{url}/whip/{n}", str(n), source) for n in range(count)]
    print(time.time() - time.monotonic() + loopers[0].begins, source.length, flush=True)
    for looper in loopers:
        await looper.start()
    await asyncio.Event().wait()


def cpu(pid: int) -> float:
    """CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def child(*arguments: str) -> asyncio.subprocess.Process:
    """Start a part of this bench in its own process."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.media", *arguments, stdout=asyncio.subprocess.PIPE)


async def answers(url: str) -> None:
    """Wait for a server."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(200):
            try:
                await client.get(url)
                return
            except httpx2.HTTPError:
                await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


async def load(count: int, seconds: float) -> tuple[float, float]:
    """CPU in % of a core per webinar: passing through, and re-encoding (only measured for one)."""
    ports = [free_port("127.0.0.1"), free_port("127.0.0.1")]
    kinds = ["--serve", "--reencode"][: 2 if count == 1 else 1]
    servers = [await child(kind, str(port)) for kind, port in zip(kinds, ports, strict=False)]
    senders = []
    try:
        for port in ports[: len(servers)]:
            await answers(f"http://127.0.0.1:{port}/")
            senders.append(await child("--send", f"http://127.0.0.1:{port}", str(count)))
        await asyncio.sleep(5)
        before = [cpu(server.pid) for server in servers]
        await asyncio.sleep(seconds)
        used = [(cpu(server.pid) - start) / seconds * 100 / count for server, start in zip(servers, before, strict=True)]
        return used[0], used[1] if len(used) > 1 else 0.0
    finally:
        await end([*senders, *servers])


async def delay(seconds: float) -> tuple[list[float], int, list[str]]:
    """Delays in seconds, stalls after the start, and fatal faults of the player."""
    port = free_port("127.0.0.1")
    server = await child("--serve", str(port))
    await answers(f"http://127.0.0.1:{port}/")
    sender = await child("--send", f"http://127.0.0.1:{port}", "1")
    try:
        assert sender.stdout is not None
        start, length = map(float, (await sender.stdout.readline()).split())
        await asyncio.sleep(6)
        async with async_playwright() as play:
            flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
            browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/page", wait_until="commit")
            await asyncio.sleep(5)
            await page.evaluate("() => { window.seen = []; window.stalls = 0; }")
            await asyncio.sleep(seconds)
            seen, stalls, faults = await page.evaluate("() => [window.seen, window.stalls, window.faults]")
            await browser.close()
        return [(at / 1000 - start - number / clip.RATE) % length for at, number in seen], stalls, faults
    finally:
        await end([sender, server])


async def end(processes: Sequence[asyncio.subprocess.Process]) -> None:
    """End our own children."""
    for process in processes:
        if process.returncode is None:
            process.terminate()
    for process in processes:
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


async def measure(*, quick: bool) -> dict[str, object]:
    """Everything; prints a table and gives the last line's object."""
    clip.make(Path(tempfile.gettempdir()) / "lectern-bench.mkv")
    figures: dict[str, float] = {}
    for count in (1,) if quick else (1, 6, 12):
        own, again = await load(count, 10 if quick else 30)
        figures[f"cpu_percent_per_webinar_{count}"] = round(own, 1)
        if again:
            figures["cpu_percent_reencoding"] = round(again, 1)
            figures["times_cheaper"] = round(again / own, 1)
    goals = [goal("times_cheaper", figures["times_cheaper"], TIMES_CHEAPER, figures["times_cheaper"] >= TIMES_CHEAPER)]
    if "cpu_percent_per_webinar_12" in figures:
        twelve = figures["cpu_percent_per_webinar_12"]
        goals.append(goal("cpu_percent_per_webinar_12", twelve, LIMIT_CPU, twelve <= LIMIT_CPU))
    if PLAYER:
        delays, stalls, faults = await delay(12 if quick else 60)
        if faults or not delays:
            print("the player failed:", faults or "no picture")
        figures.update(frames=len(delays), stalls=stalls, faults=len(faults))
        median = statistics.median(delays) if delays else 99.0
        p95 = statistics.quantiles(delays, n=20)[-1] if len(delays) > 1 else 99.0
        figures.update(delay_median=round(median, 2), delay_p95=round(p95, 2))
        goals.append(goal("delay_median", round(median, 2), LIMIT_MEDIAN, median <= LIMIT_MEDIAN))
        goals.append(goal("delay_p95", round(p95, 2), LIMIT_P95, p95 <= LIMIT_P95))
    else:
        print("no delay measured: it needs /usr/bin/chromium and frontend/node_modules/hls.js")
    return {"bench": "media", "figures": figures, "goals": goals}


def goal(name: str, value: float, wanted: float, met: bool) -> dict[str, object]:
    """One goal of the last line."""
    return {"name": name, "value": value, "goal": wanted, "met": met}


def main(argv: Sequence[str] | None = None) -> None:
    """Run, or be one of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--serve", type=int)
    parser.add_argument("--reencode", type=int)
    parser.add_argument("--send", nargs=2)
    options = parser.parse_args(argv)
    if options.serve:
        uvloop.run(serve(options.serve))
    elif options.reencode:
        uvloop.run(reencode(options.reencode))
    elif options.send:
        asyncio.run(send(options.send[0], int(options.send[1])))
    else:
        result = asyncio.run(measure(quick=options.quick))
        figures = result["figures"]
        assert isinstance(figures, dict)
        print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, 1280x720, 30 frames/s")
        for name, value in figures.items():
            print(f"{name:32} {value:>10}")
        print(json.dumps(result))


if __name__ == "__main__":
    main()
