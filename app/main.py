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

from app.accounts import jobs as account_jobs
from app.accounts.current import StaffSessions
from app.accounts.pages import AccountPages
from app.accounts.passwords import Passwords
from app.core import http, i18n
from app.core.assets import Assets
from app.core.clock import Clock
from app.core.db import Base, Database
from app.core.errors import Problem
from app.core.jobs import Worker
from app.core.logging import RequestLog
from app.core.mail import Mailer
from app.core.metrics import Metrics, RequestCount
from app.core.security import BodyLimit, CrossOriginCheck, SecurityHeaders, WellFormed
from app.core.templates import Pages
from app.core.tokens import Tokens
from app.core.unit import Sink, Work
from app.live.broker import Broker, MemoryBroker
from app.live.broker_redis import RedisBroker
from app.live.commands import CommandTable
from app.live.commit import Committer
from app.live.endpoint import LiveEndpoint
from app.live.hub import Hub
from app.media.proxy import MediaProxy
from app.privacy.certificate import Signer
from app.privacy.erase.eraser import Erasing
from app.privacy.erase.pipeline import JOB, Pipeline
from app.privacy.guard import replay_missing
from app.privacy.ledger import Ledger
from app.privacy.map import DataMap
from app.privacy.scan import Files, Place, Redis
from app.privacy.vault import Vault
from app.protocol.codes import Close
from app.reports.privacy_pages import PrivacyPages
from app.rooms.eraser import RoomEraser
from app.rooms.live import RoomCommands
from app.rooms.pages import RoomPages
from app.rooms.seats import Seats
from app.rooms.snapshot import RoomState
from app.routes import url_map
from app.settings import Settings
from app.stores import STORES

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
STAFF_NAV = (
    ("webinars", "/admin", "video", "Webinars"),
    ("privacy", "/admin/privacy", "shield-check", "Privacy"),
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
    pages: Pages
    hub: Hub
    broker: Broker
    committer: Committer
    live: LiveEndpoint
    passwords: Passwords
    seats: Seats
    account_pages: AccountPages
    room_pages: RoomPages
    pipeline: Pipeline
    ledger: Ledger
    data_map: DataMap
    privacy_pages: PrivacyPages
    media_proxy: MediaProxy
    worker: Worker
    metrics: Metrics
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
    metrics = _metrics(hub)
    committer = Committer(work, table, metrics.committed)
    live = LiveEndpoint(
        origin=settings.origin,
        hub=hub,
        table=table,
        committer=committer,
        admit=seats.admit,
        translate=i18n.translate,
        clock=clock,
    )
    data_map = DataMap(Base.metadata, STORES)
    ledger = Ledger(settings.keys_path)
    pipeline = _pipeline(settings, work, vault, data_map, ledger)
    work.add_sink(_forget_erased(vault))
    passwords = Passwords()
    assets = Assets(FRONTEND)
    pages = Pages(assets, nav=STAFF_NAV, demo=settings.demo)
    return Parts(
        settings=settings,
        database=database,
        work=work,
        vault=vault,
        assets=assets,
        pages=pages,
        hub=hub,
        broker=broker,
        committer=committer,
        live=live,
        passwords=passwords,
        seats=seats,
        account_pages=AccountPages(settings, work, passwords),
        room_pages=RoomPages(settings, work, vault, seats),
        pipeline=pipeline,
        ledger=ledger,
        data_map=data_map,
        privacy_pages=PrivacyPages(settings, work, pipeline, data_map),
        media_proxy=MediaProxy(media_url or settings.media_url or f"http://{settings.media_host}:{settings.media_port}"),
        worker=_worker(settings, work, pages, pipeline, metrics),
        metrics=metrics,
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
            Middleware(RequestLog),
            Middleware(RequestCount, metrics=parts.metrics),
            Middleware(StaffSessions, settings=settings, work=parts.work),
        ],
        exception_handlers={Problem: http.on_problem, HTTPException: http.on_http_exception, Exception: http.on_fault},
    )
    # Inside Starlette's exception handling, so that a refusal becomes a page or a problem document.
    inner = BodyLimit(app.router.middleware_stack, settings.body_limit)
    app.router.middleware_stack = WellFormed(CrossOriginCheck(inner, settings))
    app.state.pages = parts.pages
    app.state.parts = parts
    return app


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """The parts at work: hub, committer, jobs."""
    # A database that came out of a backup serves nobody before it has seen the erasures it missed.
    await replay_missing(parts.work, parts.ledger, parts.pipeline)
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


def _pipeline(settings: Settings, work: Work, vault: Vault, data_map: DataMap, ledger: Ledger) -> Pipeline:
    """What erases, and where it looks afterwards."""
    return Pipeline(
        work,
        vault,
        data_map,
        ledger,
        Signer(settings.keys_path),
        erasers=[RoomEraser(vault)],
        places=_places(settings),
    )


def _worker(settings: Settings, work: Work, pages: Pages, pipeline: Pipeline, metrics: Metrics) -> Worker:
    """All kinds of background jobs."""
    handlers = {JOB: pipeline.handle, **account_jobs.handlers(settings, work, pages, Mailer(settings))}
    return Worker(work, handlers, outcome=metrics.job)


def _metrics(hub: Hub) -> Metrics:
    """The numbers of this process, with those that are read off the hub."""
    metrics = Metrics()
    metrics.watch("open_sockets", "Sockets open on this process", lambda: hub.sockets)
    metrics.watch("rooms", "Rooms this process keeps informed", lambda: hub.rooms)
    return metrics


def _places(settings: Settings) -> list[Place]:
    """Where the residue scan looks besides the database."""
    places: list[Place] = [Files([settings.data_dir])]
    if not settings.embedded:
        places.append(Redis(settings.broker_url))
    return places


def _forget_erased(vault: Vault) -> Sink:
    """Opened keys of erased people leave the memory of this process at once."""

    async def forget(announcements: Sequence[object]) -> None:
        for event in announcements:
            if isinstance(event, Erasing):
                vault.forget()

    return forget


def _demo_routes(settings: Settings) -> list[BaseRoute]:
    if not settings.demo:
        return []
    from app.demo.pages import routes

    return routes()
