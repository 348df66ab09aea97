"""CPU of the media process per live webinar, beside decoding and re-encoding the same input, and the delay from camera to screen.

Each part is a process of its own, measured by its CPU time: the media process, a peer that decodes and encodes with libx264
(veryfast, no delay, one thread), the sender, and a headless Chromium with hls.js that reads the frame counter off the picture.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import httpx2
import uvicorn
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import CODECS, HEADER_EXTENSIONS
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpHeaderExtensionParameters
from aiortc.rtp import HeaderExtensions
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from app.media import clip
from app.media.directory import Broadcast, Lane, Line, Placed, Plan, Publisher, PublishSeat, StreamRef
from app.media.looper import Looper, read
from app.media.recorder import Keeper
from app.media.rtc import congestion
from app.media.server import create_media_app
from app.media.supervise import free_port
from app.media.tape import Tape
from app.media.transcode import open_encoder
from app.settings import Settings
from bench._report import Goal, finish, goal

HLS_JS = Path("frontend/node_modules/hls.js/dist/hls.min.js")
SCRIPT = HLS_JS if HLS_JS.exists() else HLS_JS.with_name("hls.js")
LIMIT_MEDIAN, LIMIT_P95, TIMES_CHEAPER, LIMIT_CPU = 1.5, 2.0, 6.0, 7.0
PLAYER = Path("/usr/bin/chromium").exists() and HLS_JS.parent.exists()
PAGE = """<!doctype html><video id=v muted autoplay playsinline width=1280 height=720></video><script src=/hls.js></script><script type=module>
import { mendEdge } from '/holes.js';
const v = document.getElementById('v'), c = document.createElement('canvas'); c.width = 1280; c.height = 720;
const g = c.getContext('2d', {willReadFrequently: true}); window.seen = []; window.stalls = 0; window.faults = [];
// As frontend/src/media/player.js sets it up.
const h = new Hls({lowLatencyMode: true, enableWorker: false, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.05}); h.on(Hls.Events.ERROR, (_, e) => {
  if (e.details === 'bufferStalledError') window.stalls++; else if (e.fatal) window.faults.push(e.details + ' ' + (e.error || ''));});
h.loadSource('/hls/audience0/main.m3u8'); h.attachMedia(v); mendEdge(h);
// What the player loaded before its last stall: printed with it, because a stall comes once in minutes.
const ring = []; window.before = [];
for (const e of ['hlsFragLoading', 'hlsFragBuffered', 'hlsLevelUpdated', 'hlsAudioTrackUpdated', 'hlsError']) h.on(e, (_, d) => {
  const f = d.frag, p = d.part, b = v.buffered;
  ring.push([Math.round(performance.now()), e, f ? `${f.type} ${f.sn} ${f.start}` : d.details?.lastPartSn ?? d.details, p ? p.index : '',
    v.currentTime, b.length ? b.end(b.length - 1) : 0].join(' '));
  if (ring.length > 60) ring.shift();
  if (d.details === 'bufferStalledError') window.before = [...ring]; });
const look = () => { g.drawImage(v, 0, 0, 1280, 720); const row = g.getImageData(0, 640, 1280, 1).data; let n = 0;
  for (let i = 0; i < 16; i++) n = n * 2 + (row[(i * 80 + 40) * 4] > 128 ? 1 : 0);
  window.seen.push([Date.now(), n]); v.requestVideoFrameCallback(look); };
v.requestVideoFrameCallback(look);
</script>"""


class BenchDirectory:
    """Everything is live and allowed."""

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        """Bearer ``N`` sends to webinar ``N``, bearer ``N/S`` on seat ``S`` of its stage."""
        webinar, _, seat = bearer.partition("/")
        return PublishSeat(webinar, seat or "seat")

    async def crew_seat(self, bearer: str) -> str | None:
        """Nobody watches backstage."""
        return None

    async def stream(self, token: str) -> StreamRef | None:
        """``audienceN``."""
        return StreamRef(token.removeprefix("audience"), Lane.AUDIENCE)

    async def broadcast(self, webinar_id: str) -> Broadcast:
        """Live."""
        return Broadcast.LIVE

    async def plan(self, webinar_id: str, *, anew: bool = False) -> Plan:
        """Live, everybody on stage, whoever speaks."""
        return Plan(Broadcast.LIVE, "Bench", {f"s{n}": Placed(True) for n in range(12)})

    async def record(self, webinar_id: str) -> Keeper | None:
        """Never."""
        return None

    async def tape(self, webinar_id: str, video: str) -> Tape | None:
        """None."""
        return None

    async def recorded(self, webinar_id: str, keeper: Keeper) -> None:
        """Never."""

    async def lines(self, webinar_id: str, after: int) -> list[Line]:
        return []

    async def presence(self, webinar_id: str, publishers: list[Publisher], breaks: int) -> None:
        """Of no interest."""


async def serve(port: int) -> None:
    """Child: the media process, and the page the player runs on."""
    app = create_media_app(Settings(public_url=f"http://127.0.0.1:{port}"), BenchDirectory())

    async def page(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def holes(_request: Request) -> Response:
        return FileResponse("frontend/src/media/holes.js", media_type="text/javascript")

    async def script(_request: Request) -> Response:
        return FileResponse(SCRIPT, media_type="text/javascript")

    app.router.routes += [Route("/page", page), Route("/hls.js", script), Route("/holes.js", holes)]
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


async def send(url: str, count: int, *, together: bool = False) -> None:
    """Child: ``count`` senders of the clip, each to a webinar of its own or ``together`` on one stage; prints when the first began."""
    source = read(clip.make(Path(tempfile.gettempdir()) / "lectern-bench.mkv"))
    ways = [("0", f"0/s{n}") if together else (str(n), str(n)) for n in range(count)]
    offer_congestion_control()
    loopers = [Looper(f"{url}/whip/{webinar}", bearer, source) for webinar, bearer in ways]
    print(time.time() - time.monotonic() + loopers[0].begins, source.length, flush=True)
    for looper in loopers:
        number_packets(looper)
        await looper.start()
    await asyncio.Event().wait()


def offer_congestion_control() -> None:
    """Have aiortc offer what browsers do: transport-wide congestion control, so that the server reports on every packet."""
    for kind in ("audio", "video"):
        HEADER_EXTENSIONS[kind].append(RTCRtpHeaderExtensionParameters(id=5, uri=congestion.URI))
        for codec in CODECS[kind]:
            codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))


def number_packets(looper: Looper) -> None:
    """Number what is sent, as its offer promises. What the server reports is received and not acted upon."""
    numbers = itertools.count()
    for sender in looper.connection.getSenders():
        extensions: Any = sender._RTCRtpSender__rtp_header_extensions_map  # type: ignore[attr-defined]
        extensions.set = functools.partial(numbered, extensions.set, numbers)


def numbered(pack: Any, numbers: Iterator[int], values: HeaderExtensions) -> Any:
    """The packed header extensions of one packet, with its number."""
    values.transport_sequence_number = next(numbers) & 0xFFFF
    return pack(values)


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
        for _ in range(600):
            try:
                await client.get(url)
                return
            except httpx2.HTTPError:
                await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


async def load(kind: str, count: int, seconds: float, *, together: bool = False) -> float:
    """CPU in % of a core per sender of one server: ``--serve`` passes through, ``--reencode`` encodes again."""
    port = free_port("127.0.0.1")
    server = await child(kind, str(port))
    senders = []
    try:
        await answers(f"http://127.0.0.1:{port}/")
        senders.append(await child("--send-together" if together else "--send", f"http://127.0.0.1:{port}", str(count)))
        await asyncio.sleep(5)
        before = cpu(server.pid)
        await asyncio.sleep(seconds)
        return (cpu(server.pid) - before) / seconds * 100 / count
    finally:
        await end([*senders, server])


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
            seen, stalls, faults, before = await page.evaluate("() => [seen, stalls, faults, before]")
            await browser.close()
        if before:
            print("before the last stall:", *before, sep="\n")
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


async def measure(*, quick: bool, cost: bool = True) -> tuple[dict[str, float], list[Goal]]:
    """Everything, or the delay alone: figures and goals."""
    clip.make(Path(tempfile.gettempdir()) / "lectern-bench.mkv")
    figures: dict[str, float] = {}
    goals = await costs(figures, quick=quick) if cost else []
    if PLAYER:
        delays, stalls, faults = await delay(12 if quick else 600)
        if faults or not delays:
            print("the player failed:", faults or "no picture")
        figures.update(frames=len(delays), stalls=stalls, faults=len(faults))
        median = statistics.median(delays) if delays else 99.0
        p95 = statistics.quantiles(delays, n=20)[-1] if len(delays) > 1 else 99.0
        figures.update(delay_median=round(median, 2), delay_p95=round(p95, 2))
        goals.append(goal("delay_median", figures["delay_median"], LIMIT_MEDIAN, reach="at most"))
        goals.append(goal("delay_p95", figures["delay_p95"], LIMIT_P95, reach="at most"))
        goals.append(goal("stalls", stalls, 0, reach="at most"))
    else:
        print("no delay measured: it needs /usr/bin/chromium and frontend/node_modules/hls.js")
    return figures, goals


async def costs(figures: dict[str, float], *, quick: bool) -> list[Goal]:
    """Processor time, by number of webinars and of presenters. Of re-encoding two at once are what two cores can carry beside their senders."""
    seconds = 10 if quick else 30
    counts = [1] if quick else [1, 6, 12]
    own = {count: await load("--serve", count, seconds) for count in counts}
    again = {count: await load("--reencode", count, seconds) for count in ([1] if quick else [1, 2])}
    stage = {count: await load("--serve", count, seconds, together=True) for count in ([6] if quick else [6, 12])}
    few, many = min(counts), max(counts)
    figures.update({f"cpu_percent_per_webinar_{count}": round(value, 1) for count, value in own.items()})
    figures.update({f"cpu_percent_reencoding_{count}": round(value, 1) for count, value in again.items()})
    figures.update({f"cpu_percent_per_presenter_{count}_on_one_stage": round(value, 1) for count, value in stage.items()})
    figures[f"times_cheaper_{few}"] = round(again[1] / own[few], 1)
    figures[f"times_cheaper_{many}"] = round(again[max(again)] / own[many], 1)
    goals = [goal(f"times_cheaper_{many}", figures[f"times_cheaper_{many}"], TIMES_CHEAPER, reach="at least")]
    if not quick:
        goals.append(goal("cpu_percent_per_webinar_12", figures["cpu_percent_per_webinar_12"], LIMIT_CPU, reach="at most"))
    return goals


def main(argv: Sequence[str] | None = None) -> None:
    """Run, or be one of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--delay", action="store_true", help="the delay alone")
    parser.add_argument("--serve", type=int)
    parser.add_argument("--reencode", type=int)
    parser.add_argument("--send", nargs=2)
    parser.add_argument("--send-together", nargs=2)
    options = parser.parse_args(argv)
    if options.serve:
        uvloop.run(serve(options.serve))
    elif options.reencode:
        uvloop.run(reencode(options.reencode))
    elif options.send:
        asyncio.run(send(options.send[0], int(options.send[1])))
    elif options.send_together:
        asyncio.run(send(options.send_together[0], int(options.send_together[1]), together=True))
    else:
        figures, goals = asyncio.run(measure(quick=options.quick, cost=not options.delay))
        method = f"publishers with transport-wide congestion control on loopback, a real Chromium with hls.js; load {os.getloadavg()[0]:.1f}"
        finish("media", method, [{"figure": name, "value": value} for name, value in figures.items()], figures, goals)


if __name__ == "__main__":
    main()
