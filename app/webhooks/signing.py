"""Signatures of Standard Webhooks 1.0.0: ``v1`` (HMAC-SHA256) with each live secret, ``v1a`` (Ed25519) where a key was made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES = 32


def new_secret() -> str:
    """``whsec_`` and base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def new_key() -> tuple[str, str]:
    """A private key as ``whsk_…`` and its public key as ``whpk_…``."""
    key = Ed25519PrivateKey.generate()
    private, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    return "whsk_" + base64.b64encode(private).decode(), "whpk_" + base64.b64encode(public).decode()


def headers(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers; ``at`` is the time of this attempt, ``keys`` all that sign now."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_sign(key, signed) for key in keys),
    }


def _sign(key: str, signed: bytes) -> str:
    kind, _, text = key.partition("_")
    raw = base64.b64decode(text)
    if kind == "whsk":
        return "v1a," + base64.b64encode(Ed25519PrivateKey.from_private_bytes(raw).sign(signed)).decode()
    return "v1," + base64.b64encode(hmac.digest(raw, signed, hashlib.sha256)).decode()
