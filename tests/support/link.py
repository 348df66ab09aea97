"""A way over UDP between a WebRTC sender and the media process, as bad as a test wants it: loss, delay, a narrow link with a queue, nothing."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) (\S+) (\d+) (typ host.*?)\r?$", re.MULTILINE | re.IGNORECASE)
Address = tuple[str, int]


class Link:
    """Settings may change at any time."""

    def __init__(self, *, loss: float = 0.0, delay: float = 0.0, rate: float = 0.0, queue: float = 0.3) -> None:
        self.loss = loss
        """Share of packets lost, each way."""
        self.delay = delay
        """Seconds one way."""
        self.rate = rate
        """Bits a second from the sender; 0: no limit."""
        self.queue = queue
        """Seconds of packets that may wait for the narrow link; what finds it full is lost."""
        self.away = False
        """Nothing gets through."""
        self.offered = self.carried = 0
        """Bytes the sender sent, and those of them that came through."""
        self.lost = 0
        """Packets that did not, of both sides."""
        self._free_at = 0.0
        self._dice = random.Random(7)
        """The same losses in every run."""
        self._legs: list[Leg] = []

    async def through(self, sdp: str) -> str:
        """An answer, or the fragment that answers a restart, with our addresses in place of the media process's own."""
        for match in list(CANDIDATE.finditer(sdp)):
            leg = Leg(self, (match[2], int(match[3])))
            await asyncio.get_running_loop().create_datagram_endpoint(lambda leg=leg: leg, local_addr=(match[2], 0))  # type: ignore[misc]
            self._legs.append(leg)
            port = leg.transport.get_extra_info("sockname")[1]
            sdp = sdp.replace(match[0].rstrip("\r"), f"{match[1]} {match[2]} {port} {match[4]}")
        return sdp

    def move(self) -> None:
        """The sender's address changes, as when a router forgets it."""
        for leg in self._legs:
            leg.forget()

    def leave(self) -> None:
        """The sender leaves this network for another: only ways that are opened from now on lead anywhere."""
        self.close()
        self._legs.clear()

    def close(self) -> None:
        """End all."""
        for leg in self._legs:
            leg.forget()
            leg.transport.close()

    def pass_on(self, transport: asyncio.DatagramTransport, data: bytes, to: Address | None, *, up: bool) -> None:
        """Send a packet on, later or never."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self.offered += len(data) if up else 0
        at = now
        if up and self.rate:
            at = max(now, self._free_at) + len(data) * 8 / self.rate
        if self.away or self._dice.random() < self.loss or at - now > self.queue:
            self.lost += 1
            return
        if up and self.rate:
            self._free_at = at
        self.carried += len(data) if up else 0
        loop.call_at(at + self.delay, _send, transport, data, to)


def _send(transport: asyncio.DatagramTransport, data: bytes, to: Address | None) -> None:
    if not transport.is_closing():
        transport.sendto(data, to)


class Leg(asyncio.DatagramProtocol):
    """One address of the media process, and the addresses that senders of it have behind us."""

    transport: asyncio.DatagramTransport

    def __init__(self, link: Link, target: Address) -> None:
        self.link = link
        self.target = target
        self._behind: dict[Address, asyncio.Future[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is not registered as one

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        sender = (str(addr[0]), int(str(addr[1])))
        if sender not in self._behind:
            self._behind[sender] = asyncio.ensure_future(self._open(sender))
        behind = self._behind[sender]
        behind.add_done_callback(lambda opened: self._up(opened, data))

    def _up(self, opened: asyncio.Future[asyncio.DatagramTransport], data: bytes) -> None:
        if not opened.cancelled() and opened.exception() is None:
            self.link.pass_on(opened.result(), data, None, up=True)

    async def _open(self, sender: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Back(self, sender), remote_addr=self.target)
        return transport

    def forget(self) -> None:
        """Close the sockets behind us; the next packets come from others."""
        behind, self._behind = self._behind, {}
        for opened in behind.values():
            if opened.done() and not opened.cancelled() and opened.exception() is None:
                opened.result().close()
            opened.cancel()


class Back(asyncio.DatagramProtocol):
    """What the media process sends back to one sender."""

    def __init__(self, leg: Leg, sender: Address) -> None:
        self.leg = leg
        self.sender = sender

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        self.leg.link.pass_on(self.leg.transport, data, self.sender, up=False)


@asynccontextmanager
async def link(**settings: float) -> AsyncIterator[Link]:
    """A link that is closed in the end."""
    made = Link(**settings)
    try:
        yield made
    finally:
        made.close()
