"""Writes the playlists of Low-Latency HLS (RFC 8216, draft-pantos-hls-rfc8216bis)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from app.media.track import PART_TARGET, SEGMENT_TARGET, Segment, Track

HOLD_BACK = 3 * PART_TARGET
PARTS_IN_LAST = 4
"""Segments from the end whose parts are listed."""
MOST_WRITTEN = 64
SKIP_UNTIL = 6.0 * SEGMENT_TARGET
"""Seconds from the end within which a delta update lists everything; six target durations are the least (section 4.4.3.8)."""


Spoken = Sequence[tuple[str, str, Track]]
"""Languages besides the original: code, name in itself, track."""
SOUND_BANDWIDTH = 130_000


Pictures = Sequence[tuple[Track, int]]
"""Tracks with their bandwidths in bits a second, the best first."""


def master(pictures: Pictures, audio: Track | None, spoken: Spoken = (), written: Spoken = ()) -> str:
    """Multivariant playlist: the pictures with their bandwidths, the best first, every language heard or written, and sound alone for
    poor links.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:9"]
    groups = ""
    if audio is not None and (pictures or spoken):
        sound = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",AUTOSELECT=YES,CHANNELS="2"'
        lines.append(f'{sound},NAME="Original",DEFAULT=YES,URI="audio.m3u8"')
        lines += [
            f'{sound},NAME="{_quoted(name)}",LANGUAGE="{code}",DEFAULT=NO,URI="{track.kind}.m3u8"' for code, name, track in spoken
        ]
        groups = ',AUDIO="sound"'
    if written:
        lines += subtitles((code, name, f"{track.kind}.m3u8") for code, name, track in written)
        groups += ',SUBTITLES="captions"'
    for picture, bandwidth in pictures:
        codecs = ",".join(track.codec for track in (picture, audio) if track is not None)
        size = f",RESOLUTION={picture.size[0]}x{picture.size[1]}" if picture.size is not None else ""
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS="{codecs}"{size}{groups}', f"{picture.kind}.m3u8"]
    if audio is not None:
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={SOUND_BANDWIDTH},CODECS="{audio.codec}"{groups}', "audio.m3u8"]
    return "\n".join(lines) + "\n"


def subtitles(texts: Iterable[tuple[str, str, str]]) -> list[str]:
    """Renditions of captions: code, name in itself, address. Nobody gets them who did not choose them."""
    start = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO'
    return [f'{start},NAME="{_quoted(name)}",LANGUAGE="{code}",URI="{address}"' for code, name, address in texts]


def _quoted(text: str) -> str:
    return text.replace('"', "").replace("\n", " ")


def media(track: Track, others: Sequence[Track], first: int, *, skip: bool = False) -> str:
    """Media playlist of what is at or after segment ``first``; with ``skip`` a delta update (section 6.2.5.1)."""
    kept = track.segments
    passed = max(0, first - kept[0].number) if kept else 0
    segments = [segment for segment in islice(kept, passed, None) if segment.done or not track.text]
    skipped = _skippable(segments) if skip else 0
    early = "" if track.text else f",PART-HOLD-BACK={HOLD_BACK:.3f}"
    control = f"CAN-BLOCK-RELOAD=YES{early},HOLD-BACK={3 * SEGMENT_TARGET}.0,CAN-SKIP-UNTIL={SKIP_UNTIL}"
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{SEGMENT_TARGET}",
        f"#EXT-X-SERVER-CONTROL:{control}",
        *([] if track.text else [f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET:.3f}"]),
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number if segments else first}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{track.breaks_before + sum(segment.discontinuity for segment in islice(kept, passed))}",
    ]
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    init = segments[skipped - 1].init if skipped else None
    for place in range(skipped, len(segments)):
        segment = segments[place]
        if segment.discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init and not track.text:
            lines.append(f'#EXT-X-MAP:URI="{init_name(track, segment.init)}"')
        lines += _segment(track, segment, with_parts=not track.text and place >= len(segments) - PARTS_IN_LAST)
        init = segment.init
    if not track.text:
        lines.append(_hint(track, segments))
    lines += [_report(other) for other in others if other.segments]
    return "\n".join(lines) + "\n"


class Written:
    """Playlists as they were last written: everybody who waits for the same part gets the same text."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, int, bool], tuple[tuple[int, ...], str]] = {}

    def of(self, track: Track, others: Sequence[Track], first: int, *, skip: bool) -> str:
        """As :func:`media`, written anew only when something changed."""
        state = (track.version, *(other.version for other in others))
        known = self._texts.get((track.kind, first, skip))
        if known is None or known[0] != state:
            if len(self._texts) > MOST_WRITTEN:
                self._texts.clear()
            known = self._texts[track.kind, first, skip] = (state, media(track, others, first, skip=skip))
        return known[1]


def _skippable(segments: Sequence[Segment]) -> int:
    """How many from the first lie before the skip boundary."""
    behind = 0.0
    for place in range(len(segments) - 1, -1, -1):
        if behind >= SKIP_UNTIL:
            return place + 1
        behind += segments[place].duration
    return 0


def _segment(track: Track, segment: Segment, *, with_parts: bool) -> list[str]:
    if segment.lines is not None and not with_parts:
        return segment.lines
    lines = [f"#EXT-X-PROGRAM-DATE-TIME:{date(segment.at)}"]
    if with_parts or not segment.done:
        lines += [
            f'#EXT-X-PART:DURATION={part.duration:.5f},URI="{part_name(track, segment.number, i)}"'
            + ",INDEPENDENT=YES" * part.independent
            for i, part in enumerate(segment.parts)
        ]
    if segment.done:
        lines += [f"#EXTINF:{segment.duration:.5f},", segment_name(track, segment.number)]
        if not with_parts:
            segment.lines = lines
    return lines


def _hint(track: Track, segments: list[Segment]) -> str:
    if segments and not segments[-1].done:
        return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{part_name(track, segments[-1].number, len(segments[-1].parts))}"'
    return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{part_name(track, track.next_number, 0)}"'


def _report(track: Track) -> str:
    newest = track.segments[-1]
    if not newest.parts and len(track.segments) > 1:
        newest = track.segments[-2]
    return f'#EXT-X-RENDITION-REPORT:URI="{track.kind}.m3u8",LAST-MSN={newest.number},LAST-PART={max(0, len(newest.parts) - 1)}'


def init_name(track: Track, number: int) -> str:
    """Name of a header; ``run`` keeps a cache from answering with another run's bytes."""
    return f"{track.run}-{track.kind}-init{number}.mp4"


def segment_name(track: Track, number: int) -> str:
    """Name of a whole segment."""
    return f"{track.run}-{track.kind}-{number}.{'vtt' if track.text else 'm4s'}"


def part_name(track: Track, number: int, part: int) -> str:
    """Name of a part."""
    return f"{track.run}-{track.kind}-{number}.{part}.m4s"


def date(at: datetime) -> str:
    """As EXT-X-PROGRAM-DATE-TIME says it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
