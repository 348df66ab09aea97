"""Frames of RFC 6455 as a server reads and writes them: a parser without input or output of its own.

Strict where the RFC says MUST: no reserved bits (no extension is negotiated), masked frames only, shortest length form, short and
whole control frames, valid UTF-8, known close codes. What breaks a rule ends the connection with the code the RFC names (§7.4.1).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import msgspec
from websockets import frames as websockets_frames

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
CONTROL_MAX = 125
CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
"""Codes that may travel in a close frame, besides 3000–4999 (§7.4 and the IANA registry)."""


class Message(msgspec.Struct, frozen=True):
    """A whole message; ``text`` or ``data``."""

    text: str | None = None
    data: bytes | None = None


class Ping(msgspec.Struct, frozen=True):
    """Wants a pong with the same payload."""

    payload: bytes


class Finished(msgspec.Struct, frozen=True):
    """The peer's close frame. 1005 when it named no code."""

    code: int
    reason: str


class Broken(Exception):
    """The peer broke a rule."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


Event = Message | Ping | Finished

# In C where the library brings it compiled, in Python where not.
apply_mask: Callable[[bytes, bytes], bytes] = websockets_frames.apply_mask  # type: ignore[attr-defined]


class Parser:
    """Bytes in, events out. After :class:`Broken` or :class:`Finished` it must not be fed any more."""

    __slots__ = ("_max", "_need", "_opcode", "_parts", "_rest", "_size")

    def __init__(self, max_size: int) -> None:
        self._max = max_size
        self._rest: bytearray | None = None
        self._need = 2
        self._parts: list[bytes] | None = None
        self._opcode = 0
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """All events that ``data`` completes. Raises :class:`Broken`."""
        if self._rest is not None:
            # Appended, and looked at again only when a frame can be whole, so that a frame that drips in costs no more.
            self._rest += data
            if len(self._rest) < self._need:
                return
            data, self._rest = bytes(self._rest), None
        at, end = 0, len(data)
        while end - at >= 2:
            head = self._head(data, at, end)
            if head is None:
                break
            start, size = head
            if end - at < start + size:
                self._need = start + size
                break
            payload = apply_mask(data[at + start : at + start + size], data[at + start - 4 : at + start]) if size else b""
            event = self._frame(data[at], payload)
            at += start + size
            self._need = 2
            if event is not None:
                yield event
        if at < end:
            self._rest = bytearray(data[at:])

    def _head(self, data: bytes, at: int, end: int) -> tuple[int, int] | None:
        """Where the payload begins and its size; None when the head is not whole yet."""
        first, second = data[at], data[at + 1]
        self._check_first(first)
        if not second & 0x80:
            raise Broken(1002, "frames of a client must be masked")
        size, start = second & 0x7F, 6
        if first & 0x08 and size > CONTROL_MAX:
            raise Broken(1002, "control frame too long")
        if size >= 126:
            start = 8 if size == 126 else 14
            if end - at < start:
                self._need = start
                return None
            shortest = 126 if size == 126 else 65536
            size = int.from_bytes(data[at + 2 : at + start - 4], "big")
            if size < shortest or size >> 63:
                raise Broken(1002, "length not in its shortest form")
        if size + self._size > self._max and not first & 0x08:
            # Before its bytes arrive, so that nobody can make us hold them.
            raise Broken(1009, "message too big")
        return start, size

    def _check_first(self, first: int) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise Broken(1002, "reserved bits are set")
        if opcode in (CLOSE, PING, PONG):
            if not first & 0x80:
                raise Broken(1002, "fragmented control frame")
        elif opcode == CONTINUATION:
            if self._parts is None:
                raise Broken(1002, "nothing to continue")
        elif opcode not in (TEXT, BINARY):
            raise Broken(1002, "unknown opcode")
        elif self._parts is not None:
            raise Broken(1002, "a message was not finished")

    def _frame(self, first: int, payload: bytes) -> Event | None:
        opcode = first & 0x0F
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return None
        if opcode == CLOSE:
            return _finished(payload)
        if first & 0x80:
            if opcode != CONTINUATION:
                return _message(opcode, payload)
            whole = b"".join([*(self._parts or ()), payload])
            self._parts, self._size = None, 0
            return _message(self._opcode, whole)
        if self._parts is None:
            self._parts, self._opcode = [], opcode
        # An empty fragment adds nothing to join, and a million of them must not add up either.
        if payload:
            self._parts.append(payload)
        self._size += len(payload)
        return None


def _message(opcode: int, payload: bytes) -> Message:
    if opcode == BINARY:
        return Message(data=payload)
    try:
        return Message(text=payload.decode())
    except UnicodeDecodeError:
        raise Broken(1007, "text is not UTF-8") from None


def _finished(payload: bytes) -> Finished:
    if not payload:
        return Finished(1005, "")
    if len(payload) == 1:
        raise Broken(1002, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if code not in CLOSE_CODES and not 3000 <= code <= 4999:
        raise Broken(1002, "unknown close code")
    try:
        return Finished(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise Broken(1007, "reason is not UTF-8") from None


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame (§5.2)."""
    return frame(TEXT, payload)


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; the reason is cut to what fits."""
    text = reason.encode()[: CONTROL_MAX - 2].decode(errors="ignore").encode()
    return frame(CLOSE, b"" if code == 1005 else struct.pack("!H", code) + text)


def frame(opcode: int, payload: bytes) -> bytes:
    """Any final unmasked frame."""
    first, size = 0x80 | opcode, len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload
