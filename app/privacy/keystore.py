"""The key store: data keys wrapped by the operator's key, in a file of its own that is not in the data's backups.

One row per webinar or account, and one per participant where one person must be erasable inside a webinar. Destroying a key
overwrites it (``secure_delete``), compacts the file and empties its journal, so old copies of the data can never be read again.
"""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
    scope TEXT NOT NULL, person TEXT NOT NULL DEFAULT '', wrapped BLOB, PRIMARY KEY (scope, person)
) WITHOUT ROWID
"""


class KeyDestroyed(Exception):
    """The key is gone for good, and with it everything it sealed."""


class KeyStoreError(Exception):
    """The key store cannot be used; the text says why and how to mend it."""


def operator_key(given: str, folder: Path) -> bytes:
    """The key that wraps all others: ``given`` (base64) or ``operator.key`` in ``folder``, made on first use."""
    if given:
        key = base64.b64decode(given)
    else:
        key = _kept_key(folder / "operator.key")
    if len(key) != KEY_BYTES:
        raise KeyStoreError("The operator key must be 32 bytes in base64. Make one with: openssl rand -base64 32")
    return key


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return base64.b64decode(path.read_bytes())
    key = os.urandom(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(key))
    return key


class KeyStore:
    """Wrapped keys in SQLite. Calls are short and synchronous; several processes may use one file."""

    def __init__(self, folder: Path, key: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "keys.db"
        self._wrapping = AESGCM(key)
        with closing(self._connect()) as connection:
            connection.execute(_SCHEMA)
        os.chmod(self._path, 0o600)

    def get(self, scope: str, person: str = "", *, make: bool = True) -> bytes:
        """The key of ``scope``; made when it does not exist and ``make``. Raises :class:`KeyDestroyed`."""
        with closing(self._connect()) as connection:
            row = self._row(connection, scope, person)
            if row is None:
                if not make:
                    raise KeyDestroyed(scope)
                fresh = self._wrap(os.urandom(KEY_BYTES), scope, person)
                connection.execute("INSERT OR IGNORE INTO key VALUES (?, ?, ?)", (scope, person, fresh))
                row = self._row(connection, scope, person)
        if row is None or row[0] is None:
            raise KeyDestroyed(scope)
        return self._unwrap(row[0], scope, person)

    def destroy(self, scope: str, person: str | None = None) -> int:
        """Destroy one person's key, or with ``person=None`` every key of ``scope``; returns how many there were.

        A destroyed key leaves its name behind, so that no late writer makes a fresh one for what was erased.
        """
        with closing(self._connect()) as connection:
            connection.execute("INSERT OR IGNORE INTO key VALUES (?, ?, NULL)", (scope, person or ""))
            where, args = ("scope = ?", [scope]) if person is None else ("scope = ? AND person = ?", [scope, person])
            gone = connection.execute(f"UPDATE key SET wrapped = NULL WHERE {where} AND wrapped IS NOT NULL", args).rowcount
            if person is None:
                connection.execute("DELETE FROM key WHERE scope = ? AND person <> ''", [scope])
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def rewrap(self, new_key: bytes) -> int:
        """Wrap every key by ``new_key`` in one transaction; sealed rows stay as they are. Returns how many."""
        fresh = AESGCM(new_key)
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute("SELECT scope, person, wrapped FROM key WHERE wrapped IS NOT NULL").fetchall()
            for scope, person, wrapped in rows:
                nonce = os.urandom(12)
                again = nonce + fresh.encrypt(nonce, self._unwrap(wrapped, scope, person), _name(scope, person))
                connection.execute("UPDATE key SET wrapped = ? WHERE scope = ? AND person = ?", (again, scope, person))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._wrapping = fresh
        return len(rows)

    def _row(self, connection: sqlite3.Connection, scope: str, person: str) -> tuple[bytes | None] | None:
        row: tuple[bytes | None] | None = connection.execute(
            "SELECT wrapped FROM key WHERE scope = ? AND person = ?", (scope, person)
        ).fetchone()
        return row

    def _wrap(self, key: bytes, scope: str, person: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._wrapping.encrypt(nonce, key, _name(scope, person))

    def _unwrap(self, wrapped: bytes, scope: str, person: str) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:12], wrapped[12:], _name(scope, person))
        except InvalidTag:
            raise KeyStoreError("The operator key does not fit this key store. Put the right key back.") from None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _name(scope: str, person: str) -> bytes:
    return f"{scope}|{person}".encode()
