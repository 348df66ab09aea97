"""Which addresses and UDP ports WebRTC uses. By itself it asks no server anywhere."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, get_host_addresses
from aiortc import RTCConfiguration, RTCIceServer

from app.core.ice import IceServers
from app.settings import Settings, SettingsError

_CANDIDATE = re.compile(r"a=candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+) typ host\r?\n?")


class Network:
    """Port range, public address and relay servers from the settings."""

    def __init__(self, settings: Settings) -> None:
        self.ports = parse_ports(settings.media_udp_ports)
        self.public_address = settings.media_public_address
        self.relays = settings.ice_servers
        self._ice = IceServers(settings)

    @property
    def configuration(self) -> RTCConfiguration:
        """For a peer connection; an empty list of servers keeps aiortc from its default one."""
        servers = self._ice.grant()
        return RTCConfiguration(
            iceServers=[RTCIceServer(one.urls, one.username or None, one.credential or None) for one in servers]
        )

    def bind(self, connection: Connection) -> None:
        """Have ``connection`` gather its candidates by our rules."""
        original = connection.get_component_candidates

        async def gather(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:  # noqa: ASYNC109 - aioice calls it so
            addresses = addresses or get_host_addresses(use_ipv4=True, use_ipv6=True)
            found = [await self._host(connection, component, address) for address in [*addresses, "127.0.0.1"]]
            # Only what is left is relays, which the original asks for when there are any.
            return [candidate for candidate in found if candidate] + await original(component, [], timeout)

        setattr(connection, "get_component_candidates", gather)  # noqa: B010 - a method of this one connection

    async def _host(self, connection: Any, component: int, address: str) -> Candidate | None:
        for port in self._choices():
            try:
                _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: StunProtocol(connection), local_addr=(address, port)
                )
            except OSError:
                continue
            connection._protocols.append(protocol)
            host, bound = protocol.transport.get_extra_info("sockname")[:2]
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=host,
                port=bound,
                type="host",
            )
            return protocol.local_candidate
        return None

    def _choices(self) -> list[int]:
        return random.sample(self.ports, len(self.ports)) if self.ports else [0]

    def publish(self, sdp: str) -> str:
        """The answer with the public address added beside each local IPv4 one."""
        if not self.public_address:
            return sdp

        def both(match: re.Match[str]) -> str:
            line = match.group(0)
            foundation, component, transport, priority, host, port = match.groups()
            if ":" in host or host == "127.0.0.1":
                return line
            return (
                line + f"a=candidate:p{foundation} {component} {transport} {priority} {self.public_address} {port} typ host\r\n"
            )

        return _CANDIDATE.sub(both, sdp)

    def admit(self, offer: str) -> str:
        """The offer without the sender's addresses, unless a relay needs them.

        The browser reaches us, and the address its checks come from is learnt (RFC 8445 section 7.3.1.3). So nobody can make
        this server send packets to addresses of their choice, and no name of the browser's is looked up.
        """
        if self.relays:
            return offer
        lines = offer.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates")))


def parse_ports(text: str) -> range | None:
    """``40000-40100`` as a range; None for an empty text."""
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if match is None or not 1024 <= int(match[1]) <= int(match[2]) <= 65535:
        raise SettingsError(f"LECTERN_MEDIA_UDP_PORTS: “{text}” is not a range of ports such as 40000-40100.")
    return range(int(match[1]), int(match[2]) + 1)
