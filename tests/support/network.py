"""The network of one browser: everything it asks goes through an HTTP proxy of ours (RFC 9110 section 9.3.6), which can be taken away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

HEAD_MOST = 64 * 1024


class Network:
    """``held``: packets wait, as behind a tunnel. ``broken``: every connection ends and none begins, as without Wi-Fi."""

    def __init__(self) -> None:
        self.url = ""
        self.broken = False
        self.opened = 0
        """Connections that were let through."""
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def options(self) -> dict[str, Any]:
        """For ``new_context``: also what goes to this machine takes this way."""
        return {"proxy": {"server": self.url, "bypass": "<-loopback>"}}

    def leave(self, how: str) -> None:
        """Go away: ``held`` or ``broken``."""
        if how == "held":
            self._flows.clear()
            return
        self.broken = True
        for writer in list(self._writers):
            writer.transport.abort()

    def come_back(self) -> None:
        """Everything works again."""
        self.broken = False
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._serve(reader, writer)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.broken:
            return
        head = await reader.readuntil(b"\r\n\r\n")
        await self._flows.wait()
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        address = urlsplit(target if "://" in target else f"//{target}")
        out, into = await asyncio.open_connection(address.hostname, address.port)
        self.opened += 1
        mine = {writer, into}
        self._writers |= mine
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = (address.path or "/") + (f"?{address.query}" if address.query else "")
                # One request for each connection: the next may be for somebody else.
                lines = [one for one in rest.split(b"\r\n") if one and not one.lower().startswith((b"proxy-", b"connection:"))]
                into.write(f"{method} {path} {version}\r\nConnection: close\r\n".encode() + b"\r\n".join(lines) + b"\r\n\r\n")
            await asyncio.gather(self._pump(reader, into), self._pump(out, writer))
        finally:
            self._writers -= mine
            into.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(HEAD_MOST):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """A network that works, until told otherwise."""
    made = Network()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=HEAD_MOST)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        made.come_back()
        made.leave("broken")
        server.close()
        await server.wait_closed()
