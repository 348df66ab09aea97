"""Reading an account's archive into a server that does not know the account."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Account
from app.core.db import Base
from app.core.unit import Work
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.reports.portability.form import FORMAT, KEYS, LEFT_OUT, MANIFEST, Key, Manifest, decode, schema_of

CHUNK = 500
LINE_MAX = 32 << 20
_TABLES = "tables/"
_FILES = "files/"


class NotImported(Exception):
    """The archive was not read in, and nothing of it stays; the text says why."""


async def read_in(work: Work, vault: Vault, shelf: Shelf, path: Path) -> Manifest:
    """Everything or nothing. Raises :class:`NotImported`."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive)
            await _fits(work, manifest)
            await _take(work, vault, shelf, archive, manifest)
    except zipfile.BadZipFile as error:
        raise NotImported("This is not an archive of an account.") from error
    return manifest


def _checked(archive: zipfile.ZipFile) -> Manifest:
    """The manifest, once every file has been held against it: nothing is missing, changed or added."""
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (KeyError, msgspec.MsgspecError) as error:
        raise NotImported("This is not an archive of an account.") from error
    if manifest.format != FORMAT:
        raise NotImported(f"The archive has the form {manifest.format}, which this version does not read.")
    if set(archive.namelist()) != {MANIFEST, *manifest.files}:
        raise NotImported("The archive holds other files than its manifest says.")
    for name, part in manifest.files.items():
        with archive.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:  # type: ignore[arg-type]
                raise NotImported(f"{name} in the archive is damaged.")
    return manifest


async def _fits(work: Work, manifest: Manifest) -> None:
    async with work.read() as session:
        schema = await schema_of(await session.connection())
        if schema != manifest.schema:
            raise NotImported(
                f"The archive was made with schema {manifest.schema or 'none'}, this server has {schema or 'none'}. Bring both to one version first."
            )
        if (await session.execute(select(Account.id).where(Account.id == manifest.account))).first() is not None:
            raise NotImported("This account is on this server already.")


async def _take(work: Work, vault: Vault, shelf: Shelf, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    put: list[str] = []
    copied: list[Path] = []
    try:
        async with work.unit() as unit:
            for table in Base.metadata.sorted_tables:
                if f"{_TABLES}{table.name}.ndjson" not in manifest.files or table.name in LEFT_OUT:
                    continue
                for rows in _rows(archive, table):
                    await unit.session.execute(insert(table), rows)
            for line in _lines(archive, KEYS):
                key = msgspec.json.decode(line, type=Key)
                await vault.settle(key.scope, key.person, key.value)
                put.append(key.scope)
            for name in (name for name in manifest.files if name.startswith(_FILES)):
                copied.append(_copy(archive, name, shelf))  # noqa: PERF401 - each must be known when a later one fails
    except (IntegrityError, ValueError, KeyError) as error:
        for scope in set(put):
            await vault.unsettle(scope)
        for path in copied:
            path.unlink(missing_ok=True)
        raise NotImported(_why(error)) from error


def _rows(archive: zipfile.ZipFile, table: Any) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for line in _lines(archive, f"{_TABLES}{table.name}.ndjson"):
        rows.append(decode(table, line))
        if len(rows) == CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while line := file.readline(LINE_MAX):
            yield line


def _copy(archive: zipfile.ZipFile, name: str, shelf: Shelf) -> Path:
    webinar_id, _, rest = name.removeprefix(_FILES).partition("/")
    folder = shelf.things(webinar_id).resolve()
    path = (folder / rest).resolve()
    if not path.is_relative_to(folder) or path == folder or path.exists():
        raise ValueError(f"{name} cannot lie where it says")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with archive.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def _why(error: Exception) -> str:
    if isinstance(error, IntegrityError):
        return "Something of the archive is on this server already: an address of a webinar, or somebody's e-mail address."
    return f"The archive does not fit this version: {error}"
