"""What the HTTP edges of media share: problem documents (RFC 9457), bounded bodies, bearer tokens."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Problem

BODY_LIMIT = 64 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


def problem_response(problem: Problem) -> Response:
    """The problem as a document."""
    text = problem.text.format(**problem.params) if problem.params else problem.text
    body = {"type": "about:blank", "title": text, "status": problem.status, "code": problem.code}
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(problem.retry_after))
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), problem.status, headers, "application/problem+json")


async def body_of(request: Request, media_type: str) -> str:
    """The body as text; refuses another type (415) or too much (413)."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != media_type:
        raise Problem("type.unsupported", "Send {type}.", status=415, params={"type": media_type})
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_LIMIT:
            raise Problem("body.too.large", "The body is too large.", status=413)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Problem("sdp.invalid", "The body is not text.", status=400) from error


def bearer_of(request: Request) -> str:
    """The bearer token (RFC 6750 section 2.1); 401 without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()


def unauthorized() -> Problem:
    """401, the same for no token and a wrong one."""
    return Problem("token.invalid", "This address needs a valid token. Open the studio again to get one.", status=401)
