"""Requests to addresses that people typed in (webhooks): they reach the public internet and nothing else.

A name is resolved once, every address it has is checked, and the connection goes to an address that was checked; the name is used
only for TLS and the Host line. So a name that later means something else (DNS rebinding) changes nothing. Redirects are not
followed, the answer is read up to a limit, and everything together has a deadline.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

import h11
import msgspec

from app.core.errors import Problem

TIMEOUT = 15.0
HEAD_MAX = 16 * 1024
BODY_MAX = 4 * 1024
"""Bytes of an answer that are read; the rest is not our business."""
URL_MAX = 2000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_VISIBLE = re.compile(r"[\x21-\x7e]+")
# RFC 6052: an IPv4 address hides in the last 32 bits.
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


class NotSent(Exception):
    """The request did not come to an answer; ``why`` is a short name: refused_address, timeout, tls, connection, answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Where(msgspec.Struct, frozen=True):
    """A checked URL in parts."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host line (RFC 9110 section 7.2)."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    """The first bytes."""
    seconds: float


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, by the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Outbound:
    """The way out. ``networks``: what the operator allows besides the public internet; only there plain http is fine too."""

    def __init__(
        self,
        networks: Sequence[str] = (),
        *,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network) for network in networks]
        self._resolve = resolver
        self._tls = tls or ssl.create_default_context()
        self._timeout = timeout

    def look_at(self, url: str) -> Where:
        """The URL in parts. Raises 422 with words for what cannot be meant."""
        if len(url) > URL_MAX or not _VISIBLE.fullmatch(url) or "\\" in url:
            raise _refused("An address has no blanks, no backslashes and only plain characters.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("This is not an address.") from None
        if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not self._networks):
            raise _refused("The address must begin with https://")
        if "@" in parts.netloc:
            raise _refused("An address may hold no user name and no password.")
        host = (parts.hostname or "").rstrip(".")
        if parts.fragment or not host or port == 0 or not _is_host(host):
            raise _refused("This is not an address.")
        secure = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Where(secure, host, port or (443 if secure else 80), target)

    async def addresses(self, where: Where) -> list[Address]:
        """Where the name leads, all of it allowed. Raises :class:`NotSent`."""
        try:
            found = await self._resolve(where.host, where.port)
        except OSError:
            raise NotSent("name") from None
        checked = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
        if not checked or not all(self._allowed(address, where) for address in checked):
            raise NotSent("refused_address")
        return checked

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send. Raises :class:`NotSent`, also when the answer takes too long."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                where = self.look_at(url)
                addresses = await self.addresses(where)
                reader, writer = await self._connect(where, addresses)
                try:
                    status, fields, start = await _exchange(reader, writer, _request(where, body, headers), body)
                finally:
                    writer.transport.abort()
        except TimeoutError:
            raise NotSent("timeout") from None
        except Problem:
            raise NotSent("refused_address") from None
        except h11.ProtocolError:
            raise NotSent("answer") from None
        except ssl.SSLError:
            raise NotSent("tls") from None
        except (OSError, EOFError):
            raise NotSent("connection") from None
        return Answer(status, fields, start, time.monotonic() - begun)

    async def _connect(self, where: Where, addresses: Sequence[Address]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls, name = (self._tls, where.host) if where.secure else (None, None)
        trouble: OSError = ConnectionError()
        for address in addresses[:3]:
            try:
                return await asyncio.open_connection(str(address), where.port, limit=HEAD_MAX, ssl=tls, server_hostname=name)
            except OSError as error:
                trouble = error
        raise trouble

    def _allowed(self, address: Address, where: Where) -> bool:
        if any(address in network for network in self._networks if network.version == address.version):
            return True
        return where.secure and is_public(address)


def is_public(address: Address) -> bool:
    """True for an address of the public internet, also when another one hides in it (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and any(address in network for network in _NAT64):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return False if address.teredo else is_public(inner)
        if int(address) < 1 << 32:
            # ::127.0.0.1, the old "compatible" form.
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        # 2130706433, 0x7f.1, 0177.0.0.1: numbers that some resolvers read as addresses.
        return bool(_NAME.fullmatch(host)) and not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last, re.IGNORECASE)
    return "%" not in host


def _request(where: Where, body: bytes, headers: Mapping[str, str]) -> h11.Request:
    fields = {"Host": where.authority, "Content-Length": str(len(body)), "Connection": "close", **headers}
    # h11 refuses line breaks and control characters in fields and target.
    return h11.Request(method="POST", target=where.target, headers=list(fields.items()))


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX)
    writer.write((wire.send(request) or b"") + (wire.send(h11.Data(data=body)) or b"") + (wire.send(h11.EndOfMessage()) or b""))
    await writer.drain()
    status, fields, start = 0, {}, bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(4096))
        elif isinstance(event, h11.Response):
            status = event.status_code
            fields = {name.decode().lower(): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            start += event.data
            if len(start) >= BODY_MAX:
                break
        elif isinstance(event, h11.InformationalResponse):
            continue
        else:
            break
    if not status:
        raise EOFError
    return status, fields, bytes(start[:BODY_MAX])


def _refused(text: str) -> Problem:
    return Problem("url.refused", text, status=422)
