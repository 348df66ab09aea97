"""How far sound and picture drift apart, and whether memory grows, while one presenter sends for ``--minutes``.

The picture says its number; a beep stands at each whole second. Every few seconds the newest segments are fetched and decoded, and the places
of a whole second in both are compared. The slope over the whole run is the drift.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import os
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx2

from app.media import clip
from app.media.looper import Clip, Looper, Packet, read
from app.media.supervise import free_port
from bench._report import Goal, finish, goal
from bench.media import answers, child, cpu, end

SIZE = (640, 360)
EVERY = 10.0
BEEP, LOUD = 0.1, 3000
LIMIT_DRIFT, LIMIT_MEMORY = 50.0, 20.0
WARM = 60.0
"""Seconds after which memory is looked at: until then the window fills."""


def beeps(seconds: int) -> list[Packet]:
    """Silence with a beep at each whole second."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "stereo", 48000
    packets: list[Packet] = []
    for number in range(seconds * 50):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        loud = 12000 if number % 50 < BEEP * 50 else 0
        wave = (int(loud * math.sin(math.tau * 1000 * i / 48000)) for i in range(960))
        frame.planes[0].update(array("h", (value for sample in wave for value in (sample, sample))).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = 48000, number * 960, Fraction(1, 48000)
        packets += [Packet(bytes(packet), number / 50) for packet in encoder.encode(frame)]
    return packets


async def send(url: str) -> None:
    """Child: the sender."""
    source = read(clip.make(Path(tempfile.gettempdir()) / "lectern-soak.mkv", size=SIZE))
    looper = Looper(f"{url}/whip/0", "0", Clip(source.video, beeps(clip.SECONDS), source.length))
    await looper.start()
    await looper.ended.wait()


async def newest(client: httpx2.AsyncClient, url: str, kind: str) -> bytes:
    """Header and the finished segments of a track."""
    header, names = "", list[str]()
    for line in (await client.get(f"{url}/hls/audience0/{kind}.m3u8")).text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            header, names = line.split('"')[1], []
        elif line.endswith(".m4s") and not line.startswith("#"):
            names.append(line)
    pieces = [header, *names[-4:]]
    return b"".join([(await client.get(f"{url}/hls/audience0/{name}")).content for name in pieces])


def whole_seconds(video: bytes) -> list[float]:
    """Places of the pictures that begin a second."""
    found = []
    with av.open(io.BytesIO(video), "r", format="mp4") as source:
        for frame in source.decode(video=0):
            plane = frame.planes[0]
            row = bytes(plane)[(frame.height * 8 // 9) * plane.line_size :][: frame.width]
            step = frame.width // clip.BITS
            number = sum((row[place * step + step // 2] > 128) << (clip.BITS - 1 - place) for place in range(clip.BITS))
            # The card, which is larger, has no number.
            if number % clip.RATE == 0 and frame.width == SIZE[0]:
                found.append(float(frame.time or 0))
    return found


def onsets(audio: bytes) -> list[float]:
    """Places where a beep begins."""
    found: list[float] = []
    quiet = 1.0
    with av.open(io.BytesIO(audio), "r", format="mp4") as source:
        for frame in source.decode(audio=0):
            at = float(frame.time or 0)
            samples = array("f", bytes(frame.planes[0])[: frame.samples * 4])
            for place in range(0, len(samples), 24):
                if abs(samples[place]) * 32768 > LOUD:
                    if quiet > 0.5:
                        found.append(at + place / 48000)
                    quiet = 0.0
                else:
                    quiet += 24 / 48000
    return found


def apart(video: bytes, audio: bytes) -> float | None:
    """Seconds that sound comes after the picture; None when there is too little of both."""
    try:
        pictures, sounds = whole_seconds(video), onsets(audio)
    except av.FFmpegError:
        return None  # Nobody sends yet.
    gaps = [min((sound - at for sound in sounds), key=abs) for at in pictures] if sounds else []
    gaps = [gap for gap in gaps if abs(gap) < 0.5]
    return statistics.median(gaps) if gaps else None


def memory(pid: int) -> float:
    """Megabytes in use."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def slope(points: list[tuple[float, float]]) -> float:
    """By how much the second grows in an hour of the first, in seconds."""
    if len(points) < 3:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope * 3600


async def measure(minutes: float) -> tuple[dict[str, float], list[Goal]]:
    """One run."""
    port = free_port("127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    clip.make(Path(tempfile.gettempdir()) / "lectern-soak.mkv", size=SIZE)
    server = await child("--serve", str(port))
    await answers(url)
    sender = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.soak", "--send", url)
    drift: list[tuple[float, float]] = []
    used: list[tuple[float, float]] = []
    try:
        await asyncio.sleep(12)
        begun, spent = time.monotonic(), cpu(server.pid)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            while (now := time.monotonic() - begun) < minutes * 60:
                video, audio = await asyncio.gather(newest(client, url, "video"), newest(client, url, "audio"))
                gap = await asyncio.to_thread(apart, video, audio)
                if gap is not None:
                    drift.append((now, gap * 1000))
                if now >= WARM:
                    used.append((now, memory(server.pid)))
                await asyncio.sleep(EVERY)
        share = (cpu(server.pid) - spent) / (time.monotonic() - begun) * 100
    finally:
        await end([sender, server])
    return result(minutes, drift, used, share)


def result(
    minutes: float, drift: list[tuple[float, float]], used: list[tuple[float, float]], share: float
) -> tuple[dict[str, float], list[Goal]]:
    """Figures and goals."""
    if len(drift) < 2:
        sys.exit("nothing was sent")
    gaps = [gap for _, gap in drift]
    figures: dict[str, float] = {
        "minutes": minutes,
        "samples": len(drift),
        "sound_after_picture_ms_median": round(statistics.median(gaps), 1),
        "sound_after_picture_ms_min": round(min(gaps), 1),
        "sound_after_picture_ms_max": round(max(gaps), 1),
        "drift_ms_an_hour": round(slope(drift), 1),
        "memory_mb": round(used[-1][1], 1) if used else 0.0,
        "memory_mb_an_hour": round(slope(used), 1),
        "media_cpu_percent": round(share, 1),
    }
    hours = minutes / 60
    goals = [
        goal("drift_ms", round(abs(figures["drift_ms_an_hour"]) * hours, 1), LIMIT_DRIFT, reach="at most"),
        goal("spread_ms", round(max(gaps) - min(gaps), 1), LIMIT_DRIFT, reach="at most"),
        goal("memory_mb_an_hour", figures["memory_mb_an_hour"], LIMIT_MEMORY, reach="at most"),
    ]
    return figures, goals


def main(argv: Sequence[str] | None = None) -> None:
    """Run, or be the sender."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--send")
    options = parser.parse_args(argv)
    if options.send:
        asyncio.run(send(options.send))
        return
    figures, goals = asyncio.run(measure(options.minutes or (2 if options.quick else 120)))
    method = f"one sender on loopback; the newest sound and picture looked at every {EVERY:g} s; load {os.getloadavg()[0]:.1f}"
    finish("soak", method, [{"figure": name, "value": value} for name, value in figures.items()], figures, goals)


if __name__ == "__main__":
    main()
