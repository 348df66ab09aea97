"""The first look at an uploaded video: is it one, how long is it, and does it fit to be packed anew without encoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
from av.stream import Disposition

from app.media import h264

LONGEST = 6 * 3600.0
"""Seconds."""
COPIED_SIZE = (1920, 1088)
COPIED_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High"}
COPIED_RATES = {32000, 44100, 48000}
KEYS_APART = 3.05
"""Seconds between key frames up to which a picture is taken as it is: who comes in the middle waits no longer than for a live one."""
FRAMES_APART = 0.21
HEAVIEST = 1_000_000
"""Bytes a second up to which a picture is taken as it is."""
MOST_PIXELS = 4096 * 2304
FAST = 61.0
FASTEST = 30


class Refused(Exception):
    """This cannot be used; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Plan:
    """What is to be done with it."""

    video: int
    audio: int | None
    zero: float = 0.0
    """When its picture begins, on its own clock."""
    seconds: float = 0.0
    rate: int = FASTEST
    """Frames a second, where it has to be encoded."""
    rotation: int = 0
    copy_video: bool = False
    copy_audio: bool = False


@dataclass(slots=True)
class Seen:
    """What the packets of a picture say."""

    times: list[float] = field(default_factory=list)
    first: float = float("inf")
    last: float = 0.0
    size: int = 0
    key_at: float | None = None
    apart: float = 0.0
    """Longest time between key frames."""
    still: float = 0.0
    """Longest time between frames."""
    count: int = 0
    before: float | None = None
    parameters: set[h264.Parameters] = field(default_factory=set)
    good: bool = True


def examine(source: Any, told: Callable[[float], None], size: int) -> Plan:
    """Read all of it once without decoding more than the first picture. Raises :class:`Refused`."""
    pictures = [one for one in source.streams.video if not one.disposition & Disposition.attached_pic]
    if not pictures:
        raise Refused("video.none")
    video, audio = pictures[0], next(iter(source.streams.audio), None)
    plan = Plan(video.index, audio.index if audio is not None else None)
    coded = video.codec_context
    if not 16 <= coded.width <= 8192 or not 16 <= coded.height <= 8192 or coded.width * coded.height > MOST_PIXELS:
        raise Refused("video.size")
    coded.thread_count = 1
    picture, seen = None, Seen()
    filtered = av.BitStreamFilterContext("h264_mp4toannexb", video) if coded.name == "h264" else None
    for packet in source.demux([video]):
        if picture is None:
            picture = next(iter(packet.decode()), None)
        if packet.size:
            _look(packet, seen, filtered)
            told(packet.pos / size if packet.pos else 0.0)
    if picture is None or seen.count < 2:
        raise Refused("video.unreadable")
    plan.zero, plan.seconds = seen.first, seen.last - seen.first
    if not 0.5 <= plan.seconds <= LONGEST:
        raise Refused("video.long" if plan.seconds > LONGEST else "video.short")
    plan.rotation = picture.rotation % 360
    plan.rate = max(5, min(FASTEST, round(seen.count / plan.seconds)))
    plan.copy_video = filtered is not None and _fits(coded, picture, seen, plan)
    plan.copy_audio = audio is not None and _sounds(audio.codec_context)
    return plan


def _look(packet: Any, seen: Seen, filtered: Any) -> None:
    base = packet.time_base
    at = float((packet.pts if packet.pts is not None else packet.dts or 0) * base)
    seen.first, seen.last = min(seen.first, at), max(seen.last, at + float((packet.duration or 0) * base))
    seen.size += packet.size
    seen.count += 1
    if filtered is None or packet.dts is None or packet.pts is None or packet.pts < packet.dts:
        seen.good = False
        return
    decoded = float(packet.dts * base)
    if seen.before is not None:
        seen.still = max(seen.still, decoded - seen.before)
        seen.good = seen.good and decoded > seen.before
    seen.before = decoded
    if packet.is_keyframe:
        data = b"".join(bytes(part) for part in filtered.filter(packet))
        found = h264.parameters(data)
        if found is None or not h264.is_key_frame(data):
            seen.good = False
            return
        seen.parameters.add(found)
        seen.apart = max(seen.apart, decoded - (seen.key_at if seen.key_at is not None else decoded))
        seen.key_at = decoded
    elif seen.key_at is None:
        seen.good = False  # It does not begin with a key frame.


def _fits(coded: Any, picture: Any, seen: Seen, plan: Plan) -> bool:
    """Whether every browser plays this picture as it is, and whoever comes late soon sees it."""
    if not seen.good or len(seen.parameters) != 1 or seen.key_at is None or seen.before is None:
        return False
    found = next(iter(seen.parameters))
    return (
        coded.profile in COPIED_PROFILES
        and coded.pix_fmt == "yuv420p"
        and (found.width, found.height) == (coded.width, coded.height)
        and found.width <= COPIED_SIZE[0]
        and found.height <= COPIED_SIZE[1]
        and (coded.sample_aspect_ratio or 1) in (0, 1)
        and not picture.interlaced_frame
        and plan.rotation == 0
        and max(seen.apart, seen.before - seen.key_at) <= KEYS_APART
        and seen.still <= FRAMES_APART
        and seen.count / plan.seconds <= FAST
        and seen.size / plan.seconds <= HEAVIEST
    )


def _sounds(coded: Any) -> bool:
    return (
        coded.name == "aac"
        and coded.profile == "LC"
        and coded.sample_rate in COPIED_RATES
        and coded.channels in (1, 2)
        and len(coded.extradata or b"") >= 2
    )


def scaled(width: int, height: int, shape: Fraction | None, rotation: int) -> tuple[int, int]:
    """The size to encode: square pixels, upright, at most 1920 wide and 1080 high, even."""
    across = width * float(shape or 1)
    high = float(height)
    if rotation in (90, 270):
        across, high = high, across
    factor = min(1.0, 1920 / across, 1080 / high)
    return max(2, round(across * factor / 2) * 2), max(2, round(high * factor / 2) * 2)
