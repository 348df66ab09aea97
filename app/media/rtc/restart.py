"""ICE restart (RFC 8445 section 9) of a connection that stands. aiortc has none, so it is made of two connections of aioice.

The second has credentials and sockets of its own and is checked beside the first, which carries on meanwhile. When a pair of the second
is nominated it takes the transport over: DTLS, SRTP, and everything above them go on and notice nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re

from aioice.candidate import Candidate
from aioice.ice import Connection
from aiortc.rtcicetransport import RTCIceTransport, connection_kwargs

from app.media.rtc.network import Network

WITHIN = 30.0
"""Seconds the other side has to come over the new way; the consent of the old one lasts no longer (RFC 7675 section 5.1)."""


class Restart:
    """One attempt."""

    def __init__(self, transport: RTCIceTransport, network: Network, *, controlling: bool = False) -> None:
        self.transport = transport
        servers = connection_kwargs(network.configuration.iceServers or [])
        self.connection = Connection(ice_controlling=controlling, **servers)
        network.bind(self.connection)
        # One queue for both: whatever arrives on either way is read, and a read that waits on the old one is not lost.
        self.connection._queue = transport._connection._queue
        self._task: asyncio.Task[None] | None = None

    async def begin(self, user: str, password: str, candidates: list[Candidate]) -> None:
        """Open sockets and await the other side, whose new credentials these are."""
        await self.connection.gather_candidates()
        await self.meet(user, password, candidates)

    async def meet(self, user: str, password: str, candidates: list[Candidate]) -> None:
        """The sockets are open: check in the background, and take over when a pair stands."""
        self.connection.remote_username, self.connection.remote_password = user, password
        for candidate in candidates:
            await self.connection.add_remote_candidate(candidate)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Give up, unless it is done."""
        if self._task is None:
            await self._drop(self.connection)
        elif not self._task.done():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            await asyncio.wait_for(self.connection.connect(), WITHIN)
        except (ConnectionError, TimeoutError):
            await self._drop(self.connection)
        except asyncio.CancelledError:
            await self._drop(self.connection)
            raise
        else:
            await self._drop(self._take_over())

    def _take_over(self) -> Connection:
        old, new = self.transport._connection, self.connection
        # Whoever waits to hear of the connection's end hears of the new one's.
        new._event_waiter, old._event_waiter = old._event_waiter, None
        self.transport._connection = self.transport.iceGatherer._connection = new
        self.transport._recv, self.transport._send = new.recv, new.send
        return old

    async def _drop(self, connection: Connection) -> None:
        connection._queue = asyncio.Queue()  # Its end is not the end of what is read.
        await connection.close()


def candidates_of(fragment: str) -> list[Candidate]:
    """The UDP candidates of an SDP fragment (RFC 8840 section 9); those that cannot be read are left out."""
    found = []
    for line in re.findall(r"^a=candidate:([^\r\n]+)", fragment, re.MULTILINE):
        with contextlib.suppress(ValueError, IndexError, KeyError):
            candidate = Candidate.from_sdp(line)
            if candidate.transport.lower() == "udp":
                found.append(candidate)
    return found
