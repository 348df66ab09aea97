"""Security of every answer: headers with a strict Content-Security-Policy, the cross-origin check, the body limit.

The cross-origin check needs no token in forms: a browser says in ``Sec-Fetch-Site`` where a request comes from, older ones in
``Origin``. Unsafe requests that carry cookies and come from elsewhere are refused. (Method: Go 1.25 ``CrossOriginProtection``.)
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Problem, not_found
from app.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
LONGEST_PATH = 2048
HSTS = "max-age=63072000; includeSubDomains"


def policy(nonce: str, live_origin: str, ancestors: str = "'none'") -> str:
    """The Content-Security-Policy of a page: own files only, one nonce, no plug-ins, Trusted Types."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            # hls.js makes its tracks of captions from an empty data: address.
            "media-src 'self' blob: data:",
            f"connect-src 'self' {live_origin}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            f"frame-ancestors {ancestors}",
            "require-trusted-types-for 'script'",
            "trusted-types lit-html",
        )
    )


class SecurityHeaders:
    """Adds the headers. A page may set ``state.frame_ancestors`` (embed) or ``state.devices`` (studio) before it answers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._live_origin = settings.origin.replace("http", "ws", 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        nonce = state["csp_nonce"] = secrets.token_urlsafe(16)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), nonce, state)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, nonce: str, state: dict[str, object]) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        devices = "self" if state.get("devices") else ""
        headers["Permissions-Policy"] = (
            f"camera=({devices}), microphone=({devices}), display-capture=({devices}), geolocation=(), browsing-topics=()"
        )
        if self._settings.secure:
            headers["Strict-Transport-Security"] = HSTS
        if headers.get("content-type", "").startswith("text/html"):
            ancestors = str(state.get("frame_ancestors") or "'none'")
            headers["Content-Security-Policy"] = policy(nonce, self._live_origin, ancestors)
            headers.setdefault("Cache-Control", "no-store")


class WellFormed:
    """Refuses requests no browser of ours sends: a Host that is not a host, a path with a NUL or without end.

    Addresses are always built from the settings, never from Host; this keeps a strange one from reaching anything that
    parses it (CVE-2020-26163, CVE-2026-48710), while health checks by IP address and proxies with names of their own still work.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) > 1 or (hosts and not HOST.fullmatch(hosts[0])):
                raise Problem("host.invalid", "The address of this request was not understood.", status=400)
            # Python refuses to read a number of more than 4,300 digits, which Starlette's routes do not expect.
            if "\x00" in scope["path"] or len(scope["path"]) > LONGEST_PATH:
                raise not_found()
        await self._app(scope, receive, send)


class CrossOriginCheck:
    """Refuses unsafe requests that another site made a browser send."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origin = settings.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE:
            headers = Headers(scope=scope)
            by_bearer = "authorization" in headers and "cookie" not in headers
            if not by_bearer and not self._own(headers):
                raise Problem("cross.origin", "This request came from another site and was refused.", status=403)
        await self._app(scope, receive, send)

    def _own(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        # Neither header: not a browser, so nobody's cookies are being misused.
        return origin is None or origin == self._origin


class BodyLimit:
    """Refuses bodies over ``limit`` bytes, before and while they arrive. ``uploads``: addresses that take more, and how much."""

    def __init__(self, app: ASGIApp, limit: int, uploads: Sequence[tuple[re.Pattern[str], int]] = ()) -> None:
        self._app = app
        self._limit = limit
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((most for path, most in self._uploads if path.fullmatch(scope["path"])), self._limit)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            raise _too_large(limit)
        got = 0

        async def limited() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, limited, send)


def _too_large(limit: int) -> Problem:
    return Problem("body.too_large", "This is too large. Send at most {max} KB.", status=413, params={"max": limit // 1024})
