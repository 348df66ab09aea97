"""What is missing on this machine, and what that costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.assets import Assets
from app.core.db import Database
from app.core.subprocessors import Undeclared, check, read
from app.privacy.keystore import KeyStoreError
from app.privacy.vault import Vault
from app.settings import Settings

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``stops``: Lectern cannot serve without it."""

    good: bool
    text: str
    stops: bool = False


async def examine(settings: Settings) -> list[Finding]:
    """Everything there is to say."""
    return [
        await _database(settings),
        _keys(settings),
        _assets(),
        _https(settings),
        _broker(settings),
        _mail(settings),
        _hosts(settings),
        _h264(),
        _disk(settings),
    ]


async def _database(settings: Settings) -> Finding:
    database = Database(settings)
    try:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError) as error:
        reason = type(error.__cause__ or error).__name__
        return Finding(False, f"The database is not ready ({reason}). Run: python -m app migrate", stops=True)
    finally:
        await database.close()
    return Finding(True, f"The database answers ({'SQLite' if database.sqlite else 'PostgreSQL'}).")


def _keys(settings: Settings) -> Finding:
    try:
        Vault(settings)
    except (KeyStoreError, OSError) as error:
        return Finding(False, f"The key store cannot be used: {error}", stops=True)
    if settings.keys_path.is_relative_to(settings.data_dir):
        return Finding(
            False, "The key store lies inside the data folder, so backups of the data hold its keys. Set LECTERN_KEYS_DIR."
        )
    return Finding(True, "The key store is there, apart from the data.")


def _assets() -> Finding:
    try:
        Assets(FRONTEND)
    except (LookupError, OSError) as error:
        return Finding(False, f"Browser libraries are missing: {error}", stops=True)
    return Finding(True, "Browser libraries are installed.")


def _https(settings: Settings) -> Finding:
    local = any(host in settings.public_url for host in ("//127.0.0.1", "//localhost"))
    if settings.secure or local:
        return Finding(True, "Cameras can be used: HTTPS, or this machine alone.")
    return Finding(
        False, "Without HTTPS browsers give no camera or microphone, and words travel in clear. Set LECTERN_PUBLIC_URL."
    )


def _broker(settings: Settings) -> Finding:
    if settings.embedded:
        return Finding(True, "One web process carries all rooms (memory broker). For more, set LECTERN_BROKER_URL to a Redis.")
    return Finding(True, "Several web processes can share rooms over Redis.")


def _mail(settings: Settings) -> Finding:
    if settings.smtp_url:
        return Finding(True, "Mails go out by SMTP.")
    return Finding(False, "No mails are sent: LECTERN_SMTP_URL is not set. Invitation links are shown to copy instead.")


def _hosts(settings: Settings) -> Finding:
    try:
        check(settings)
    except Undeclared as error:
        return Finding(False, str(error), stops=True)
    return Finding(True, f"Every external host is in the register of sub-processors ({len(read(settings))} entries).")


def _h264() -> Finding:
    import av

    if "libx264" in av.codecs_available:
        return Finding(True, "Browsers without H.264 can present too: their picture is transcoded.")
    return Finding(False, "This PyAV has no libx264: presenters whose browser lacks H.264 are refused.")


def _disk(settings: Settings) -> Finding:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free / 2**30
    return Finding(free > 2, f"{free:.0f} GB are free for data.")
