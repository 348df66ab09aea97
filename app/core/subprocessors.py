"""The operator's register of sub-processors (Art. 28(2) and (4) GDPR): who else handles data, and the check that nobody else does.

A TOML file named by a setting. Every external host in the settings (mail, database, broker, media, STUN and TURN) must be in it, or the
server does not start and says why: a host nobody was told of must not see data by a line in an environment.
"""

from __future__ import annotations

import hashlib
import ipaddress
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import msgspec

from app.settings import Settings


class Undeclared(Exception):
    """A configured host is in no register, or the register cannot be read; the text says what to do."""


class SubProcessor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry."""

    name: str
    hosts: tuple[str, ...]
    purpose: str
    place: str = ""
    """Country where the data is handled."""
    transfer: str = ""
    """Outside the EEA: the instrument that allows it (Art. 46 GDPR)."""
    since: date | None = None
    """Day from which it handles data. A day to come announces it: accounts are told now, and its hosts are refused until then."""
    own: bool = False
    """A machine of the operator's own: listed, but not a sub-processor."""

    def __post_init__(self) -> None:
        if not self.own and self.since is None:
            raise ValueError(f"say since when {self.name} handles data, such as: since = 2026-11-01")

    def announced(self, today: date) -> bool:
        """Whether it handles no data yet."""
        return self.since is not None and self.since > today


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    processor: tuple[SubProcessor, ...] = ()


def read(settings: Settings) -> tuple[SubProcessor, ...]:
    """The register. Raises :class:`Undeclared` when it cannot be read."""
    path = settings.subprocessors
    if path is None:
        return ()
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), _File).processor
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Undeclared(f"The register of sub-processors cannot be read ({path}): {error}") from error


def listed(settings: Settings) -> list[SubProcessor]:
    """Those that accounts are told of; machines of the operator's own are not."""
    return [entry for entry in read(settings) if not entry.own]


def digest(settings: Settings) -> str:
    """Changes with the list that accounts accepted."""
    rows = sorted((entry.name, entry.hosts, entry.purpose, entry.place, entry.transfer) for entry in listed(settings))
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()


def check(settings: Settings, today: date | None = None) -> None:
    """Raises :class:`Undeclared` for a configured host that is in no register, or only announced."""
    today = today or datetime.now(UTC).date()
    known = {host.lower(): entry for entry in read(settings) for host in entry.hosts}
    for setting, host in external(settings):
        entry = known.get(host)
        if entry is None:
            raise Undeclared(
                f"{setting} names {host}, which is not in the register of sub-processors. Whoever handles people's data for you must be "
                f'declared: add it to the file of LECTERN_SUBPROCESSORS with purpose and place, or with "own = true" if the machine is yours.'
            )
        if entry.announced(today):
            raise Undeclared(
                f"{setting} names {host}, which is announced to the accounts for {entry.since} and may not handle data before. "
                "Use what was there before until that day."
            )


def external(settings: Settings) -> Iterator[tuple[str, str]]:
    """Configured hosts outside of this machine and its private network, with their settings."""
    named = {
        "LECTERN_SMTP_URL": settings.smtp_url,
        "LECTERN_DATABASE_URL": settings.database_url,
        "LECTERN_BROKER_URL": settings.broker_url,
        "LECTERN_MEDIA_URL": settings.media_url,
    }
    named |= {f"LECTERN_ICE_SERVERS ({url})": url.replace(":", "://", 1) for url in settings.ice_servers}
    for setting, url in named.items():
        host = (urlsplit(url).hostname or "").lower()
        if host and not _inside(host):
            yield setting, host


def _inside(host: str) -> bool:
    """This machine, a private address, or a name without a dot as containers and small networks have."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
