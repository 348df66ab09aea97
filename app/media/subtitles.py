"""Caption files: WebVTT (W3C) and SRT, read strictly, each fault named with its line; written as WebVTT.

Only times and words are taken. Styles, regions, places and tags of a file are left behind, so nothing in it can do anything.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

import msgspec

from app.core.errors import Problem
from app.core.i18n import words

SIZE_MAX = 1_000_000
CUES_MAX = 10_000
TEXT_MAX = 1000
WRAP = 1 << 33
"""Times of MPEG-2 have 33 bits (RFC 8216 section 3.5)."""
_TIMING = re.compile(r"(\S+)[ \t]+-->[ \t]+(\S+)(?:[ \t]+[^\n]*)?")
_VTT_TIME = re.compile(r"(?:(\d{2,3}):)?([0-5]\d):([0-5]\d)\.(\d{3})")
_SRT_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{3})")
_TAG = re.compile(r"</?[A-Za-z0-9][^<>\n]{0,100}>|\{\\[^{}\n]{0,40}\}")


class Cue(msgspec.Struct, frozen=True, array_like=True):
    """Words, and from when to when they are shown, in seconds."""

    start: float
    end: float
    text: str


def read(data: bytes) -> list[Cue]:
    """The cues of a file. Raises :class:`Problem` with the line that does not fit."""
    if len(data) > SIZE_MAX:
        raise Problem("captions.large", "A caption file may have at most 1 MB.", status=413)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise fault(words("Line {line}: this is not text in UTF-8. Save the file as UTF-8."), line) from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if (at := next((n for n, line in enumerate(lines, 1) if "\x00" in line), 0)) > 0:
        raise fault(words("Line {line}: this is not text in UTF-8. Save the file as UTF-8."), at)
    vtt = lines[0] == "WEBVTT" or lines[0].startswith(("WEBVTT ", "WEBVTT\t"))
    found: list[Cue] = []
    for block, number in _blocks(lines, 1 if vtt else 0):
        if vtt and (number == 2 or re.match(r"(NOTE|STYLE|REGION)\b", block[0])):
            # Lines right below WEBVTT are its header.
            continue
        found.append(_cue(block, number, found, _VTT_TIME if vtt else _SRT_TIME))
        if len(found) > CUES_MAX:
            raise fault(words("Line {line}: a file may have at most 10,000 captions."), number)
    if not found:
        raise Problem("captions.empty", "There are no captions in this file. Send WebVTT (.vtt) or SubRip (.srt).", status=422)
    return found


def fault(text: str, line: int) -> Problem:
    """What is wrong in which line."""
    return Problem("captions.line", text, status=422, params={"line": line})


def _blocks(lines: Sequence[str], skip: int) -> Iterator[tuple[list[str], int]]:
    """Runs of lines that are not empty, with the number of their first line."""
    block: list[str] = []
    for number, line in enumerate([*lines[skip:], ""], skip + 1):
        if line.strip():
            block.append(line)
        elif block:
            yield block, number - len(block)
            block = []


def _cue(block: list[str], number: int, before: Sequence[Cue], time: re.Pattern[str]) -> Cue:
    timing = 0 if "-->" in block[0] else 1
    match = _TIMING.fullmatch(block[timing].strip()) if len(block) > timing else None
    ends = [time.fullmatch(one) for one in match.groups()] if match else [None]
    if not all(ends):
        shape = "00:01:02.500 --> 00:01:05.000" if time is _VTT_TIME else "00:01:02,500 --> 00:01:05,000"
        text = words("Line {line}: here a time is expected, such as {shape}.")
        raise Problem("captions.line", text, status=422, params={"line": number + timing, "shape": shape})
    start, end = (_seconds(one) for one in ends if one is not None)
    if end <= start:
        raise fault(words("Line {line}: this caption ends before it begins."), number + timing)
    if before and start < before[-1].start:
        raise fault(words("Line {line}: this caption begins before the one above it."), number + timing)
    if (at := next((n for n, line in enumerate(block[timing + 1 :]) if "-->" in line), -1)) >= 0:
        raise fault(words("Line {line}: leave an empty line before the next caption."), number + timing + 1 + at)
    said = "\n".join(html.unescape(_TAG.sub("", line)).strip() for line in block[timing + 1 :])
    if not said.strip() or len(said) > TEXT_MAX:
        raise fault(words("Line {line}: this caption has no words, or more than 1000 characters."), number + timing + 1)
    return Cue(start, end, said)


def _seconds(match: re.Match[str]) -> float:
    hours, minutes, seconds, millis = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000


def write(cues: Sequence[Cue], zero: float | None = None) -> str:
    """As WebVTT; ``zero``: the place on the timeline of picture and sound that is the beginning of the captions."""
    lines = ["WEBVTT"]
    if zero is not None:
        lines.append(f"X-TIMESTAMP-MAP=MPEGTS:{round(zero * 90000) % WRAP},LOCAL:00:00:00.000")
    lines.append("")
    for cue in cues:
        lines += [f"{clock(cue.start)} --> {clock(cue.end)}", _plain(cue.text), ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Escaped, and without an empty line, which would end the cue."""
    whole = "\n".join(line for line in text.split("\n") if line.strip())
    return whole.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(seconds: float) -> str:
    """``01:02:03.500``."""
    whole = round(max(0.0, seconds) * 1000)
    rest, millis = divmod(whole, 1000)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}.{millis:03}"
