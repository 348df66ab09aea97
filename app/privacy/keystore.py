"""The key store: data keys wrapped by the operator's key, in a file of its own that is not in the data's backups.

One row per webinar or account, and one per participant where one person must be erasable inside a webinar. A participant's key is
wrapped by the webinar's, so one destruction reaches all of them. Destroying a key overwrites it (``secure_delete``), compacts the
file and empties its journal, so old copies of the data can never be read again.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_AT_ONCE = 500
"""Persons in one question: a database takes only so many values."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
    scope TEXT NOT NULL, person TEXT NOT NULL DEFAULT '', wrapped BLOB, PRIMARY KEY (scope, person)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS renewal (mark TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class KeyDestroyed(Exception):
    """The key is gone for good, and with it everything it sealed."""


class KeyStoreError(Exception):
    """The key store cannot be used; the text says why and how to mend it."""


def operator_key(given: str, folder: Path) -> bytes:
    """The key that wraps all others: ``given`` (base64) or ``operator.key`` in ``folder``, made on first use."""
    if not given:
        _finish_rotation(folder)
    return read_key(given) if given else _kept_key(folder / "operator.key")


def read_key(text: str) -> bytes:
    """A key in base64. Raises :class:`KeyStoreError`."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyStoreError("The operator key must be 32 bytes in base64. Make one with: openssl rand -base64 32")
    return key


def rotate(folder: Path, given: str, fresh: bytes) -> int:
    """Wrap all keys by ``fresh``; no sealed value changes. Returns how many. Nobody else may use the store meanwhile.

    The kept key file is exchanged too, in an order that a power cut at any point leaves one that fits; with a ``given`` key the
    operator exchanges it.
    """
    store = KeyStore(folder, operator_key(given, folder))
    if given:
        return store.rewrap(fresh)
    _write_key(folder / "operator.key.new", fresh)
    number = store.rewrap(fresh)
    (folder / "operator.key.new").replace(folder / "operator.key")
    return number


def _finish_rotation(folder: Path) -> None:
    """A rotation that was interrupted: the new key takes its place if the store is wrapped by it already, or is forgotten."""
    waiting, kept = folder / "operator.key.new", folder / "operator.key"
    if not waiting.exists():
        return
    if KeyStore(folder, read_key(waiting.read_text())).fits():
        waiting.replace(kept)
    else:
        waiting.unlink()


def _write_key(path: Path, key: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(base64.b64encode(key))
        file.flush()
        os.fsync(file.fileno())


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path.read_text())
    key = os.urandom(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(key))
    return key


class KeyStore:
    """Wrapped keys in SQLite. Calls are short and synchronous; several processes may use one file."""

    def __init__(self, folder: Path, key: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "keys.db"
        self._marks = folder / "keys.destroyed"
        self._marks_name = str(self._marks)
        self._wrapping = AESGCM(key)
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)
        self._path.chmod(0o600)

    def get(self, scope: str, person: str = "", *, make: bool = True) -> bytes:
        """The key of ``scope``, or of one person in it; made when it does not exist and ``make``. Raises :class:`KeyDestroyed`."""
        with closing(self._connect()) as connection:
            outer = self._get(connection, scope, "", self._wrapping, make)
            return self._get(connection, scope, person, AESGCM(outer), make) if person else outer

    def get_all(self, scope: str) -> dict[str, bytes]:
        """Every key of ``scope`` by person (``""`` is the scope's own), for reading many rows. Raises :class:`KeyDestroyed`."""
        with closing(self._connect()) as connection:
            outer = self._get(connection, scope, "", self._wrapping, make=False)
            rows = connection.execute(
                "SELECT person, wrapped FROM key WHERE scope = ? AND length(wrapped) > 0", (scope,)
            ).fetchall()
        inner = AESGCM(outer)
        return {person: _unwrap(inner, blob, scope, person) if person else outer for person, blob in rows}

    def get_some(self, scope: str, persons: Sequence[str]) -> dict[str, bytes | None]:
        """The keys of ``persons`` and, as ``""``, of ``scope``; None for one destroyed, nothing for one never made. Makes none."""
        with closing(self._connect()) as connection:
            outer = self._get(connection, scope, "", self._wrapping, make=False)
            return {**self._some(connection, scope, persons, AESGCM(outer)), "": outer}

    def make_some(self, scope: str, persons: Sequence[str]) -> None:
        """Make the keys of many persons in one transaction, for imports; known and destroyed ones stay as they are."""
        with closing(self._connect()) as connection:
            inner = AESGCM(self._get(connection, scope, "", self._wrapping, make=True))
            self._make(connection, scope, persons, inner)

    def take_some(self, scope: str, persons: Sequence[str]) -> dict[str, bytes | None]:
        """Like :meth:`get_some`, but those never made are made, in one transaction; it writes only when there are such."""
        with closing(self._connect()) as connection:
            outer = self._get(connection, scope, "", self._wrapping, make=True)
            inner = AESGCM(outer)
            found = self._some(connection, scope, persons, inner)
            if missing := [person for person in persons if person not in found]:
                self._make(connection, scope, missing, inner)
                # Read again, for another process may have made them meanwhile.
                found |= self._some(connection, scope, missing, inner)
        return {**found, "": outer}

    def destroyed(self, scope: str, person: str) -> bool:
        """True when the key of one person, or of all of ``scope``, was destroyed."""
        with closing(self._connect()) as connection:
            rows = [self._row(connection, scope, name) for name in ("", person)]
        return any(row is not None and not row[0] for row in rows)

    def generation(self) -> int:
        """A number that grows, for every process that uses this store, whenever a key was destroyed."""
        try:
            return os.stat(self._marks_name).st_size  # noqa: PTH116 - asked for with every word that is sealed or opened
        except FileNotFoundError:
            return 0

    def destroy(self, scope: str, persons: Sequence[str] | None = None) -> int:
        """Destroy some persons' keys, or with ``persons=None`` every key of ``scope``; returns how many there were.

        A destroyed key leaves its name behind, so that no late writer makes a fresh one for what was erased.
        """
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if persons is None:
                gone = self._count(connection, scope)
                connection.execute("DELETE FROM key WHERE scope = ?", (scope,))
                connection.execute("INSERT INTO key VALUES (?, '', NULL)", (scope,))
            else:
                gone = sum(self._destroy_one(connection, scope, person) for person in persons)
            connection.execute("COMMIT")
            self._mark()
            _compact(connection)
        return gone

    def shut(self, scope: str, persons: Sequence[str]) -> None:
        """Destroy the keys of some persons at once; :meth:`destroy` counts them later and cleans the file."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for person in persons:
                connection.execute("INSERT OR IGNORE INTO key VALUES (?, ?, NULL)", (scope, person))
                emptied = "UPDATE key SET wrapped = x'' WHERE scope = ? AND person = ? AND wrapped IS NOT NULL"
                connection.execute(emptied, (scope, person))
            connection.execute("COMMIT")
        self._mark()

    def renew(self, scope: str, mark: str) -> int:
        """Destroy every key of ``scope`` and start it anew with a fresh one; returns how many went. Once for each ``mark``."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            gone = 0
            if connection.execute("SELECT 1 FROM renewal WHERE mark = ?", (mark,)).fetchone() is None:
                row = self._row(connection, scope, "")
                gone = self._count(connection, scope)
                connection.execute("DELETE FROM key WHERE scope = ?", (scope,))
                if row is not None and row[0] is None:
                    connection.execute("INSERT INTO key VALUES (?, '', NULL)", (scope,))
                connection.execute("INSERT INTO renewal VALUES (?)", (mark,))
            connection.execute("COMMIT")
            self._mark()
            _compact(connection)
        return gone

    def forget(self, scope: str) -> None:
        """Destroy the key of ``scope`` and its name: the scope may begin again with another key."""
        with closing(self._connect()) as connection:
            connection.execute("DELETE FROM key WHERE scope = ?", (scope,))
            self._mark()
            _compact(connection)

    def fits(self) -> bool:
        """Whether the operator key opens this store; an empty one is opened by any."""
        with closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT scope, wrapped FROM key WHERE person = '' AND length(wrapped) > 0 LIMIT 1"
            ).fetchone()
        try:
            return row is None or bool(_unwrap(self._wrapping, row[1], row[0], ""))
        except KeyStoreError:
            return False

    def carried(self, scope: str) -> dict[str, bytes | None]:
        """Every key of ``scope`` by person, opened; None for one that was destroyed; empty for a scope never used."""
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT person, wrapped FROM key WHERE scope = ? ORDER BY person", (scope,)).fetchall()
        outer = next((blob for person, blob in rows if not person), None)
        if not outer:
            return {person: None for person, _ in rows}
        opened = _unwrap(self._wrapping, outer, scope, "")
        inner = AESGCM(opened)
        return {p: (_unwrap(inner, blob, scope, p) if p else opened) if blob else None for p, blob in rows}

    def settle(self, scope: str, person: str, key: bytes | None) -> None:
        """Take in a key, wrapped by this store's; the scope's own comes before its persons'. Raises ``ValueError`` for one known already."""
        with closing(self._connect()) as connection:
            if self._row(connection, scope, person) is not None:
                raise ValueError(f"there is a key of {scope} already")
            if person and key is not None:
                wrapping = AESGCM(self._get(connection, scope, "", self._wrapping, make=False))
            else:
                wrapping = self._wrapping
            wrapped = None if key is None else _wrap(wrapping, key, scope, person)
            connection.execute("INSERT INTO key VALUES (?, ?, ?)", (scope, person, wrapped))

    def rewrap(self, new_key: bytes) -> int:
        """Wrap every key by ``new_key`` in one transaction; sealed rows stay as they are. Returns how many."""
        fresh = AESGCM(new_key)
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute("SELECT scope, wrapped FROM key WHERE length(wrapped) > 0 AND person = ''").fetchall()
            for scope, wrapped in rows:
                again = _wrap(fresh, _unwrap(self._wrapping, wrapped, scope, ""), scope, "")
                connection.execute("UPDATE key SET wrapped = ? WHERE scope = ? AND person = ''", (again, scope))
            connection.execute("COMMIT")
            _compact(connection)
        self._wrapping = fresh
        return len(rows)

    def _mark(self) -> None:
        """Tell every process: its opened keys may be of something destroyed. A byte more is seen at once, unlike a time."""
        with self._marks.open("ab") as file:
            file.write(b".")

    def _get(self, connection: sqlite3.Connection, scope: str, person: str, wrapping: AESGCM, make: bool) -> bytes:
        row = self._row(connection, scope, person)
        if row is None and make:
            fresh = _wrap(wrapping, os.urandom(KEY_BYTES), scope, person)
            connection.execute("INSERT OR IGNORE INTO key VALUES (?, ?, ?)", (scope, person, fresh))
            row = self._row(connection, scope, person)
        if row is None or not row[0]:
            raise KeyDestroyed(scope)
        return _unwrap(wrapping, row[0], scope, person)

    @staticmethod
    def _some(connection: sqlite3.Connection, scope: str, persons: Sequence[str], inner: AESGCM) -> dict[str, bytes | None]:
        rows: list[tuple[str, bytes | None]] = []
        for start in range(0, len(persons), _AT_ONCE):
            some = persons[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT person, wrapped FROM key WHERE scope = ? AND person IN ({marks})"  # noqa: S608 - marks only
            rows += connection.execute(query, (scope, *some)).fetchall()
        return {person: _unwrap(inner, blob, scope, person) if blob else None for person, blob in rows}

    @staticmethod
    def _make(connection: sqlite3.Connection, scope: str, persons: Sequence[str], inner: AESGCM) -> None:
        fresh = [(scope, person, _wrap(inner, os.urandom(KEY_BYTES), scope, person)) for person in persons]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR IGNORE INTO key VALUES (?, ?, ?)", fresh)
        connection.execute("COMMIT")

    @staticmethod
    def _count(connection: sqlite3.Connection, scope: str) -> int:
        (count,) = connection.execute("SELECT count(*) FROM key WHERE scope = ? AND wrapped IS NOT NULL", (scope,)).fetchone()
        return int(count)

    @staticmethod
    def _destroy_one(connection: sqlite3.Connection, scope: str, person: str) -> int:
        connection.execute("INSERT OR IGNORE INTO key VALUES (?, ?, NULL)", (scope, person))
        done = "UPDATE key SET wrapped = NULL WHERE scope = ? AND person = ? AND wrapped IS NOT NULL"
        return connection.execute(done, (scope, person)).rowcount

    @staticmethod
    def _row(connection: sqlite3.Connection, scope: str, person: str) -> tuple[bytes | None] | None:
        row: tuple[bytes | None] | None = connection.execute(
            "SELECT wrapped FROM key WHERE scope = ? AND person = ?", (scope, person)
        ).fetchone()
        return row

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _wrap(wrapping: AESGCM, key: bytes, scope: str, person: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + wrapping.encrypt(nonce, key, _name(scope, person))


def _unwrap(wrapping: AESGCM, wrapped: bytes, scope: str, person: str) -> bytes:
    try:
        return wrapping.decrypt(wrapped[:12], wrapped[12:], _name(scope, person))
    except InvalidTag:
        raise KeyStoreError("The operator key does not fit this key store. Put the right key back.") from None


def _compact(connection: sqlite3.Connection) -> None:
    """Rewrite the file and empty its journal; another process reading a key holds this up for a moment."""
    deadline = time.monotonic() + 30
    rewritten = False
    while True:
        try:
            if not rewritten:
                connection.execute("VACUUM")
                rewritten = True
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            busy = 1
        if not busy:
            return
        if time.monotonic() > deadline:
            raise KeyStoreError("The key store's journal could not be emptied, because something keeps reading it. Try again.")
        time.sleep(0.02)


def _name(scope: str, person: str) -> bytes:
    return f"{scope}|{person}".encode()
