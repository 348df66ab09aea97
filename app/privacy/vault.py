"""Sealing and opening of stored personal values.

A sealed value is ``version (1 byte) · nonce (12) · AES-256-GCM ciphertext and tag``; the version says whether the key is one
person's or that of the whole webinar or account, so a person's box opens both. The associated data names table, column and
row, and the key belongs to one webinar, account or participant, so a value moved to another place does not open. Equal e-mail
addresses are found by a blind index, an HMAC under the webinar's own key: nothing links a person from one webinar to another.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import unicodedata
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.privacy.keystore import KeyDestroyed, KeyStore, operator_key
from app.settings import Settings

VERSION = b"\x01"
VERSION_PERSON = b"\x02"
KEPT = 20_000
"""Opened keys a process keeps; the oldest go first."""

__all__ = ["Box", "KeyDestroyed", "SealBroken", "Vault"]


class SealBroken(Exception):
    """The value was changed, or belongs to another row."""


class Box:
    """The key of one webinar, account or participant, at work. Cheap and synchronous."""

    def __init__(self, scope: str, key: bytes, outer: Box | None = None) -> None:
        self.scope = scope
        self._key = key
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._outer = outer

    def seal(self, value: str | bytes, aad: str) -> bytes:
        """``value`` as ciphertext bound to ``aad`` (``table.column|row``)."""
        nonce = os.urandom(12)
        data = value.encode() if isinstance(value, str) else value
        version = VERSION_PERSON if self._outer else VERSION
        return version + nonce + self._cipher.encrypt(nonce, data, self._bind(aad))

    def open(self, blob: bytes, aad: str) -> bytes:
        """The value again. Raises :class:`SealBroken`."""
        if self._outer is not None and blob[:1] == VERSION:
            return self._outer.open(blob, aad)
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
        return hmac.digest(_derived(self._key, b"index"), f"{aad}|{plain}".encode(), hashlib.sha256)

    def token(self, value: str, aad: str) -> bytes:
        """A keyed hash of exactly this value."""
        return hmac.digest(_derived(self._key, b"token"), f"{aad}|{value}".encode(), hashlib.sha256)

    def file_key(self, salt: bytes, name: str) -> bytes:
        """The key of one sealed file."""
        return hmac.digest(_derived(self._key, b"file"), salt + self._bind(name), hashlib.sha256)

    def _bind(self, aad: str) -> bytes:
        return f"{self.scope}|{aad}".encode()


class Vault:
    """Hands out boxes, keeping the opened keys in memory."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.keys_path
        self._store = KeyStore(folder, operator_key(settings.operator_key, folder))
        self._boxes: dict[tuple[str, str], Box] = {}
        self._generation = self._store.generation()

    async def box(self, webinar_id: str, person: str = "") -> Box:
        """The box of a webinar or of one person in it; its key is made on first use. Raises :class:`KeyDestroyed`."""
        scope = f"webinar:{webinar_id}"
        self._keep_up()
        return self._boxes.get((scope, person)) or await self._box(scope, person)

    def at_hand(self, webinar_id: str, person: str) -> Box | None:
        """The box, if it is open: for a transaction that has asked for another one, whose key nobody may have destroyed since."""
        return self._boxes.get((f"webinar:{webinar_id}", person))

    async def boxes(self, webinar_id: str) -> dict[str, Box]:
        """All boxes of a webinar by person, ``""`` being its own: one read of the key store for thousands of rows."""
        return await asyncio.to_thread(self._all, f"webinar:{webinar_id}")

    async def boxes_of(self, webinar_id: str, persons: Iterable[str]) -> dict[str, Box]:
        """Boxes for reading what ``persons`` wrote, without making any key; whose key was destroyed is not in it.

        Raises :class:`KeyDestroyed` when the whole webinar is gone.
        """
        self._keep_up()
        scope = f"webinar:{webinar_id}"
        wanted = set(persons)
        found = {person: box for person in wanted if (box := self._boxes.get((scope, person))) is not None}
        if missing := sorted(wanted - found.keys() - {""}):
            outer = await self._box(scope, "")
            keys = await asyncio.to_thread(self._store.get_some, scope, missing)
            for person in missing:
                # No key was ever made: what there is was sealed by the webinar's.
                key = keys.get(person, b"")
                if key is not None:
                    found[person] = self._opened(scope, person, key, outer) if key else outer
        return found

    async def make(self, webinar_id: str, persons: Sequence[str]) -> dict[str, Box]:
        """Boxes of many persons, their keys made in one transaction: for imports. Whose key was destroyed is not in it."""
        await asyncio.to_thread(self._store.make_some, f"webinar:{webinar_id}", persons)
        return await self.boxes_of(webinar_id, persons)

    def opened(self, webinar_id: str, persons: Iterable[str]) -> set[str]:
        """Those of ``persons`` whose keys are in memory, so that :meth:`box` reads and writes nothing."""
        self._keep_up()
        scope = f"webinar:{webinar_id}"
        return {person for person in persons if (scope, person) in self._boxes}

    async def take(self, webinar_id: str, persons: Sequence[str]) -> None:
        """Open the keys of ``persons`` at once, those that were never made after making them in one transaction; a destroyed
        one stays destroyed. Raises :class:`KeyDestroyed` when the whole webinar is gone."""
        self._keep_up()
        scope = f"webinar:{webinar_id}"
        keys = await asyncio.to_thread(self._store.take_some, scope, persons)
        outer = self._boxes.get((scope, "")) or self._opened(scope, "", keys[""] or b"", None)
        for person in persons:
            if key := keys.get(person):
                self._opened(scope, person, key, outer)

    async def erased(self, webinar_id: str, person: str) -> bool:
        """True when what ``person`` wrote in this webinar was erased, and nothing more may be written."""
        return await asyncio.to_thread(self._store.destroyed, f"webinar:{webinar_id}", person)

    async def things_box(self, webinar_id: str) -> Box:
        """The box of a webinar's recordings and uploads: it outlives an erasure of all participants, not of the webinar."""
        return await self._box(f"things:{webinar_id}", "")

    async def ballot_box(self, webinar_id: str, ballot: str) -> Box:
        """The box of one anonymous ballot while it is open. Raises :class:`KeyDestroyed` after its end."""
        return await self._box(f"voters:{webinar_id}", ballot)

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
        return sum([await self._destroy(f"{kind}:{webinar_id}") for kind in ("webinar", "things", "voters")])

    async def destroy_persons(self, webinar_id: str, persons: Sequence[str]) -> int:
        """Destroy the keys of some persons in a webinar."""
        return await self._destroy(f"webinar:{webinar_id}", persons)

    async def shut_persons(self, webinar_id: str, persons: Sequence[str]) -> None:
        """Destroy the keys of some persons before anything else of their erasure, so that nothing of theirs is shown meanwhile."""
        scope = f"webinar:{webinar_id}"
        await asyncio.to_thread(self._store.shut, scope, persons)
        self._drop(scope, persons)

    async def destroy_ballot(self, webinar_id: str, ballot: str) -> int:
        """Destroy the key of an anonymous ballot: who voted in it can never be said again."""
        return await self._destroy(f"voters:{webinar_id}", [ballot])

    async def renew(self, webinar_id: str, mark: str) -> int:
        """Destroy all keys about people in a webinar that goes on; ``mark`` names the erasure, so a retry renews nothing twice."""
        gone = 0
        for scope, once in ((f"webinar:{webinar_id}", mark), (f"voters:{webinar_id}", f"{mark}:voters")):
            gone += await asyncio.to_thread(self._store.renew, scope, once)
            self._drop(scope, None)
        return gone

    async def destroy_account(self, account_id: str) -> int:
        """Destroy the key of an account."""
        return await self._destroy(f"account:{account_id}")

    async def forget_erasure(self, erasure_id: str) -> None:
        """Destroy the key of what an erasure had to remember."""
        scope = f"erasure:{erasure_id}"
        await asyncio.to_thread(self._store.forget, scope)
        self._drop(scope, None)

    async def carried(self, scope: str) -> dict[str, bytes | None]:
        """The keys of a scope for an archive of its account, by person; None marks one that was destroyed."""
        return await asyncio.to_thread(self._store.carried, scope)

    async def settle(self, scope: str, person: str, key: bytes | None) -> None:
        """Take in a key of an archive, or the mark that it was destroyed. Raises ``ValueError`` when there is one already."""
        await asyncio.to_thread(self._store.settle, scope, person, key)

    async def unsettle(self, scope: str) -> None:
        """Take the keys of a scope away again, after an import that failed."""
        await asyncio.to_thread(self._store.forget, scope)

    def generation(self) -> int:
        """A number that grows whenever any process destroyed a key: who keeps opened values drops them then."""
        return self._store.generation()

    def rotate(self, new_operator_key: bytes) -> int:
        """Wrap all keys by a new operator key; no row changes. Returns how many keys."""
        return self._store.rewrap(new_operator_key)

    def forget_person(self, webinar_id: str, person: str | None = None) -> None:
        """Drop the opened keys of a webinar or of one person, after another process destroyed them."""
        self._drop(f"webinar:{webinar_id}", None if person is None else [person])

    def forget(self) -> None:
        """Drop the opened keys from memory, as every process does when something was erased elsewhere."""
        self._boxes.clear()

    def _all(self, scope: str) -> dict[str, Box]:
        keys = self._store.get_all(scope)
        outer = Box(scope, keys[""])
        return {person: Box(f"{scope}|{person}", key, outer) if person else outer for person, key in keys.items()}

    async def _box(self, scope: str, person: str) -> Box:
        self._keep_up()
        box = self._boxes.get((scope, person))
        if box is None:
            outer = await self._box(scope, "") if person else None
            key = await asyncio.to_thread(self._store.get, scope, person)
            box = self._opened(scope, person, key, outer)
        return box

    def erasures(self) -> int:
        """Changes whenever any process has destroyed a key; as cheap as looking at a file's size."""
        return self._store.generation()

    def _keep_up(self) -> None:
        """Drop every opened key when any process has destroyed one: a look at a file's size, a microsecond."""
        generation = self._store.generation()
        if generation != self._generation:
            self._generation = generation
            self._boxes.clear()

    def _opened(self, scope: str, person: str, key: bytes, outer: Box | None) -> Box:
        box = Box(f"{scope}|{person}" if person else scope, key, outer)
        self._boxes[scope, person] = box
        if len(self._boxes) > KEPT:
            del self._boxes[next(iter(self._boxes))]
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
