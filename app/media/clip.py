"""Draws and encodes the looping test picture: coloured bars that move, a counter in blocks and digits, a gentle tone."""

from __future__ import annotations

import math
from array import array
from fractions import Fraction
from pathlib import Path

import av
from av.video.plane import VideoPlane

RATE = 30
SECONDS = 10
SIZE = (1280, 720)
BITS = 16
BARS = (
    (180, 128, 128),
    (168, 44, 136),
    (145, 147, 44),
    (134, 63, 52),
    (63, 193, 204),
    (51, 109, 212),
    (28, 212, 120),
    (90, 100, 160),
)
_FONT = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7), "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 2, 2), "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7), ".": (0, 0, 0, 0, 2),
}  # fmt: skip


def make(path: Path, *, size: tuple[int, int] = SIZE, seconds: int = SECONDS) -> Path:
    """Encode the clip into ``path`` unless it is there."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished.mkv")
    with av.open(str(unfinished), "w", format="matroska") as out:
        _picture(out, size, seconds)
    unfinished.replace(path)
    return path


def _picture(out: av.container.OutputContainer, size: tuple[int, int], seconds: int) -> None:
    video = out.add_stream("libx264", rate=RATE)
    video.width, video.height, video.pix_fmt, video.bit_rate = *size, "yuv420p", 1_200_000
    video.profile = "Baseline"
    video.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "g": str(RATE),
        "keyint_min": str(RATE),
        "sc_threshold": "0",
        "forced-idr": "1",
    }
    audio = out.add_stream("libopus", rate=48000)
    audio.layout = "stereo"
    audio.options = {"frame_duration": "20"}
    for number in range(seconds * RATE):
        frame = draw(number, size)
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        out.mux(video.encode(frame))
    out.mux(video.encode(None))
    for number in range(seconds * 50):
        out.mux(audio.encode(_tone(number)))
    out.mux(audio.encode(None))


def draw(number: int, size: tuple[int, int]) -> av.VideoFrame:
    """Frame ``number``: bars, below them its number as white (one) and black (zero) blocks, highest bit first."""
    width, height = size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, (w, h) in enumerate(((width, height), (width // 2, height // 2), (width // 2, height // 2))):
        bars = b"".join(bytes([BARS[i % 8][plane]]) * (w // 8 + 1) for i in range(9))
        shift = (number * 2 * w // width) % (w // 8 + 1)
        row = bars[shift : shift + w]
        rows = [row] * h
        blocks = b"".join(_block(number >> (BITS - 1 - i) & 1, plane) * (w // BITS) for i in range(BITS)).ljust(
            w, _block(0, plane)
        )
        rows[h * 3 // 4 :] = [blocks] * (h - h * 3 // 4)
        if plane == 0:
            _write(rows, f"{number / RATE:05.2f}", w, h)
        _fill(frame.planes[plane], rows)
    return frame


def _block(bit: int, plane: int) -> bytes:
    return bytes([235 if bit else 16]) if plane == 0 else b"\x80"


def _write(rows: list[bytes], text: str, width: int, height: int) -> None:
    cell = height // 24
    left, top = width // 2 - len(text) * 2 * cell, height // 4
    for line in range(5):
        start = top + line * cell
        row = bytearray(rows[start])
        for place, sign in enumerate(text):
            for dot in range(3):
                if _FONT[sign][line] >> (2 - dot) & 1:
                    x = left + (place * 4 + dot) * cell
                    row[x : x + cell] = b"\xeb" * cell
        rows[start : start + cell] = [bytes(row)] * cell


def _fill(plane: VideoPlane, rows: list[bytes]) -> None:
    plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))


def _tone(number: int) -> av.AudioFrame:
    """20 ms of a quiet chord; whole periods fit into a second, so the loop has no click."""
    frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
    at = number * 960
    wave = (
        int(1500 * (math.sin(math.tau * 220 * (at + i) / 48000) + math.sin(math.tau * 330 * (at + i) / 48000)))
        for i in range(960)
    )
    frame.planes[0].update(array("h", (value for sample in wave for value in (sample, sample))).tobytes())
    frame.sample_rate, frame.pts, frame.time_base = 48000, at, Fraction(1, 48000)
    return frame
