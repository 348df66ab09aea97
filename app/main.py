"""``create_app(settings)``: the one place where the parts are joined."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from app.accounts.current import StaffSessions
from app.accounts.pages import AccountPages
from app.accounts.passwords import Passwords
from app.core import http, i18n
from app.core.assets import Assets
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Problem
from app.core.jobs import Worker
from app.core.security import BodyLimit, CrossOriginCheck, SecurityHeaders
from app.core.templates import Pages
from app.core.tokens import Tokens
from app.core.unit import Work
from app.live.broker import Broker, MemoryBroker
from app.live.broker_redis import RedisBroker
from app.live.commands import CommandTable
from app.live.commit import Committer
from app.live.endpoint import LiveEndpoint
from app.live.hub import Hub
from app.media.proxy import MediaProxy
from app.privacy.vault import Vault
from app.protocol.codes import Close
from app.rooms.live import RoomCommands
from app.rooms.pages import RoomPages
from app.rooms.seats import Seats
from app.rooms.snapshot import RoomState
from app.routes import url_map
from app.settings import Settings

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
STAFF_NAV = (
    ("webinars", "/admin", "video", "Webinars"),
    ("team", "/admin/team", "users-round", "Team"),
    ("settings", "/admin/settings", "settings", "Settings"),
)


class Parts(msgspec.Struct):
    """All parts of a running web process."""

    settings: Settings
    database: Database
    work: Work
    vault: Vault
    assets: Assets
    hub: Hub
    broker: Broker
    committer: Committer
    live: LiveEndpoint
    passwords: Passwords
    seats: Seats
    account_pages: AccountPages
    room_pages: RoomPages
    media_proxy: MediaProxy
    worker: Worker
    demo_routes: Sequence[BaseRoute]


def join_parts(settings: Settings, clock: Clock | None = None, media_url: str = "") -> Parts:
    """Make every part and hand each what it needs."""
    clock = clock or Clock()
    database = Database(settings)
    work = Work(database, clock)
    vault = Vault(settings)
    seats = Seats(Tokens(settings.secret), work)
    hub = Hub(RoomState(work, vault), clock)
    broker: Broker = (
        MemoryBroker(hub.heard) if settings.embedded else RedisBroker(settings.broker_url, settings.secret, hub.heard)
    )
    hub.attach(broker)
    work.add_sink(hub.announced)
    table = CommandTable(RoomCommands(vault).commands())
    committer = Committer(work, table)
    live = LiveEndpoint(
        origin=settings.origin,
        hub=hub,
        table=table,
        committer=committer,
        admit=seats.admit,
        translate=i18n.translate,
        clock=clock,
    )
    passwords = Passwords()
    return Parts(
        settings=settings,
        database=database,
        work=work,
        vault=vault,
        assets=Assets(FRONTEND),
        hub=hub,
        broker=broker,
        committer=committer,
        live=live,
        passwords=passwords,
        seats=seats,
        account_pages=AccountPages(settings, work, passwords),
        room_pages=RoomPages(settings, work, vault, seats),
        media_proxy=MediaProxy(media_url or settings.media_url or f"http://{settings.media_host}:{settings.media_port}"),
        worker=Worker(work, {}),
        demo_routes=_demo_routes(settings),
    )


def create_app(settings: Settings, clock: Clock | None = None, media_url: str = "") -> Starlette:
    """The web application."""
    parts = join_parts(settings, clock, media_url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(parts):
            yield

    app = Starlette(
        routes=url_map(parts),
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders, settings=settings),
            Middleware(StaffSessions, settings=settings, work=parts.work),
        ],
        exception_handlers={Problem: http.on_problem, HTTPException: http.on_http_exception, Exception: http.on_fault},
    )
    # Inside Starlette's exception handling, so that a refusal becomes a page or a problem document.
    app.router.middleware_stack = CrossOriginCheck(BodyLimit(app.router.middleware_stack, settings.body_limit), settings)
    app.state.pages = Pages(parts.assets, nav=STAFF_NAV, demo=settings.demo)
    app.state.parts = parts
    return app


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """The parts at work: hub, committer, jobs."""
    tasks = [asyncio.create_task(parts.hub.run()), asyncio.create_task(parts.committer.run())]
    if parts.settings.workers_embedded:
        tasks.append(asyncio.create_task(parts.worker.run()))
    # What exists now lives as long as the process: never look at it again, and look less often while many people join.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    try:
        yield
    finally:
        parts.hub.close_all(Close.RESTART)
        parts.worker.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.media_proxy.close()
        await parts.broker.close()
        await parts.database.close()


def _demo_routes(settings: Settings) -> list[BaseRoute]:
    if not settings.demo:
        return []
    from app.demo.pages import routes

    return routes()
