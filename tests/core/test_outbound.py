"""Addresses that people type in lead to the public internet and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.core.errors import Problem
from app.core.outbound import BODY_MAX, NotSent, Outbound
from tests.support.certificates import Authority
from tests.support.until import until

LOOPBACK = ("127.0.0.0/8",)
HEADERS = {"content-type": "application/json"}


def leads_to(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolver


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "example.org",
        "https://", "https:///x", "https://user@example.org/", "https://user:secret@example.org/", "https://example.org@10.0.0.1/",
        "https://example.org#@10.0.0.1/", "https://example.org/#x", "https://exa mple.org/", "https://example.org/\r\nHost: x",
        "https://example.org/\nx", "https://example.org\t/", "https://example.org\\@10.0.0.1/", "https://exämple.org/",
        "https://example.org:0/", "https://example.org:99999/", "https://example.org:x/", "https://[::1/", "https://[fe80::1%25eth0]/",
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://127.0.0.0x1/",
        "https://1.2.3/", "https://-x.example/", "https://a..example/", "https://" + "a" * 2100 + ".example/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(Problem):
        Outbound().look_at(url)


@pytest.mark.parametrize(
    "url", ["https://example.org", "https://a.b-c.example:8443/x/y?z=1&q=%20", "https://[2a00:1450::1]/", "https://8.8.8.8/"]
)
def test_ordinary_addresses_are_fine(url: str) -> None:
    assert Outbound().look_at(url).secure


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
async def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    out = Outbound(resolver=leads_to(address))
    with pytest.raises(NotSent, match="refused_address"):
        await out.post("https://receiver.example/", b"{}", HEADERS)
    with pytest.raises(NotSent, match="refused_address"):
        await Outbound(resolver=leads_to("8.8.8.8", address)).addresses(out.look_at("https://receiver.example/"))


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"])
async def test_public_addresses_are_allowed(address: str) -> None:
    out = Outbound(resolver=leads_to(address))
    assert len(await out.addresses(out.look_at("https://receiver.example/"))) == 1


async def test_a_literal_address_of_this_machine_is_refused_by_the_real_resolver() -> None:
    for url in ("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://localhost/"):
        with pytest.raises(NotSent, match="refused_address"):
            await Outbound().post(url, b"{}", HEADERS)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    idle: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        idle.add(writer)
        with contextlib.suppress(ConnectionError, TimeoutError, EOFError):
            await handler(reader, writer)
        writer.transport.abort()
        idle.discard(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await until(lambda: not idle, what="every connection has ended")


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    await writer.drain()


async def test_a_name_that_changes_its_meaning_is_reached_where_it_was_checked(tmp_path: Path) -> None:
    """DNS rebinding: asked again the name would lead elsewhere, so it is asked once, and the checked address is used."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    authority = Authority(tmp_path)
    async with listening(answer, authority.serving("receiver.example")) as port:
        out = Outbound(LOOPBACK, resolver=rebinding, tls=authority.trusting())
        got = await out.post(f"https://receiver.example:{port}/", b"{}", HEADERS)
    assert (got.status, got.body, asked) == (200, b"ok", ["receiver.example"])


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with listening(answer, authority.serving("elsewhere.example")) as port:
        out = Outbound(LOOPBACK, resolver=leads_to("127.0.0.1"), tls=authority.trusting())
        with pytest.raises(NotSent, match="tls"):
            await out.post(f"https://receiver.example:{port}/", b"{}", HEADERS)


async def test_plain_http_goes_only_where_the_operator_allowed_it() -> None:
    async with listening(answer) as port:
        assert (await Outbound(LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)).status == 200
    with pytest.raises(NotSent, match="refused_address"):
        await Outbound(LOOPBACK, resolver=leads_to("8.8.8.8")).post("http://receiver.example/", b"{}", HEADERS)


async def test_a_flood_of_an_answer_is_cut_and_a_slow_one_ends_in_time() -> None:
    sent = 0

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not reader.at_eof():
            writer.write(b"x: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000_000)
        await writer.drain()
        await reader.read()

    out = Outbound(LOOPBACK, timeout=1)
    async with listening(floods) as port:
        got = await out.post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)
        assert (got.status, got.body) == (200, b"x" * BODY_MAX)
    assert sent < 20_000_000
    for handler, why in ((drips, "timeout"), (endless_head, "answer")):
        async with listening(handler) as port:
            with pytest.raises(NotSent, match=why):
                await out.post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)


async def test_nobody_at_home_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match="connection"):
        await Outbound(LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", HEADERS)

    async def fails(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(NotSent, match="name"):
        await Outbound(resolver=fails).post("https://receiver.example/", b"{}", HEADERS)


async def test_what_goes_out_is_one_request_and_names_nobody() -> None:
    got = bytearray()

    async def keeps(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with listening(keeps) as port:
        await Outbound(LOOPBACK).post(f"http://127.0.0.1:{port}/a?b=c", b"{}", HEADERS)
        await until(lambda: len(got) > 0)
        lines = bytes(got).decode().split("\r\n")
        with pytest.raises(NotSent, match="answer"):
            await Outbound(LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", {"x": "y\r\nz: w"})
    assert lines[0] == "POST /a?b=c HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:5]) == sorted(
        [f"host: 127.0.0.1:{port}", "content-length: 2", "connection: close", "content-type: application/json"]
    )
