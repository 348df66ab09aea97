"""Signed tokens with a purpose and an age limit.

A token made for one purpose is never accepted for another: the purpose is part of the signing key's derivation. Nothing in a
token is secret from its holder, so nothing secret goes in.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

T = TypeVar("T")


class TokenExpired(Exception):
    """The token was good, but is too old."""


class TokenInvalid(Exception):
    """Not a token of ours for this purpose."""


class Tokens:
    """Signer and reader for all purposes of one installation."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, purpose: str, payload: Any) -> str:
        """A URL-safe token that carries ``payload`` (a msgspec type)."""
        body = base64_encode(msgspec.json.encode(payload))
        return self._signer(purpose).sign(body).decode()

    def read(self, purpose: str, token: str, kind: type[T], *, max_age: int) -> T:
        """The payload of ``token`` as ``kind``; ``max_age`` in seconds.

        Raises :class:`TokenExpired` or :class:`TokenInvalid`.
        """
        try:
            body = self._signer(purpose).unsign(token, max_age=max_age)
            return msgspec.json.decode(base64_decode(body), type=kind)
        except SignatureExpired as error:
            raise TokenExpired from error
        except (BadSignature, msgspec.MsgspecError, UnicodeError, ValueError) as error:
            raise TokenInvalid from error

    def _signer(self, purpose: str) -> TimestampSigner:
        return TimestampSigner(self._secret, salt=f"lectern.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
