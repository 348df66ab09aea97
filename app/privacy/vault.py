"""Sealing and opening of stored personal values.

A sealed value is ``version (1 byte) · nonce (12) · AES-256-GCM ciphertext and tag``. The associated data names table, column and
row, and the key belongs to one webinar, account or participant, so a value moved to another place does not open. Equal e-mail
addresses are found by a blind index, an HMAC under the webinar's own key: nothing links a person from one webinar to another.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.privacy.keystore import KeyDestroyed, KeyStore, operator_key
from app.settings import Settings

VERSION = b"\x01"

__all__ = ["Box", "KeyDestroyed", "SealBroken", "Vault"]


class SealBroken(Exception):
    """The value was changed, or belongs to another row."""


class Box:
    """The key of one webinar, account or participant, at work. Cheap and synchronous."""

    def __init__(self, scope: str, key: bytes) -> None:
        self.scope = scope
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._index_key = _derived(key, b"index")

    def seal(self, value: str | bytes, aad: str) -> bytes:
        """``value`` as ciphertext bound to ``aad`` (``table.column|row``)."""
        nonce = os.urandom(12)
        data = value.encode() if isinstance(value, str) else value
        return VERSION + nonce + self._cipher.encrypt(nonce, data, self._bind(aad))

    def open(self, blob: bytes, aad: str) -> bytes:
        """The value again. Raises :class:`SealBroken`."""
        try:
            return self._cipher.decrypt(blob[1:13], blob[13:], self._bind(aad))
        except (InvalidTag, ValueError) as error:
            raise SealBroken(aad) from error

    def open_text(self, blob: bytes, aad: str) -> str:
        """The value again, as text."""
        return self.open(blob, aad).decode()

    def blind(self, value: str, aad: str) -> bytes:
        """A keyed hash for equality: the same for the same value however written (case, blanks, Unicode form)."""
        plain = unicodedata.normalize("NFKC", value).casefold().strip()
        return hmac.digest(self._index_key, f"{aad}|{plain}".encode(), hashlib.sha256)

    def _bind(self, aad: str) -> bytes:
        return f"{self.scope}|{aad}".encode()


class Vault:
    """Hands out boxes, keeping the opened keys in memory."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.keys_path
        self._store = KeyStore(folder, operator_key(settings.operator_key, folder))
        self._boxes: dict[tuple[str, str], Box] = {}

    async def box(self, webinar_id: str, person: str = "") -> Box:
        """The box of a webinar or of one person in it; its key is made on first use. Raises :class:`KeyDestroyed`."""
        return await self._box(f"webinar:{webinar_id}", person)

    async def account_box(self, account_id: str) -> Box:
        """The box of an account, for sealed values of its staff and settings."""
        return await self._box(f"account:{account_id}", "")

    async def destroy(self, webinar_id: str, person: str | None = None) -> int:
        """Destroy the keys of a webinar, or of one person in it; returns how many."""
        return await self._destroy(f"webinar:{webinar_id}", person)

    async def destroy_account(self, account_id: str) -> int:
        """Destroy the key of an account."""
        return await self._destroy(f"account:{account_id}", None)

    def forget(self) -> None:
        """Drop the opened keys from memory, as every process does when something was erased elsewhere."""
        self._boxes.clear()

    async def _box(self, scope: str, person: str) -> Box:
        box = self._boxes.get((scope, person))
        if box is None:
            key = await asyncio.to_thread(self._store.get, scope, person)
            box = self._boxes[scope, person] = Box(f"{scope}|{person}" if person else scope, key)
        return box

    async def _destroy(self, scope: str, person: str | None) -> int:
        for known in [k for k in self._boxes if k[0] == scope and person in (None, k[1])]:
            del self._boxes[known]
        return await asyncio.to_thread(self._store.destroy, scope, person)


def _derived(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"lectern." + use, hashlib.sha256)
