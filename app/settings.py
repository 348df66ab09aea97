"""Settings of one running Lectern, read once from the environment and passed on; nobody else reads the environment.

Every name is the field's name in capitals after ``LECTERN_``. A name followed by ``_FILE`` reads the value from that file (for
secrets). A name that is not a field is an error, so a misspelt setting never passes silently.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

PREFIX = "LECTERN_"
LISTS = ("ice_servers", "webhook_networks")
"""Fields written with commas."""


class SettingsError(Exception):
    """The environment cannot be understood; the text says which name and how to mend it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings with their defaults: the embedded product on one machine."""

    public_url: str = "http://127.0.0.1:8000"
    """Address people type, without a path. Links, origin checks and cookies come from it, never from a request's Host."""
    secret: str = ""
    """At least 32 characters; signs tickets and tokens. Empty: made once and kept in the data folder."""
    operator_key: str = ""
    """Base64 of 32 bytes that wraps the data keys. Empty: made once and kept beside the key store."""
    data_dir: Path = Path("data")
    """Folder of the database, recordings, exports and the ledger."""
    keys_dir: Path | None = None
    """Folder of the key store; keep it out of the data's backups. Empty: ``<data_dir>-keys``, beside the data folder."""
    database_url: str = ""
    """SQLAlchemy address (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``). Empty: SQLite in the data folder."""
    broker_url: str = "memory://"
    """``memory://`` for one web process, ``redis://…`` for several."""
    host: str = "127.0.0.1"
    """Address the web process listens on."""
    port: int = 8000
    """Port the web process listens on."""
    tls_certificate: Path | None = None
    """Certificate chain (PEM) where no reverse proxy speaks HTTPS for this process. Read at start; renewed ones need a restart."""
    tls_key: Path | None = None
    """Its key (PEM)."""
    forwarded_allow_ips: str = "127.0.0.1"
    """Addresses of reverse proxies whose X-Forwarded-* headers are believed."""
    media_url: str = ""
    """Where this process reaches the media process (``http://127.0.0.1:8010``). Empty: ``serve`` starts one of its own."""
    media_host: str = "127.0.0.1"
    """Address the media process listens on for HTTP."""
    media_port: int = 8010
    """Port the media process listens on for HTTP."""
    media_udp_ports: str = ""
    """Range of UDP ports for WebRTC (``40000-40100``). Empty: any free port."""
    media_public_address: str = ""
    """Public IP address put into WebRTC candidates when the media process sits behind NAT."""
    turn_secret: str = ""
    """Secret shared with your TURN server (coturn: ``use-auth-secret``). Each page gets a credential that ends after twelve hours."""
    ice_servers: tuple[str, ...] = ()
    """STUN or TURN addresses, comma-separated. Empty: none, so no foreign host is ever asked."""
    rewind_megabytes: int = 4000
    """Most that one live webinar keeps on disk, sealed, for late joiners who may go back; beyond it they go back less far."""
    workers_embedded: bool = True
    """The web process also runs background jobs."""
    smtp_url: str = ""
    """``smtp://user:password@host:587``; STARTTLS is required except to this machine. Empty: no mails, pages show links to copy."""
    subprocessors: Path | None = None
    """TOML file with the register of sub-processors; external hosts in other settings must be in it. Empty: there are none."""
    processor_notice_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    """Days that accounts have to object before a change of that register takes effect."""
    webhook_networks: tuple[str, ...] = ()
    """Networks that webhooks may reach besides the public internet (``10.1.0.0/16,127.0.0.0/8``), there also by plain http."""
    mail_from: str = "Lectern <lectern@localhost>"
    """Sender of all mails."""
    demo: bool = False
    """Demo account, mailbox page and style guide exist."""
    log_level: str = "info"
    """debug, info, warning or error."""
    metrics_port: int = 0
    """Port of the Prometheus page. 0: no metrics."""
    metrics_host: str = "127.0.0.1"
    """Address the Prometheus page listens on; it asks for no password, so keep it inside."""
    body_limit: int = 2 * 1024 * 1024
    """Largest request body in bytes, except on upload addresses."""
    upload_limit: int = 2_000_000_000
    """Largest video the crew may upload, in bytes. 0: none."""
    upload_quota: int = 20_000_000_000
    """Bytes that recordings and videos of one account may take before the next upload is refused. 0: any."""
    upload_minutes: int = 240
    """Minutes of processor time that making one video ready may take."""
    operator_name: str = "The operator of this server"
    """Who runs this server, as named in the data register."""
    operator_contact: str = ""
    """E-mail address of the operator's privacy contact."""
    data_location: str = "not stated"
    """Where the server stands (country, data centre), as stated in the data register."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of ``public_url``."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        """True when people reach the server by HTTPS."""
        return self.public_url.startswith("https://")

    @property
    def keys_path(self) -> Path:
        """Folder of the key store."""
        return self.keys_dir or self.data_dir.with_name(self.data_dir.name + "-keys")

    @property
    def embedded(self) -> bool:
        """One process with SQLite and the memory broker."""
        return self.broker_url.startswith("memory:")


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from ``environ``. Raises :class:`SettingsError` for unknown names and values that do not fit."""
    given = {name[len(PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    values: dict[str, object] = {}
    known = set(Settings.__struct_fields__)
    for name, value in given.items():
        if name in known:
            values[name] = value
        elif name.endswith("_file") and name[:-5] in known:
            values[name[:-5]] = _read(name, Path(value))
        else:
            raise SettingsError(f"{PREFIX}{name.upper()} is not a setting. See docs/operate.md for all names.")
    for name in LISTS:
        if isinstance(listed := values.get(name), str):
            values[name] = tuple(part.strip() for part in listed.split(",") if part.strip())
    try:
        return complete(msgspec.convert(values, Settings, strict=False, dec_hook=_convert))
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting does not fit: {error}") from error


def complete(settings: Settings) -> Settings:
    """Fill what can be derived: database address, and the secret kept beside the key store (made on first use)."""
    data = settings.data_dir.resolve()
    settings = msgspec.structs.replace(settings, data_dir=data)
    if not settings.database_url:
        settings = msgspec.structs.replace(settings, database_url=f"sqlite+aiosqlite:///{data / 'lectern.db'}")
    if not settings.secret:
        settings = msgspec.structs.replace(settings, secret=_kept_secret(settings.keys_path / "secret"))
    if len(settings.secret) < 32:
        raise SettingsError(f"{PREFIX}SECRET is shorter than 32 characters. Make one with: openssl rand -base64 32")
    return settings


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secret := secrets.token_urlsafe(36))
    return secret


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: cannot read {path}: {error.strerror}") from error


def _convert(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
