"""The opening handshake of RFC 6455 §4.2, from the request that uvicorn hands over to the ASGI scope and the answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

import msgspec

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PHRASES = {
    400: b"Bad Request",
    403: b"Forbidden",
    405: b"Method Not Allowed",
    426: b"Upgrade Required",
    500: b"Internal Server Error",
}

Headers = list[tuple[bytes, bytes]]


class Upgrade(msgspec.Struct, frozen=True):
    """A request that wants a websocket."""

    target: bytes
    headers: Headers
    accept: bytes
    """What proves to the browser that we understood."""

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.partition(b"?")[0].decode("latin-1"))

    @property
    def query(self) -> bytes:
        """What follows the question mark."""
        return self.target.partition(b"?")[2]

    @property
    def subprotocols(self) -> list[str]:
        """What the browser offers."""
        offered = [value.decode("latin-1") for name, value in self.headers if name == b"sec-websocket-protocol"]
        return [one.strip() for value in offered for one in value.split(",")]


class Refused(Exception):
    """Not a handshake that can be answered with 101."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def read_upgrade(request: bytes) -> Upgrade:
    """The handshake in ``request``, a whole head as uvicorn has read it. Raises :class:`Refused`."""
    line, *rest = request.rstrip(b"\r\n").split(b"\r\n")
    method, _, target = line.rpartition(b" ")[0].partition(b" ")
    if method != b"GET":
        raise Refused(405)
    headers: Headers = []
    for one in rest:
        name, _, value = one.partition(b":")
        headers.append((name.lower(), value.strip()))
    known = dict(headers)
    if b"upgrade" not in _tokens(known.get(b"connection", b"")) or b"websocket" not in _tokens(known.get(b"upgrade", b"")):
        raise Refused(400)
    if known.get(b"sec-websocket-version") != b"13":
        raise Refused(426)
    key = known.get(b"sec-websocket-key", b"")
    if not _is_key(key):
        raise Refused(400)
    # SHA-1 is what the RFC prescribes; it proves understanding and protects nothing.
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    return Upgrade(target, headers, accept)


def accepted(upgrade: Upgrade, headers: Iterable[tuple[bytes, bytes]], subprotocol: str | None) -> bytes:
    """The answer that opens the socket."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
        upgrade.accept,
        b"\r\n",
    ]
    chosen: Sequence[tuple[bytes, bytes]] = [(b"Sec-WebSocket-Protocol", subprotocol.encode())] if subprotocol else []
    for name, value in [*headers, *chosen]:
        lines += [name, b": ", value, b"\r\n"]
    lines.append(b"\r\n")
    return b"".join(lines)


def refusal(status: int) -> bytes:
    """The answer that does not."""
    version = b"Sec-WebSocket-Version: 13\r\n" if status == 426 else b""
    return b"HTTP/1.1 %d %b\r\n%bContent-Length: 0\r\nConnection: close\r\n\r\n" % (status, PHRASES[status], version)


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip().lower() for token in value.split(b",")]


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False
