"""Credentials for a relay of one's own: good for half a day, known to nobody, and just what coturn computes from the shared secret."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime

import msgspec

from app.core.clock import Clock
from app.core.ice import GOOD_FOR, IceServers
from app.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Noon(Clock):
    def now(self) -> datetime:
        return NOON


def signature(user: str, secret: str) -> str:
    """As RFC 2104 has it, by OpenSSL."""
    command = ["openssl", "dgst", "-sha1", "-hmac", secret, "-binary"]
    return base64.b64encode(subprocess.run(command, input=user.encode(), capture_output=True, check=True).stdout).decode()


def test_each_page_gets_a_credential_of_its_own_that_ends_by_itself() -> None:
    urls = ("stun:turn.example.org", "turn:turn.example.org:3478", "turns:turn.example.org:5349?transport=tcp")
    servers = IceServers(Settings(ice_servers=urls, turn_secret="shared with coturn"), Noon())
    first, second = servers.grant(), servers.grant()
    assert [one.urls for one in first] == list(urls)
    assert msgspec.to_builtins(first[0]) == {"urls": urls[0]}, "a STUN server asks for none"
    until, _ = first[1].username.split(":")
    assert int(until) == NOON.timestamp() + GOOD_FOR
    assert [one.credential for one in first[1:]] == [signature(one.username, "shared with coturn") for one in first[1:]]
    assert first[1].username != second[1].username
    # The control: another secret signs otherwise, and without one nothing is made up.
    assert first[1].credential != signature(first[1].username, "another")
    plain = IceServers(Settings(ice_servers=urls), Noon()).grant()
    assert msgspec.to_builtins(plain) == [{"urls": url} for url in urls]
