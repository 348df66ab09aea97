"""STUN and TURN servers for those who send and watch, with credentials that end by themselves.

A relay of your own checks what it was given with the secret both share (coturn's ``use-auth-secret``;
draft-uberti-behave-turn-rest-00): the user name is the time until which it is good, the password its signature. The relay learns no
name and no id: each credential is for one page, and says nothing about who opened it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from app.core.clock import Clock
from app.core.ids import new_id
from app.protocol.commands.stage import IceServer
from app.settings import Settings

GOOD_FOR = 12 * 3600
"""Seconds: as long as a seat on the stage."""


class IceServers:
    """Makes the list for one page or connection."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._urls = settings.ice_servers
        self._secret = settings.turn_secret
        self._clock = clock or Clock()

    def grant(self) -> list[IceServer]:
        """All servers of the settings; relays with a fresh credential when there is a secret."""
        user, password = self._credential() if self._secret else ("", "")
        return [IceServer(url, user, password) if url.startswith(("turn:", "turns:")) else IceServer(url) for url in self._urls]

    def _credential(self) -> tuple[str, str]:
        user = f"{int(self._clock.now().timestamp()) + GOOD_FOR}:{new_id()[:8]}"
        signed = hmac.new(self._secret.encode(), user.encode(), hashlib.sha1).digest()
        return user, base64.b64encode(signed).decode()
