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
from collections.abc import Sequence

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

    async def boxes(self, webinar_id: str) -> dict[str, Box]:
        """All boxes of a webinar by person, ``""`` being its own: one read of the key store for thousands of rows."""
        scope = f"webinar:{webinar_id}"
        keys = await asyncio.to_thread(self._store.get_all, scope)
        return {person: self._opened(scope, person, key) for person, key in keys.items()}

    async def things_box(self, webinar_id: str) -> Box:
        """The box of a webinar's recordings and uploads: it outlives an erasure of all participants, not of the webinar."""
        return await self._box(f"things:{webinar_id}", "")

    async def account_box(self, account_id: str) -> Box:
        """The box of an account, for sealed values of its staff and settings."""
        return await self._box(f"account:{account_id}", "")

    async def erasure_box(self, erasure_id: str) -> Box:
        """The box of one erasure, for what it must remember until it is done."""
        return await self._box(f"erasure:{erasure_id}", "")

    async def destroy(self, webinar_id: str, person: str | None = None) -> int:
        """Destroy all keys of a webinar, or that of one person in it; returns how many."""
        if person is not None:
            return await self.destroy_persons(webinar_id, [person])
        gone = await self._destroy(f"webinar:{webinar_id}")
        return gone + await self._destroy(f"things:{webinar_id}")

    async def destroy_persons(self, webinar_id: str, persons: Sequence[str]) -> int:
        """Destroy the keys of some persons in a webinar."""
        return await self._destroy(f"webinar:{webinar_id}", persons)

    async def renew(self, webinar_id: str, mark: str) -> int:
        """Destroy all keys about people in a webinar that goes on; ``mark`` names the erasure, so a retry renews nothing twice."""
        self._drop(f"webinar:{webinar_id}", None)
        return await asyncio.to_thread(self._store.renew, f"webinar:{webinar_id}", mark)

    async def destroy_account(self, account_id: str) -> int:
        """Destroy the key of an account."""
        return await self._destroy(f"account:{account_id}")

    async def forget_erasure(self, erasure_id: str) -> None:
        """Destroy the key of what an erasure had to remember."""
        scope = f"erasure:{erasure_id}"
        await asyncio.to_thread(self._store.forget, scope)
        self._drop(scope, None)

    def rotate(self, new_operator_key: bytes) -> int:
        """Wrap all keys by a new operator key; no row changes. Returns how many keys."""
        return self._store.rewrap(new_operator_key)

    def forget_person(self, webinar_id: str, person: str | None = None) -> None:
        """Drop the opened keys of a webinar or of one person, after another process destroyed them."""
        self._drop(f"webinar:{webinar_id}", None if person is None else [person])

    def forget(self) -> None:
        """Drop the opened keys from memory, as every process does when something was erased elsewhere."""
        self._boxes.clear()

    async def _box(self, scope: str, person: str) -> Box:
        box = self._boxes.get((scope, person))
        if box is None:
            key = await asyncio.to_thread(self._store.get, scope, person)
            box = self._opened(scope, person, key)
        return box

    def _opened(self, scope: str, person: str, key: bytes) -> Box:
        box = Box(f"{scope}|{person}" if person else scope, key)
        self._boxes[scope, person] = box
        return box

    async def _destroy(self, scope: str, persons: Sequence[str] | None = None) -> int:
        gone = await asyncio.to_thread(self._store.destroy, scope, persons)
        self._drop(scope, persons)
        return gone

    def _drop(self, scope: str, persons: Sequence[str] | None) -> None:
        for known in [k for k in self._boxes if k[0] == scope and (persons is None or k[1] in persons)]:
            del self._boxes[known]


def _derived(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"lectern." + use, hashlib.sha256)
