"""Backup and restore of the database and files, without keys and without the ledger: those are kept apart on purpose.

What a backup holds about people is sealed. Keys destroyed since then stay destroyed, and a restored database serves nobody until
the restore guard has replayed the erasures it missed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url

from app.settings import Settings

FORMAT = "lectern.backup/1"
_DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class BackupError(Exception):
    """The backup could not be made or put back; the text says why."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup."""

    format: str = FORMAT
    made_at: datetime
    database: str
    digests: dict[str, str]


def backup(settings: Settings, to: Path, at: datetime) -> Manifest:
    """Write database and files to the archive ``to``, while the product runs."""
    kind = make_url(settings.database_url).get_backend_name()
    with tempfile.TemporaryDirectory(dir=to.resolve().parent) as name:
        dump = Path(name) / _DUMPS[kind]
        _dump(settings, kind, dump)
        contents = {dump.name: dump} | {f"files/{p.relative_to(settings.data_dir)}": p for p in _files(settings)}
        manifest = Manifest(made_at=at, database=kind, digests={name: _digest(path) for name, path in contents.items()})
        note = Path(name) / "manifest.json"
        note.write_bytes(msgspec.json.encode(manifest))
        partial = to.with_name(to.name + ".partial")
        with tarfile.open(partial, "w:gz", compresslevel=1) as archive:
            for inside, path in {"manifest.json": note, **contents}.items():
                archive.add(path, inside, recursive=False)
        partial.chmod(0o600)
        partial.replace(to)
    return manifest


RESTORED = "restored"
"""A file in the data folder that says so until the next start, which gives every room a new epoch."""


def restore(settings: Settings, source: Path, *, replace: bool = False) -> Manifest:
    """Put a backup back into an empty data folder, or over the present one with ``replace``. The product must not run."""
    data = settings.data_dir
    if data.exists() and any(data.iterdir()) and not replace:
        raise BackupError(f"{data} is not empty. Say --replace to put the backup in its place.")
    kind = make_url(settings.database_url).get_backend_name()
    data.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent) as name:
        folder = Path(name)
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
        if manifest.database != kind:
            raise BackupError(f"This is a backup of {manifest.database}, but the settings name {kind}.")
        for inside, digest in manifest.digests.items():
            if _digest(folder / inside) != digest:
                raise BackupError(f"{inside} in the backup is damaged.")
        shutil.rmtree(data, ignore_errors=True)
        files = folder / "files"
        files.mkdir(exist_ok=True)
        shutil.move(files, data)
        _load(settings, kind, folder / _DUMPS[kind])
        (data / RESTORED).touch()
    return manifest


def _files(settings: Settings) -> Iterator[Path]:
    database = make_url(settings.database_url).database or ""
    elsewhere = (settings.keys_path, settings.data_dir / "compiled")  # keys are kept apart, templates are compiled anew
    for path in sorted(settings.data_dir.rglob("*")):
        if path.is_file() and not str(path).startswith(database) and not any(path.is_relative_to(one) for one in elsewhere):
            yield path


def _dump(settings: Settings, kind: str, to: Path) -> None:
    if kind == "sqlite":
        with (
            closing(sqlite3.connect(make_url(settings.database_url).database or "")) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
        return
    _run(settings, "pg_dump", "--format=custom", f"--file={to}", f"--dbname={_plain(settings)}")


def _load(settings: Settings, kind: str, dump: Path) -> None:
    if kind == "sqlite":
        shutil.move(dump, make_url(settings.database_url).database or "")
        return
    _run(
        settings,
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        f"--dbname={_plain(settings)}",
        str(dump),
    )


def _plain(settings: Settings) -> str:
    url = make_url(settings.database_url)
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query).render_as_string()


def _run(settings: Settings, *command: str) -> None:
    # The password goes by the environment: a command line is seen by every user of the machine.
    secret = {"PGPASSWORD": password} if (password := make_url(settings.database_url).password) else {}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **secret})
    except FileNotFoundError as error:
        raise BackupError(f"{command[0]} is not installed. Install the PostgreSQL client programs.") from error
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()[:500]}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
