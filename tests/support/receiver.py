"""A receiver of webhooks, as an integrator would write one: it keeps what it gets and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.server import Serve
from tests.support.until import until


class Got(msgspec.Struct, frozen=True):
    """One request."""

    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def type(self) -> str:
        return str(self.content["type"])


class Receiver:
    """Its address is ``url``. ``answers`` are given in order, then 204."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[Response | int] = []
        self.hold: asyncio.Event | None = None
        self.url = ""

    async def begin(self, serve: Serve) -> Receiver:
        """Listen."""
        app = Starlette(
            routes=[Route("/hooks", self._take, methods=["POST"]), Route("/elsewhere", self._take, methods=["POST", "GET"])]
        )
        self.url = (await serve(app, lifespan="off")).url + "/hooks"
        return self

    def types(self) -> list[str]:
        """What came, in order."""
        return [got.type for got in self.got]

    async def arrives(self, count: int, within: float = 10) -> Got:
        """The newest, once there are ``count``."""
        await until(lambda: len(self.got) >= count, within=within, what=f"{count} deliveries")
        return self.got[-1]

    async def _take(self, request: Request) -> Response:
        self.got.append(Got(dict(request.headers), (await request.body()).decode()))
        if self.hold is not None:
            await self.hold.wait()
        answer = self.answers.pop(0) if self.answers else 204
        return answer if isinstance(answer, Response) else Response(status_code=answer)
