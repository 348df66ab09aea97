"""Certificates of erasure: counts, times and the scan's result, signed with Ed25519, checkable without this server.

The signing key lives beside the key store. A certificate carries the public key; ``fingerprint`` is what an operator publishes so
that others know whose it is.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "lectern.erasure-certificate/1"


class CertificateWrong(Exception):
    """Not a certificate, or one that was changed."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What the residue scan looked through and found."""

    values: int
    forms: int
    files: int
    bytes: int
    rows_left: int
    found: int


class Recipient(msgspec.Struct, frozen=True):
    """A system of the organiser's that had received data and was told of the erasure (Art. 19 GDPR)."""

    name: str
    state: str
    """waiting, acknowledged or given up."""
    at: datetime | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is certified. Random ids and numbers, no names."""

    format: str = FORMAT
    id: str
    kind: str
    account: str
    webinar: str
    role: str
    asked_at: datetime
    done_at: datetime
    replayed: bool
    counts: dict[str, int]
    """Stored values per data category, as previewed before."""
    removed: dict[str, int]
    """What each step removed: keys, rows per table, files."""
    scan: Scan
    ledger: int
    """Number of the entry in the erasure ledger."""
    recipients: tuple[Recipient, ...] = ()
    """Who was told, as far as they have answered by now; the certificate is signed anew with each answer."""


class Certificate(msgspec.Struct, frozen=True):
    """A claim with its signature."""

    claim: msgspec.Raw
    public_key: str
    signature: str


class Signer:
    """Signs with the installation's key, made on first use."""

    def __init__(self, folder: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_kept_seed(folder / "certificate.key"))
        self.public_key = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, claim: msgspec.Struct) -> str:
        """A certificate, or another statement such as a consent receipt, as JSON text with its signature."""
        body = msgspec.json.encode(claim)
        signature = base64.b64encode(self._key.sign(body)).decode()
        return msgspec.json.encode(Certificate(msgspec.Raw(body), self.public_key, signature)).decode()


def with_recipients(signer: Signer, text: str, recipients: Sequence[Recipient]) -> str:
    """The same certificate with what recipients have answered since."""
    claim = msgspec.json.decode(msgspec.json.decode(text, type=Certificate).claim, type=Claim)
    return signer.sign(msgspec.structs.replace(claim, recipients=tuple(recipients)))


def fingerprint(public_key: str) -> str:
    """Short name of a public key."""
    digest = hashlib.sha256(base64.b64decode(public_key)).hexdigest()
    return ":".join(digest[i : i + 4] for i in range(0, 32, 4))


def verify(text: str | bytes, trusted: str | None = None) -> Claim:
    """The claim of a certificate; offline. ``trusted``: the public key it must be signed with. Raises :class:`CertificateWrong`."""
    try:
        return msgspec.json.decode(signed(text, trusted), type=Claim)
    except msgspec.MsgspecError as error:
        raise CertificateWrong("This is not a certificate of erasure.") from error


def signed(text: str | bytes, trusted: str | None = None) -> bytes:
    """What was signed, whatever it says; offline. Raises :class:`CertificateWrong`."""
    try:
        certificate = msgspec.json.decode(text, type=Certificate)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(certificate.public_key, validate=True))
        key.verify(base64.b64decode(certificate.signature, validate=True), bytes(certificate.claim))
    except (msgspec.MsgspecError, ValueError) as error:
        raise CertificateWrong("This is not a signed statement of Lectern.") from error
    except InvalidSignature as error:
        raise CertificateWrong("The signature does not fit: the certificate was changed.") from error
    if trusted is not None and trusted != certificate.public_key:
        raise CertificateWrong("The certificate is signed with another key than expected.")
    return bytes(certificate.claim)


def _kept_seed(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return base64.b64decode(path.read_bytes())
    seed = os.urandom(32)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(seed))
    return seed
