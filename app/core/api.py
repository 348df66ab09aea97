"""The REST API's frame: endpoints are declared with the types that decode and encode them, and the OpenAPI document is made from the same
declarations (:mod:`app.core.openapi`).

A write is one transaction: permission, ``If-Match``, ``Idempotency-Key``, the verb, and the memory of the answer commit together.
Refusals are problem documents (RFC 9457); limits are told in ``RateLimit`` headers (draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, forbidden
from app.core.permissions import Permission, Role
from app.core.unit import Unit

T = TypeVar("T")
ROOT = "/api/v1"
MANY = 200
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Caller(msgspec.Struct, frozen=True):
    """Who calls: a key of an account, with what it may do."""

    key_id: str
    account_id: str
    name: str
    permissions: frozenset[Permission]
    expires_at: datetime | None = None
    role: str = "api"

    def require(self, permission: Permission) -> None:
        """Raises 403 without ``permission``."""
        if permission not in self.permissions:
            raise forbidden("This key may not do that.")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is sent: unknown names are refused."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is answered."""


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what stands behind the question mark."""


class Listing(Query, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: int = 50
    cursor: str = ""

    @property
    def number(self) -> int:
        """How many items, within bounds."""
        if not 1 <= self.limit <= MANY:
            raise Problem("query.invalid", "The limit is a number from 1 to {max}.", status=422, params={"max": MANY})
        return self.limit

    def after(self, kind: type[T]) -> T | None:
        """What the cursor holds, or None on the first page."""
        if not self.cursor:
            return None
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(self.cursor.encode() + b"=" * (-len(self.cursor) % 4)), type=kind)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Problem("cursor.invalid", "This cursor is not one of ours. Start without one.", status=422) from error


def cursor_of(value: object) -> str:
    """A cursor that holds ``value``."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler answers."""

    content: object = None
    status: int = 0
    """0: the endpoint's own."""
    location: str = ""
    thing: str = ""
    """Id of what was made, remembered with an ``Idempotency-Key``."""
    person: str = ""
    """The same, of a person."""
    stream: AsyncIterator[bytes] | None = None
    media_type: str = ""
    file_name: str = ""


class Call(Generic[T]):
    """One request, decoded. Reads have ``session``; writes also ``unit``, whose session it is."""

    def __init__(
        self, caller: Caller, path: Mapping[str, str], session: AsyncSession, now: datetime, *, unit: Unit | None = None
    ) -> None:
        self.caller = caller
        self.path = path
        self.session = session
        self.now = now
        self._unit = unit
        self.query: Any = None
        self.body: T = None  # type: ignore[assignment]

    @property
    def unit(self) -> Unit:
        """The transaction of a write."""
        assert self._unit is not None, "only writes have one"  # noqa: S101 - a mistake of ours, not of the caller
        return self._unit


Handler = Callable[[Call[Any]], Awaitable[Answer]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one address, as it is served and documented."""

    method: str
    path: str
    """Below ``/api/v1``, with ``{names}``."""
    name: str
    """``operationId``."""
    summary: str
    tag: str
    needs: Permission | None
    handler: Handler
    query: type[Query] | None = None
    body: Any = None
    """Type of the JSON that is sent: a struct, or a union of tagged ones."""
    upload: Sequence[str] = ()
    """Media types of a file that is sent as the body itself, instead of JSON."""
    about: str = ""
    """What there is to know besides."""
    answer: Any = None
    status: int = 200
    also: Mapping[int, str] = {}
    """Other good answers."""
    again: Handler | None = None
    """Answers a repeated ``Idempotency-Key`` from ``path["thing"]`` or ``path["person"]``, without doing it twice."""
    current: Handler | None = None
    """What ``If-Match`` is compared with: the thing as a GET would show it."""
    plain: bool = False
    """A POST or PUT that runs its own transactions or none, such as a download or a part of a file."""
    media_types: Sequence[str] = ()
    """Of a file; empty for JSON."""

    @property
    def address(self) -> str:
        """The whole path."""
        return ROOT + self.path

    @property
    def writes(self) -> bool:
        """True when it changes something."""
        return self.method in WRITES and not self.plain


class Feature(Protocol):
    """A feature with an API."""

    def endpoints(self) -> Sequence[Endpoint]:
        """Its endpoints."""
        ...


class Keys(Protocol):
    """Knows who holds a key."""

    async def caller(self, secret: str) -> Caller | None:
        """Whose key it is; None for one unknown, withdrawn or expired."""
        ...


def tag_of(body: bytes) -> str:
    """Strong entity tag of an answer (RFC 9110 §8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def acting_role(caller: Caller) -> Role:
    """The role whose permissions fit the key, for what is made in its name."""
    return Role.ADMIN if Permission.ACCOUNT_MANAGE in caller.permissions else Role.REGISTRATION_MANAGER
