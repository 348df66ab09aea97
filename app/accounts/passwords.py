"""Password hashing: argon2id in a thread, a few at a time, so that sign-ins cannot starve the server."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.core.errors import invalid

MIN = 10
MAX = 256
# OWASP's floor for argon2id is 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = 2


class Passwords:
    """Hashes and checks."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to store. Raises for a password that is too short or too long."""
        if not MIN <= len(password) <= MAX:
            raise invalid({"password": f"Use between {MIN} and {MAX} characters. A few words are good."})
        async with self._places:
            return await asyncio.to_thread(_hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one. Takes as long for nobody (``stored=None``) as for somebody."""
        if len(password) > MAX:
            return False
        if self._nobody is None:
            self._nobody = await asyncio.to_thread(_hasher.hash, "nobody")
        async with self._places:
            return await asyncio.to_thread(_verify, stored or self._nobody, password) and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False
