"""Writes the playlists of Low-Latency HLS (RFC 8216, draft-pantos-hls-rfc8216bis)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.media.track import PART_TARGET, SEGMENT_TARGET, Segment, Track

HOLD_BACK = 3 * PART_TARGET
PARTS_IN_LAST = 4
"""Segments from the end whose parts are listed."""


def master(video: Track | None, audio: Track | None, bandwidth: int) -> str:
    """Multivariant playlist."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:9"]
    codecs = [track.codec for track in (video, audio) if track is not None]
    attributes = [f"BANDWIDTH={bandwidth}", f'CODECS="{",".join(codecs)}"']
    if video is not None and video.size is not None:
        attributes.append(f"RESOLUTION={video.size[0]}x{video.size[1]}")
    if video is not None and audio is not None:
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Original",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"'
        )
        attributes.append('AUDIO="sound"')
    lines += ["#EXT-X-STREAM-INF:" + ",".join(attributes), "video.m3u8" if video is not None else "audio.m3u8"]
    return "\n".join(lines) + "\n"


def media(track: Track, others: Sequence[Track], first: int) -> str:
    """Media playlist of what is at or after segment ``first``."""
    segments = [segment for segment in track.segments if segment.number >= first]
    before = [segment for segment in track.segments if segment.number < first]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{SEGMENT_TARGET}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={HOLD_BACK:.3f},HOLD-BACK={3 * SEGMENT_TARGET}.0",
        f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number if segments else first}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{track.breaks_before + sum(segment.discontinuity for segment in before)}",
    ]
    init = None
    for place, segment in enumerate(segments):
        lines += _segment(track, segment, new_init=segment.init != init, with_parts=place >= len(segments) - PARTS_IN_LAST)
        init = segment.init
    lines.append(_hint(track, segments))
    lines += [_report(other) for other in others if other.segments]
    return "\n".join(lines) + "\n"


def _segment(track: Track, segment: Segment, *, new_init: bool, with_parts: bool) -> list[str]:
    lines = ["#EXT-X-DISCONTINUITY"] if segment.discontinuity else []
    if new_init:
        lines.append(f'#EXT-X-MAP:URI="{init_name(track, segment.init)}"')
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.at)}")
    if with_parts or not segment.done:
        lines += [
            f'#EXT-X-PART:DURATION={part.duration:.5f},URI="{part_name(track, segment.number, i)}"'
            + ",INDEPENDENT=YES" * part.independent
            for i, part in enumerate(segment.parts)
        ]
    if segment.done:
        lines += [f"#EXTINF:{segment.duration:.5f},", segment_name(track, segment.number)]
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
    return f"{track.run}-{track.kind}-{number}.m4s"


def part_name(track: Track, number: int, part: int) -> str:
    """Name of a part."""
    return f"{track.run}-{track.kind}-{number}.{part}.m4s"


def _date(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
