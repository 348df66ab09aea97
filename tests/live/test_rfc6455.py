"""The websocket protocol class over real TCP (and TLS), with frames no well-behaved client would send."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import os
import random
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiofastnet
import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.live.rfc6455 import Event, Message, Parser
from app.live.wire import DOOR, LiveProtocol, text_frame
from tests.support.server import Serve, Served
from tests.support.until import until

MAX = 64 * 1024
FIN, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 1, 2, 8, 9, 10


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says back what it hears; ``close`` closes."""
    if scope["type"] == "lifespan":
        return
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] == "/closed":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4002, "reason": "retry_after=3"})
        elif message.get("text") == "break":
            raise RuntimeError("on purpose")
        else:
            await send({"type": "websocket.send", **{key: message[key] for key in ("text", "bytes") if key in message}})


class Raw:
    """A client of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(
        self, first: int, payload: bytes = b"", *, masked: bool = True, size: int | None = None, head: bytes | None = None
    ) -> None:
        size = len(payload) if size is None else size
        mask = os.urandom(4)
        bit = 0x80 if masked else 0
        if head is None:
            short = size if size < 126 else 126 if size < 65536 else 127
            head = bytes((first, bit | short)) + (b"" if size < 126 else struct.pack("!H" if size < 65536 else "!Q", size))
        body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.writer.write(head + (mask + body if masked else payload))

    async def read(self) -> tuple[int, bytes]:
        """The next frame: its first byte and payload. A server never masks."""
        first, second = await self.reader.readexactly(2)
        assert second < 0x80
        size = second
        if second >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if second == 126 else 8), "big")
        return first, await self.reader.readexactly(size)

    async def closed_with(self) -> int:
        """The code of the close frame; whatever comes before it is read too."""
        while True:
            first, payload = await asyncio.wait_for(self.read(), 5)
            if first == FIN | CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005

    async def ended(self) -> bool:
        """The server closes the connection."""
        return await asyncio.wait_for(self.reader.read(), 10) == b""


Connect = Callable[..., Awaitable[Raw]]


@pytest.fixture
async def served(serve_app: Serve) -> Served:
    return await serve_app(echo, ws=LiveProtocol, ws_max_size=MAX, lifespan="off", log_level="critical")


@pytest.fixture
async def connect(served: Served) -> AsyncIterator[Connect]:
    """Opens raw sockets with the handshake done."""
    writers: list[asyncio.StreamWriter] = []

    async def opened(**changes: str) -> Raw:
        raw = await handshake(served, writers, **changes)
        assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return raw

    yield opened
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def handshake(served: Served, writers: list[asyncio.StreamWriter], *, path: str = "/", **changes: str) -> Raw:
    headers = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writers.append(writer)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    return Raw(reader, writer)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "no base64 at all!!"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"path": "/closed"}, 403),
    ],
)
async def test_a_handshake_that_is_not_right_is_refused(served: Served, changes: dict[str, str], status: int) -> None:
    writers: list[asyncio.StreamWriter] = []
    raw = await handshake(served, writers, **changes)
    answer = await asyncio.wait_for(raw.reader.read(), 5)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    writers[0].close()


async def test_the_handshake_answers_with_the_digest_of_the_rfc_and_the_subprotocol(served: Served) -> None:
    writers: list[asyncio.StreamWriter] = []
    raw = await handshake(served, writers, Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Sec_WebSocket_Protocol="a, b")
    answer = await raw.reader.readuntil(b"\r\n\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"Sec-WebSocket-Protocol: a\r\n" in answer
    writers[0].close()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_messages_of_every_length_form_come_back(connect: Connect, opcode: int) -> None:
    raw = await connect()
    for size in (0, 1, 125, 126, 65535, MAX):
        raw.send(FIN | opcode, b"x" * size)
        assert await asyncio.wait_for(raw.read(), 5) == (FIN | opcode, b"x" * size)


async def test_fragments_are_one_message_with_control_frames_between(connect: Connect) -> None:
    raw = await connect()
    word = "Grüße, 🐝 und mehr".encode()
    raw.send(TEXT, word[:3])
    raw.send(FIN | PING, b"between")
    raw.send(0, b"")
    raw.send(0, word[3:9])
    raw.send(FIN | PONG, b"nobody asked")
    raw.send(FIN, word[9:])
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | PONG, b"between")
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | TEXT, word)


async def test_bytes_that_drip_in_one_by_one_are_the_same_message(connect: Connect) -> None:
    raw = await connect()
    for byte in bytes((FIN | TEXT, 0x85)) + b"\0\0\0\0" + b"drops" + bytes((FIN | PING, 0x80)) + b"\0\0\0\0":
        raw.writer.write(bytes((byte,)))
        await raw.writer.drain()
        await asyncio.sleep(0)
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | TEXT, b"drops")
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | PONG, b"")


def test_however_the_bytes_are_cut_the_parser_says_the_same() -> None:
    frames = bytes((TEXT, 0x83)) + b"\0\0\0\0abc" + bytes((FIN | PING, 0x81)) + b"\0\0\0\0p" + bytes((FIN, 0xFE, 0, 130))
    frames += b"\1\2\3\4" + bytes(ord("z") ^ (1 + at % 4) for at in range(130))
    whole = list(Parser(MAX).feed(frames))
    assert whole[-1] == Message(text="abc" + "z" * 130)
    for seed in range(200):
        dice, parser, at = random.Random(seed), Parser(MAX), 0
        events: list[Event] = []
        while at < len(frames):
            step = dice.randint(1, 20)
            events += parser.feed(frames[at : at + step])
            at += step
        assert events == whole


class Sent(NamedTuple):
    """One frame, as :meth:`Raw.send` takes it."""

    first: int
    payload: bytes = b""
    masked: bool = True
    size: int | None = None
    head: bytes | None = None


BROKEN: dict[str, tuple[int, list[Sent]]] = {
    **{f"reserved bit {bit}": (1002, [Sent(FIN | bit | TEXT, b"x")]) for bit in (0x40, 0x20, 0x10)},
    **{f"reserved opcode {code}": (1002, [Sent(FIN | code)]) for code in (3, 7, 11, 15)},
    "unmasked text": (1002, [Sent(FIN | TEXT, b"x", masked=False)]),
    "unmasked ping": (1002, [Sent(FIN | PING, b"x", masked=False)]),
    "fragmented ping": (1002, [Sent(PING, b"x")]),
    "fragmented close": (1002, [Sent(CLOSE, b"\x03\xe8")]),
    "long ping": (1002, [Sent(FIN | PING, b"x" * 126)]),
    "nothing to continue": (1002, [Sent(FIN, b"x")]),
    "a new message in an unfinished one": (1002, [Sent(TEXT, b"x"), Sent(FIN | TEXT, b"y")]),
    "length not the shortest": (1002, [Sent(FIN | TEXT, b"x", head=b"\x81\xfe\0\1")]),
    "long length not the shortest": (1002, [Sent(FIN | TEXT, b"x", head=b"\x81\xff" + b"\0" * 7 + b"\1")]),
    "length of 2^63": (1002, [Sent(FIN | TEXT, b"x", head=b"\x81\xff\x80" + b"\0" * 7)]),
    "too big, told by its head alone": (1009, [Sent(FIN | TEXT, size=MAX + 1)]),
    "too big in fragments": (1009, [Sent(TEXT if not n else 0, b"x" * 30_000) for n in range(3)]),
    "close of one byte": (1002, [Sent(FIN | CLOSE, b"x")]),
    "close reason is not UTF-8": (1007, [Sent(FIN | CLOSE, b"\x03\xe8\xff")]),
    **{
        f"close code {code}": (1002, [Sent(FIN | CLOSE, struct.pack("!H", code))])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


async def test_who_breaks_a_rule_hears_which_code(connect: Connect) -> None:
    heard: dict[str, int] = {}
    for name, (_, frames) in BROKEN.items():
        raw = await connect()
        for first, payload, masked, size, head in frames:
            raw.send(first, payload, masked=masked, size=size, head=head)
        heard[name] = await raw.closed_with()
        assert await raw.ended(), name
    assert heard == {name: code for name, (code, _) in BROKEN.items()}


async def test_a_good_close_code_is_echoed(connect: Connect) -> None:
    for code in (1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999):
        raw = await connect()
        raw.send(FIN | CLOSE, struct.pack("!H", code) + b"bye")
        assert await asyncio.wait_for(raw.read(), 5) == (FIN | CLOSE, struct.pack("!H", code) + b"bye")
        assert await raw.ended()


async def test_a_close_without_a_code_is_answered_without_one(connect: Connect) -> None:
    raw = await connect()
    raw.send(FIN | CLOSE)
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | CLOSE, b"")


async def test_text_that_is_not_utf8_is_refused_wherever_it_is_cut(connect: Connect) -> None:
    bad = "κόσμε".encode() + b"\xed\xa0\x80" + b"edited"
    for cut in range(len(bad) + 1):
        raw = await connect()
        raw.send(TEXT, bad[:cut])
        raw.send(FIN, bad[cut:])
        assert await raw.closed_with() == 1007, cut


async def test_good_utf8_may_be_cut_anywhere(connect: Connect) -> None:
    good = "κόσμε 🐝".encode()
    raw = await connect()
    for cut in range(len(good) + 1):
        raw.send(TEXT, good[:cut])
        raw.send(FIN, good[cut:])
        assert await asyncio.wait_for(raw.read(), 5) == (FIN | TEXT, good), cut


async def test_thousands_of_tiny_messages_at_once_are_not_held(connect: Connect) -> None:
    raw = await connect()
    raw.writer.write((bytes((FIN | TEXT, 0x80)) + b"\0\0\0\0") * 20_000)
    assert await raw.closed_with() == 1008
    # The control: a hundred are a crowd that a browser may bring back with it.
    other = await connect()
    other.writer.write((bytes((FIN | TEXT, 0x81)) + b"\0\0\0\0x") * 100)
    assert [await asyncio.wait_for(other.read(), 5) for _ in range(100)] == [(FIN | TEXT, b"x")] * 100


async def test_nothing_is_heard_after_a_close_frame(connect: Connect) -> None:
    raw = await connect()
    raw.send(FIN | CLOSE, struct.pack("!H", 1000))
    raw.send(FIN | TEXT, b"too late")
    raw.send(FIN | PING, b"too late")
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | CLOSE, struct.pack("!H", 1000))
    assert await raw.ended()


async def test_the_server_closes_with_its_code_and_a_hint(connect: Connect) -> None:
    raw = await connect()
    raw.send(FIN | TEXT, b"close")
    assert await asyncio.wait_for(raw.read(), 5) == (FIN | CLOSE, struct.pack("!H", 4002) + b"retry_after=3")
    raw.send(FIN | CLOSE, struct.pack("!H", 4002))
    assert await raw.ended()


async def test_a_peer_that_never_answers_the_close_is_cut(connect: Connect) -> None:
    raw = await connect()
    raw.send(FIN | TEXT, b"close")
    await raw.read()
    assert await raw.ended()


async def test_a_fault_of_the_application_is_1011(connect: Connect) -> None:
    raw = await connect()
    raw.send(FIN | TEXT, b"break")
    assert await raw.closed_with() == 1011


async def test_a_peer_that_answers_no_ping_is_given_up_and_one_that_does_is_not(serve_app: Serve) -> None:
    served = await serve_app(echo, ws=LiveProtocol, ws_ping_interval=0.4, lifespan="off", log_level="critical")
    writers: list[asyncio.StreamWriter] = []
    deaf = await handshake(served, writers)
    async with websockets.connect(served.ws_url, proxy=None) as good:
        assert await deaf.ended() is False
        await good.send("still here")
        assert await asyncio.wait_for(good.recv(), 5) == "still here"
    writers[0].close()


@pytest.mark.parametrize("fast", [False, True], ids=["asyncio", "aiofastnet"])
async def test_over_tls_it_is_the_same_socket(serve_app: Serve, tmp_path: Path, fast: bool) -> None:
    if fast:
        aiofastnet.patch_loop(asyncio.get_running_loop())
    certificate, key = make_certificate(tmp_path)
    served = await serve_app(
        echo, ws=LiveProtocol, ws_max_size=MAX, lifespan="off", log_level="critical", ssl_certfile=certificate, ssl_keyfile=key
    )
    context = ssl.create_default_context(cafile=str(certificate))
    async with websockets.connect(f"wss://localhost:{served.port}/", ssl=context, proxy=None) as socket:
        for word in ("short", "long " * 10_000):
            await socket.send(word)
            assert await asyncio.wait_for(socket.recv(), 5) == word
        await socket.send("close")
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert socket.close_code == 4002


async def test_a_reader_that_stalls_is_told_to_come_back_and_holds_nobody(serve_app: Serve) -> None:
    """100 sockets, one of which never reads: the other 99 get every frame, and the one is let go with bounded memory."""
    from app.live.connection import BUFFER_MAX, Connection
    from tests.live.test_hub import SEAT

    connections: list[Connection] = []

    async def crowd(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connections.append(Connection(scope["extensions"][DOOR], send, SEAT))
        while (await receive())["type"] != "websocket.disconnect":
            pass

    served = await serve_app(crowd, ws=LiveProtocol, lifespan="off", log_level="critical")
    writers: list[asyncio.StreamWriter] = []
    stalled = await handshake(served, writers)
    await stalled.reader.readuntil(b"\r\n\r\n")
    reading_of(stalled).pause_reading()
    await until(lambda: connections, what="the stalled one is in")
    others = [await websockets.connect(served.ws_url, proxy=None) for _ in range(99)]
    await until(lambda: len(connections) == 100, what="all are in")
    frame_of = [text_frame(b"%d " % n + b"x" * 20_000) for n in range(1200)]
    first = connections[0]
    assert first.door is not None

    async def read(socket: websockets.ClientConnection) -> list[int]:
        return [int(str(await socket.recv()).split()[0]) for _ in frame_of]

    reading = [asyncio.create_task(read(socket)) for socket in others[:3]]
    most = 0
    for frame in frame_of:
        for connection in [connections[0], *connections[1:4]]:
            connection.write_frame(frame, b"")
        most = max(most, first.door.waiting_bytes())
        await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.gather(*reading), 30) == [list(range(1200))] * 3
    assert first.closing
    assert most < BUFFER_MAX + 100_000
    # It wakes up in time to read why.
    reading_of(stalled).resume_reading()
    assert await stalled.closed_with() == 4001
    for socket in others:
        await socket.close()
    writers[0].close()


def reading_of(raw: Raw) -> asyncio.ReadTransport:
    transport = raw.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    return transport


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths
