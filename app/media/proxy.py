"""Hands /whip, /whep and /hls from the web process to the media process, where no reverse proxy does it by path."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.core.errors import Problem
from app.media.http import BODY_LIMIT, problem_response

PASSED_ON = {
    "accept", "accept-encoding", "authorization", "content-type", "if-match", "if-none-match", "origin",
}  # fmt: skip
"""Only what the media process reads: no cookies, no addresses, no Host, no hop-by-hop headers (RFC 9110 section 7.6.1)."""
NOT_PASSED_BACK = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    "server", "date",
}  # fmt: skip
TIMEOUT = httpx2.Timeout(30.0, connect=2.0)
"""A blocking playlist reload may hold for nine seconds."""


class MediaProxy:
    """The routes, and the connections behind them."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            timeout=TIMEOUT,
            limits=limits,
            trust_env=False,
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
        )

    def routes(self) -> list[Route]:
        """For the web application."""
        return [
            Route("/whip/{webinar}", self.pass_on, methods=["POST", "OPTIONS"]),
            Route("/whip/{webinar}/{session}", self.pass_on, methods=["PATCH", "DELETE"]),
            Route("/whep/{webinar}", self.pass_on, methods=["GET", "POST"]),
            Route("/whep/{webinar}/{session}", self.pass_on, methods=["DELETE"]),
            Route("/hls/{token}/{name}", self.pass_on, methods=["GET", "HEAD"]),
        ]

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def pass_on(self, request: Request) -> Response:
        """One request, answered as it comes."""
        try:
            body = await _body(request)
            sent = self._client.build_request(
                request.method,
                httpx2.URL(self.url + request.scope["path"], query=request.scope["query_string"]),
                headers=[(name, value) for name, value in request.headers.items() if name in PASSED_ON],
                content=body,
            )
            answer = await self._client.send(sent, stream=True)
        except Problem as problem:
            return problem_response(problem)
        except httpx2.HTTPError:
            text = "The media process does not answer. It is being started again; please wait a moment."
            return problem_response(Problem("media.away", text, status=503, retry_after=2))
        headers = {name: value for name, value in answer.headers.items() if name not in NOT_PASSED_BACK}
        return StreamingResponse(_raw(answer), answer.status_code, headers, background=BackgroundTask(answer.aclose))


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_LIMIT:
            raise Problem("body.too.large", "The body is too large.", status=413)
    return bytes(data)


async def _raw(answer: httpx2.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx2.HTTPError:
        return  # The media process went away in mid-answer; the player asks again.
