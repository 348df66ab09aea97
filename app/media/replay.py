"""A recording as video on demand: playlists of the very segments that were broadcast, and one file to download. Nothing is encoded."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import av

from app.media import playlist
from app.media.playlist import date
from app.media.tape import Piece, Tape
from app.media.timeline import date_of

BANDWIDTH = 3_000_000
LATE = 0.2
"""Seconds without sound at the beginning that players get over by themselves."""


def master(tape: Tape, start: float, end: float | None, texts: Sequence[tuple[str, str]] = ()) -> str:
    """The multivariant playlist. Play begins where both tracks have begun (RFC 8216 section 4.3.5.2): sound may come later.

    ``texts``: languages of captions, code and name in itself.
    """
    begins = [segments[0].start for kind in ("video", "audio") if (segments := tape.segments(kind, start, end))]
    late = max(begins) - begins[0] if begins else 0.0
    return "\n".join(
        [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            *([f"#EXT-X-START:TIME-OFFSET={late:.3f},PRECISE=YES"] if late > LATE else []),
            "#EXT-X-INDEPENDENT-SEGMENTS",
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Original",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"',
            *playlist.subtitles((code, name, f"captions-{code}.m3u8") for code, name in texts),
            f'#EXT-X-STREAM-INF:BANDWIDTH={BANDWIDTH},CODECS="{_codec(tape)},mp4a.40.2",AUDIO="sound"'
            + ',SUBTITLES="captions"' * bool(texts),
            "video.m3u8",
            "",
        ]
    )


def _codec(tape: Tape) -> str:
    """Name of the picture's coding (RFC 6381), as its first header says it."""
    header = tape.header("video", 1) or b""
    at = header.find(b"avcC")
    return f"avc1.{header[at + 5 : at + 8].hex()}" if at > 0 else "avc1.42e01f"


def media(tape: Tape, kind: str, start: float, end: float | None) -> str:
    """The playlist of one track, from ``start`` to ``end`` of the recording in seconds, at the borders of segments."""
    segments = tape.segments(kind, start, end)
    longest = max((one.seconds for one in segments), default=1.0)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(longest + 0.5)}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"]
    init = None
    for number, one in enumerate(segments):
        if one.breaks and number:
            lines.append("#EXT-X-DISCONTINUITY")
        if one.init != init:
            lines.append(f'#EXT-X-MAP:URI="{kind}-{one.init}.mp4"')
            init = one.init
        lines += [f"#EXT-X-PROGRAM-DATE-TIME:{date(date_of(one.start))}", f"#EXTINF:{one.seconds:.5f},"]
        lines.append(f"{kind}-{one.offset}.m4s")
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def captions(tape: Tape, lang: str, start: float, end: float | None) -> str:
    """The playlist of captions: one piece that is as long as the replay."""
    seconds = max(1.0, (tape.seconds if end is None else min(end, tape.seconds)) - start)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(seconds + 0.5)}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    lines += ["#EXT-X-MEDIA-SEQUENCE:0", f"#EXTINF:{seconds:.3f},", f"captions-{lang}.vtt", "#EXT-X-ENDLIST", ""]
    return "\n".join(lines)


def piece(tape: Tape, kind: str, number: int, *, header: bool) -> bytes | None:
    """Bytes of a header by its number, or of a segment by its place."""
    if header:
        return tape.header(kind, number)
    found = next((one for one in tape.pieces if one.kind == kind and not one.header and one.offset == number), None)
    return tape.data(found) if found is not None else None


def download(tape: Tape, start: float, end: float | None) -> Iterator[bytes]:
    """One MP4 file in pieces as it is made; runs a thread, and needs no place on disk."""
    pipe = _Pipe()
    thread = threading.Thread(target=_mux, args=(tape, start, end, pipe), name="download", daemon=True)
    thread.start()
    try:
        while (data := pipe.take()) is not None:
            yield data
    finally:
        pipe.stop()


def _mux(tape: Tape, start: float, end: float | None, pipe: _Pipe) -> None:
    try:
        inputs = [av.open(_Joined(tape, kind, start, end), format="mp4") for kind in ("video", "audio") if tape.segments(kind)]
        zero = tape.zero + start
        # Fragments, because a player may begin before the end is made, and nothing has to be written twice.
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        with av.open(pipe, "w", format="mp4", options=options) as out:
            streams = [out.add_stream_from_template(one.streams[0]) for one in inputs]
            for packet, stream in _in_order(inputs, streams):
                base = packet.time_base
                packet.pts -= round(zero / base)
                packet.dts -= round(zero / base)
                packet.stream = stream
                out.mux(packet)
        for one in inputs:
            one.close()
    except (av.FFmpegError, OSError, ValueError):
        pass  # Whoever downloads has gone away, or the file is cut: what there is was sent.
    finally:
        pipe.end()


def _in_order(inputs: list[Any], streams: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Packets of all inputs by their time."""
    readers = [one.demux() for one in inputs]
    heads = [next(reader, None) for reader in readers]
    while True:
        ready = [n for n, head in enumerate(heads) if head is not None and head.pts is not None]
        if not ready:
            return
        first = min(ready, key=lambda n: _at(heads[n]))
        yield heads[first], streams[first]
        heads[first] = next(readers[first], None)


def _at(packet: Any) -> float:
    return float(packet.pts * packet.time_base)


class _Joined(io.RawIOBase):
    """Header and segments of one track as one stream."""

    def __init__(self, tape: Tape, kind: str, start: float, end: float | None) -> None:
        segments = tape.segments(kind, start, end)
        header = tape.header(kind, segments[0].init) if segments else b""
        self._rest = bytearray(header or b"")
        self._more: Iterator[bytes] = tape.all(list[Piece](segments))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (more := next(self._more, None)) is not None:
            self._rest += more
        data = bytes(self._rest[:size])
        del self._rest[: len(data)]
        return data


class _Pipe(io.RawIOBase):
    """From the muxer's thread to the answer, a few pieces at a time."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(64)
        self._stopped = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._stopped:
            raise OSError("nobody reads any more")
        self._queue.put(bytes(data), timeout=120)
        return len(data)

    def take(self) -> bytes | None:
        """The next piece; None at the end."""
        return self._queue.get()

    def end(self) -> None:
        """No more."""
        if not self._stopped:
            self._queue.put(None)

    def stop(self) -> None:
        """Nobody reads any more."""
        self._stopped = True
        while not self._queue.empty():
            self._queue.get_nowait()
