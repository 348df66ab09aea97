"""Serves the endpoints of :mod:`app.core.api`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import String, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.core.api import Answer, Call, Caller, Endpoint, Keys, tag_of
from app.core.db import Base, UtcTime
from app.core.declare import not_personal, personal
from app.core.errors import Problem
from app.core.http import lang_of, problem_document
from app.core.limits import Counters
from app.core.unit import Unit, Work

PER_MINUTE = 600
REMEMBERED = timedelta(hours=24)
KEY_MAX = 200
_LIMITED = f'"default";q={PER_MINUTE};w=60'

Noted = Callable[[Unit, Endpoint, Call[Any]], Awaitable[None]]
"""Told of every write, in its transaction: the audit log."""


class ApiReplay(Base):
    """That a key did something once, so that the same ``Idempotency-Key`` does not do it twice. Holds ids, no content."""

    __tablename__ = "api_replay"

    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=not_personal("hash of API key and idempotency key"))
    account_id: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the account"))
    about: Mapped[str | None] = mapped_column(String(20), index=True, info=not_personal("id of the webinar"))
    asked: Mapped[str] = mapped_column(String(64), info=not_personal("hash of method, path and body"))
    thing: Mapped[str] = mapped_column(String(20), info=not_personal("id of what was made"))
    person: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous",
            subject="participant",
            purpose="do what a program asks once, also when it asks twice",
            basis="legitimate_interests",
            retention="24 hours",
            export=False,
        ),
    )
    status: Mapped[int] = mapped_column(info=not_personal("status that was answered"))
    at: Mapped[Any] = mapped_column(UtcTime, index=True, info=not_personal("when"))


async def forget_replays(work: Work) -> None:
    """Remove what is older than a day, also when nobody writes any more."""
    async with work.unit() as unit:
        await unit.session.execute(delete(ApiReplay).where(ApiReplay.at < unit.now - REMEMBERED))


class ApiRouter:
    """Routes of all endpoints."""

    def __init__(self, work: Work, keys: Keys, endpoints: Sequence[Endpoint], noted: Noted) -> None:
        self._work = work
        self._keys = keys
        self._noted = noted
        self.endpoints = tuple(endpoints)

    def routes(self) -> list[Route]:
        """For the URL map; several methods of one path are one route."""
        paths: dict[str, dict[str, Endpoint]] = {}
        for endpoint in self.endpoints:
            paths.setdefault(endpoint.address, {})[endpoint.method] = endpoint
        return [Route(path, self._entry(methods), methods=list(methods)) for path, methods in paths.items()]

    def _entry(self, methods: Mapping[str, Endpoint]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def api(request: Request) -> Response:
            endpoint = methods.get(request.method) or methods["GET"]
            headers: dict[str, str] = {}
            try:
                answer = await self._serve(request, endpoint, headers)
            except Problem as problem:
                answer = problem_document(problem, lang_of(request))
                if problem.status == 401:
                    answer.headers["WWW-Authenticate"] = 'Bearer realm="lectern"'
            answer.headers.update(headers)
            answer.headers["Cache-Control"] = "no-store"
            return answer

        return api

    async def _serve(self, request: Request, endpoint: Endpoint, headers: dict[str, str]) -> Response:
        caller = await self._caller(request)
        headers |= {"RateLimit-Policy": _LIMITED, "RateLimit": await take(self._work.counters, caller.key_id)}
        if endpoint.needs is not None:
            caller.require(endpoint.needs)
        query = _query(request, endpoint)
        if endpoint.writes:
            return await self._write(request, endpoint, caller, query)
        # Before there is a connection to the database, which a slow sender must not hold.
        body = _body(await request.body(), endpoint) if endpoint.upload else None
        async with self._work.read() as session:
            call: Call[Any] = Call(caller, request.path_params, session, self._work.clock.now())
            call.query, call.body = query, body
            answer = await endpoint.handler(call)
        return _respond(request, endpoint, answer)

    async def _caller(self, request: Request) -> Caller:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        caller = await self._keys.caller(secret.strip()) if scheme.lower() == "bearer" and secret else None
        if caller is None:
            text = "Send a valid API key: Authorization: Bearer KEY."
            raise Problem("key.invalid", text, status=401)
        return caller

    async def _write(self, request: Request, endpoint: Endpoint, caller: Caller, query: Any) -> Response:
        raw = await request.body()
        body = _body(raw, endpoint)
        replay = _Replay(request, caller, raw)
        try:
            async with self._work.unit() as unit:
                call: Call[Any] = Call(caller, request.path_params, unit.session, unit.now, unit=unit)
                call.query, call.body = query, body
                if (known := await replay.known(unit)) is not None:
                    return await self._again(request, endpoint, call, known)
                await _check_match(request, endpoint, call)
                answer = await endpoint.handler(call)
                await self._noted(unit, endpoint, call)
                await replay.keep(unit, answer, endpoint)
        except IntegrityError as error:
            raise Problem("conflict", "Somebody changed the same thing at the same time. Try again.", status=409) from error
        return _respond(request, endpoint, answer)

    async def _again(self, request: Request, endpoint: Endpoint, call: Call[Any], known: ApiReplay) -> Response:
        if endpoint.again is None:
            response = Response(status_code=known.status)
        else:
            call.path = {**call.path, "thing": known.thing, "person": known.person}
            answer = await endpoint.again(call)
            response = _respond(request, endpoint, msgspec.structs.replace(answer, status=known.status))
        response.headers["Idempotent-Replayed"] = "true"
        return response


class _Replay:
    """What an ``Idempotency-Key`` remembers of one request."""

    def __init__(self, request: Request, caller: Caller, raw: bytes) -> None:
        given = request.headers.get("idempotency-key", "")
        if len(given) > KEY_MAX:
            raise Problem("idempotency.key", "An Idempotency-Key has at most {max} characters.", params={"max": KEY_MAX})
        self._id = hashlib.sha256(f"{caller.key_id}|{given}".encode()).hexdigest() if given else ""
        self._asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + raw).hexdigest()
        self._account = caller.account_id
        self._about = request.path_params.get("webinar")

    async def known(self, unit: Unit) -> ApiReplay | None:
        """The row of an earlier try. The same key for something else is refused."""
        row = await unit.session.get(ApiReplay, self._id) if self._id else None
        if row is None or row.at < unit.now - REMEMBERED:
            return None
        if row.asked != self._asked:
            raise Problem("idempotency.reused", "This Idempotency-Key was used for another request.", status=422)
        return row

    async def keep(self, unit: Unit, answer: Answer, endpoint: Endpoint) -> None:
        """Remember that it was done, in the same commit; forget what is too old."""
        if not self._id:
            return
        await unit.session.execute(delete(ApiReplay).where(ApiReplay.at < unit.now - REMEMBERED))
        row = ApiReplay(
            id=self._id,
            account_id=self._account,
            about=self._about,
            asked=self._asked,
            thing=answer.thing,
            person=answer.person,
            status=answer.status or endpoint.status,
            at=unit.now,
        )
        unit.session.add(row)
        await unit.session.flush()


async def take(counters: Counters, key_id: str) -> str:
    """Count one request of a key; the ``RateLimit`` header. Raises 429."""
    count, seconds = await counters.count("api", key_id, 60)
    left = max(1, math.ceil(seconds))
    if count > PER_MINUTE:
        text = "Too many requests. Please wait {seconds} seconds."
        raise Problem("rate.limited", text, status=429, retry_after=left, params={"seconds": left})
    return f'"default";r={PER_MINUTE - count};t={left}'


def _query(request: Request, endpoint: Endpoint) -> Any:
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    if endpoint.query is None:
        if names:
            raise Problem("query.unknown", "This address takes no {name}.", status=422, params={"name": names[0][:60]})
        return None
    if len(set(names)) != len(names):
        raise Problem("query.invalid", "Each parameter stands once.", status=422)
    try:
        return msgspec.convert(dict(pairs), endpoint.query, strict=False)
    except msgspec.ValidationError as error:
        raise Problem("query.invalid", "The query was not understood: {why}", status=422, params={"why": str(error)}) from error


def _body(raw: bytes, endpoint: Endpoint) -> Any:
    if endpoint.upload:
        return raw
    if endpoint.body is None:
        if raw.strip() not in (b"", b"{}"):
            raise Problem("body.unknown", "This address takes no body.", status=422)
        return None
    try:
        return msgspec.json.decode(raw or b"{}", type=endpoint.body)
    except msgspec.ValidationError as error:
        raise Problem("body.invalid", "The body was not understood: {why}", status=422, params={"why": str(error)}) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("body.invalid", "The body is not JSON in UTF-8.", status=400) from error


async def _check_match(request: Request, endpoint: Endpoint, call: Call[Any]) -> None:
    wanted = request.headers.get("if-match")
    if wanted is None or endpoint.current is None:
        return
    if wanted.strip() == "*":
        return
    now = tag_of(msgspec.json.encode((await endpoint.current(call)).content))
    if now not in [tag.strip() for tag in wanted.split(",")]:
        text = "Somebody changed this since you read it. Read it again."
        raise Problem("changed.meanwhile", text, status=412)


def _respond(request: Request, endpoint: Endpoint, answer: Answer) -> Response:
    status = answer.status or endpoint.status
    if answer.stream is not None:
        headers = {"Content-Disposition": f'attachment; filename="{answer.file_name}"'}
        return StreamingResponse(answer.stream, status, headers=headers, media_type=answer.media_type)
    if answer.content is None:
        return Response(status_code=204 if status == 200 else status)
    body = msgspec.json.encode(answer.content)
    headers = {"ETag": tag_of(body)} | ({"Location": answer.location} if answer.location else {})
    if request.method in ("GET", "HEAD") and headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers=headers, media_type="application/json")
