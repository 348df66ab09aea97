"""``create_app(settings)``: the one place where the parts are joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app.accounts import jobs as account_jobs
from app.accounts import processors
from app.accounts.current import StaffSessions
from app.accounts.key_pages import KeyPages
from app.accounts.pages import AccountPages
from app.accounts.passwords import Passwords
from app.accounts.second_pages import SecondFactorPages
from app.accounts.trail import AuditTrail
from app.consent.mydata import MyData
from app.core import http, i18n
from app.core.assets import Assets, assets_of
from app.core.clock import Clock
from app.core.db import Base, Database
from app.core.errors import Problem
from app.core.faults import Faults
from app.core.garbage import Garbage
from app.core.jobs import Handler, Worker
from app.core.limits_redis import RedisCounters
from app.core.logging import RequestLog
from app.core.mail import Mailer, Outbox
from app.core.metrics import Metrics, RequestCount
from app.core.security import BodyLimit, CrossOriginCheck, SecurityHeaders, WellFormed
from app.core.templates import Pages
from app.core.tokens import Tokens
from app.core.unit import Sink, Work
from app.interaction import UPLOADS as ROOM_UPLOADS
from app.interaction import commands, pulse, room_features, room_state
from app.live.answers import Answers
from app.live.broker import Broker, MemoryBroker
from app.live.commands import CommandTable
from app.live.commit import Committer
from app.live.endpoint import LiveEndpoint
from app.live.hub import Hub
from app.live.minutes import Minutes
from app.media import videos
from app.media.api_videos import UPLOADS as API_VIDEO_UPLOADS
from app.media.caption_pages import CaptionPages
from app.media.converting import Converting
from app.media.embed_pages import EmbedPages
from app.media.language_pages import LanguagePages
from app.media.proxy import MediaProxy
from app.media.recording_pages import RecordingPages
from app.media.video_pages import UPLOADS as VIDEO_UPLOADS
from app.media.video_pages import VideoPages
from app.moderation.eraser import ModerationEraser
from app.privacy import voters
from app.privacy.certificate import Signer
from app.privacy.erase.eraser import Eraser, Erasing
from app.privacy.erase.pipeline import JOB, Pipeline
from app.privacy.files import Shelf, ShelfEraser
from app.privacy.guard import replay_missing
from app.privacy.ledger import Ledger
from app.privacy.map import DataMap
from app.privacy.plan import ENDS
from app.privacy.retention import EVERY, SWEEP, Retention
from app.privacy.scan import Files, Place, Redis
from app.privacy.vault import Vault
from app.protocol.codes import Close
from app.registration.fields import FieldTerms
from app.registration.label import declared as form_fields
from app.registration.parts import Registration
from app.registration.rounds import EVERY as ROUNDS_EVERY
from app.reports import breach_pages, retention_mail
from app.reports.account_pages import handlers as plan_handlers
from app.reports.agreement_pages import AgreementPages
from app.reports.api_features import api_features
from app.reports.export.files import EVERY as EXPORTS_EVERY
from app.reports.features import Given as GivenToReports
from app.reports.features import features as report_features
from app.reports.features import handlers as report_handlers
from app.reports.privacy_pages import Declared, PrivacyPages
from app.reports.request_mail import RequestMails
from app.reports.retention_mail import warn_account
from app.reports.webhook_fields import RegistrantFields
from app.rooms import epochs
from app.rooms.api_room import UPLOADS as API_UPLOADS
from app.rooms.door import Door
from app.rooms.eraser import RoomEraser
from app.rooms.first_words import FirstWords
from app.rooms.pages import RoomPages
from app.rooms.pulse import Pulse
from app.rooms.reactions import Reactions
from app.rooms.review import Review
from app.rooms.seats import Seats
from app.rooms.state_pages import UPLOADS, StatePages
from app.rooms.view_pages import ViewPages
from app.routes import url_map
from app.settings import Settings
from app.stores import STORES
from app.webhooks.work import Webhooks

PATIENCE = 5.0
"""Seconds a job at hand has at the end."""
FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
STAFF_NAV = (
    ("webinars", "/admin", "video", "Webinars"),
    ("privacy", "/admin/privacy", "shield-check", "Privacy"),
    ("integrations", "/admin/integrations", "plug", "Integrations"),
    ("team", "/admin/team", "users-round", "Team"),
    ("settings", "/admin/settings", "settings", "Settings"),
)


class Feature(Protocol):
    """Pages that nobody else needs by name."""

    def routes(self) -> list[Route]:
        """For the URL map."""
        ...


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
    table: CommandTable
    pulse: Pulse
    live: LiveEndpoint
    passwords: Passwords
    seats: Seats
    account_pages: AccountPages
    room_pages: RoomPages
    view_pages: ViewPages
    registration: Registration
    webhooks: Webhooks
    pipeline: Pipeline
    ledger: Ledger
    data_map: DataMap
    privacy_pages: PrivacyPages
    media_proxy: MediaProxy
    converting: Converting
    worker: Worker
    metrics: Metrics
    minutes: Minutes
    reactions: Reactions
    my_data: MyData
    features: Sequence[Feature]
    demo_routes: Sequence[BaseRoute]


def join_parts(settings: Settings, clock: Clock | None = None, media_url: str = "") -> Parts:
    """Make every part and hand each what it needs."""
    clock = clock or Clock()
    database = Database(settings)
    work = _work(settings, database, clock)
    vault = Vault(settings)
    seats = Seats(Tokens(settings.secret), work)
    hub = Hub(room_state(work, vault), clock, answers := Answers(clock), Review(work), vault.erasures)
    broker = _broker(settings, hub)
    _listen(work, vault, seats, hub)
    minutes, reactions = _counted(work, hub)
    table = commands(vault, settings, clock)
    metrics = _metrics(hub)
    committer = Committer(work, table, answers, metrics.committed, FirstWords(work, vault).prepare)
    data_map = DataMap(Base.metadata, STORES)
    ledger = Ledger(settings.keys_path)
    passwords = Passwords()
    assets, pages = _frontend(settings, clock)
    mailer = _mailer(settings)
    registration = Registration(settings, work, vault, seats, pages, mailer)
    webhooks = Webhooks(settings, work, vault, [RegistrantFields(vault)])
    pipeline = _pipeline(settings, work, vault, data_map, ledger, [registration.eraser, webhooks.eraser])
    declared = [form_fields, webhooks.declared]
    converting = Converting(settings, work, vault)
    more = [registration.handlers(), webhooks.handlers(pages, mailer), converting.handlers()]
    reports = GivenToReports(settings, work, vault, pipeline, data_map, seats, registration, table, webhooks, declared)
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
        table=table,
        pulse=pulse(work, vault),
        live=_live(settings, hub, table, committer, seats, clock),
        passwords=passwords,
        seats=seats,
        account_pages=AccountPages(settings, work, passwords, vault),
        room_pages=RoomPages(settings, work, vault, seats, registration.door, webhooks.leaves),
        view_pages=ViewPages(settings, work, Tokens(settings.secret), seats),
        registration=registration,
        webhooks=webhooks,
        pipeline=pipeline,
        ledger=ledger,
        data_map=data_map,
        privacy_pages=PrivacyPages(settings, work, pipeline, data_map, declared),
        media_proxy=MediaProxy(media_url or settings.media_url or f"http://{settings.media_host}:{settings.media_port}"),
        converting=converting,
        worker=_worker(reports, pages, metrics, mailer, more),
        metrics=metrics,
        minutes=minutes,
        reactions=reactions,
        my_data=reports.my_data,
        features=_features(settings, passwords, reports, webhooks, registration.door, declared),
        demo_routes=_demo_routes(settings, mailer),
    )


def command_table(settings: Settings) -> CommandTable:
    """All commands of a room, for documents and tests."""
    return commands(Vault(settings), settings, Clock())


class _Lectern(Starlette):
    """The web application; live sockets go past the layers that are there for pages."""

    live: LiveEndpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if self.live.serves(scope):
            await self.live(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, clock: Clock | None = None, media_url: str = "") -> Starlette:
    """The web application."""
    parts = join_parts(settings, clock, media_url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(parts):
            yield

    app = _Lectern(
        routes=url_map(parts),
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders, settings=settings),
            Middleware(RequestLog),
            Middleware(RequestCount, metrics=parts.metrics),
            Middleware(Faults),
            Middleware(StaffSessions, settings=settings, work=parts.work),
            Middleware(AuditTrail, work=parts.work),
        ],
        exception_handlers={Problem: http.on_problem, HTTPException: http.on_http_exception},
    )
    # Inside Starlette's exception handling, so that a refusal becomes a page or a problem document.
    uploads = (*UPLOADS, *ROOM_UPLOADS, *VIDEO_UPLOADS, *API_UPLOADS, *API_VIDEO_UPLOADS)
    inner = BodyLimit(app.router.middleware_stack, settings.body_limit, uploads)
    app.router.middleware_stack = WellFormed(CrossOriginCheck(inner, settings))
    app.live = parts.live
    app.state.pages = parts.pages
    app.state.parts = parts
    return app


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """The parts at work: hub, committer, jobs."""
    # A database that came out of a backup serves nobody before it has seen the erasures it missed.
    await replay_missing(parts.work, parts.ledger, parts.pipeline)
    await epochs.after_restore(parts.work, parts.settings.data_dir)
    tasks = [asyncio.create_task(parts.hub.run()), asyncio.create_task(parts.committer.run())]
    tasks.append(asyncio.create_task(parts.pulse.run()))
    tasks += [asyncio.create_task(parts.minutes.run()), asyncio.create_task(parts.reactions.run())]
    finishing: list[asyncio.Task[None]] = []
    if parts.settings.workers_embedded:
        parts.work.on_enqueued = parts.worker.wake
        finishing = [asyncio.create_task(parts.worker.run()), asyncio.create_task(parts.webhooks.dispatcher.run())]
    garbage = Garbage(lambda: parts.hub.sockets)
    tasks.append(asyncio.create_task(garbage.run()))
    garbage.start()
    try:
        yield
    finally:
        parts.hub.close_all(Close.RESTART)
        parts.worker.stop()
        await parts.pulse.stop()
        parts.webhooks.dispatcher.stop()
        if finishing:
            # Cut off within a transaction, a job would leave PostgreSQL's connection with half a message in it.
            await asyncio.wait(finishing, timeout=PATIENCE)
        tasks += finishing
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.webhooks.dispatcher.close()
        await parts.converting.close()
        await parts.media_proxy.close()
        await parts.broker.close()
        await parts.work.counters.close()
        await parts.database.close()


def _features(
    settings: Settings,
    passwords: Passwords,
    reports: GivenToReports,
    webhooks: Webhooks,
    door: Door,
    declared: Sequence[Declared],
) -> Sequence[Feature]:
    """Pages in a list; a new feature adds a line here and nowhere else."""
    work, vault = reports.work, reports.vault
    return [
        SecondFactorPages(settings, work, passwords, vault),
        StatePages(work, vault),
        *room_features(settings, work, vault),
        RecordingPages(settings, work, vault, door),
        VideoPages(settings, work, vault),
        LanguagePages(settings, work),
        CaptionPages(settings, work, vault, door),
        EmbedPages(work, Seats(Tokens(settings.secret), work), door, settings.origin),
        *report_features(reports),
        *api_features(reports),
        KeyPages(work),
        webhooks.pages,
        AgreementPages(settings, work, vault, reports.data_map, declared),
    ]


def _frontend(settings: Settings, clock: Clock) -> tuple[Assets, Pages]:
    """Files of the pages, and the pages made of them."""
    assets = assets_of(FRONTEND)
    return assets, Pages(assets, settings.data_dir / "compiled", nav=STAFF_NAV, demo=settings.demo, now=clock.now)


def _listen(work: Work, vault: Vault, seats: Seats, hub: Hub) -> None:
    """Who hears what was committed. The hub last: when sockets hear of an erasure, nothing of it can be read any more."""
    for sink in (_forget_erased(vault), seats.heard, hub.announced):
        work.add_sink(sink)


def _counted(work: Work, hub: Hub) -> tuple[Minutes, Reactions]:
    """What is counted and knows nobody."""
    minutes = Minutes(work, hub.present)
    reactions = Reactions(work, minutes.add)
    work.add_sink(reactions.heard)
    return minutes, reactions


def _work(settings: Settings, database: Database, clock: Clock) -> Work:
    """The door to the database; processes that share a broker count tries together."""
    work = Work(database, clock)
    if not settings.embedded:
        work.counters = RedisCounters(settings.broker_url, settings.secret, clock)
    return work


def _broker(settings: Settings, hub: Hub) -> Broker:
    """What carries changes to the hubs of other processes."""
    broker: Broker
    if settings.embedded:
        broker = MemoryBroker(hub.heard)
    else:
        from app.live.broker_redis import RedisBroker

        broker = RedisBroker(settings.broker_url, settings.secret, hub.heard)
    hub.attach(broker)
    return broker


def _live(settings: Settings, hub: Hub, table: CommandTable, committer: Committer, seats: Seats, clock: Clock) -> LiveEndpoint:
    """Where sockets come in."""
    return LiveEndpoint(
        origin=settings.origin,
        hub=hub,
        table=table,
        committer=committer,
        admit=seats.admit,
        translate=i18n.translate,
        clock=clock,
    )


def _mailer(settings: Settings) -> Outbox:
    """The operator's mail server; a demo without one keeps its mails on a page of its own."""
    if settings.demo and not settings.smtp_url:
        from app.demo.mailbox import DemoMailbox

        return DemoMailbox(settings)
    return Mailer(settings)


def _pipeline(
    settings: Settings, work: Work, vault: Vault, data_map: DataMap, ledger: Ledger, erasers: Sequence[Eraser]
) -> Pipeline:
    """What erases, and where it looks afterwards."""
    return Pipeline(
        work,
        vault,
        data_map,
        ledger,
        Signer(settings.keys_path),
        erasers=[
            RoomEraser(vault),
            ModerationEraser(vault),
            *erasers,
            voters.VoterEraser(vault),
            ShelfEraser(Shelf(settings.data_dir), Base.metadata),
        ],
        places=_places(settings),
    )


def _worker(
    reports: GivenToReports, pages: Pages, metrics: Metrics, mailer: Outbox, more: Sequence[Mapping[str, Handler]]
) -> Worker:
    """All kinds of background jobs."""
    settings, work, vault, pipeline = reports.settings, reports.work, reports.vault, reports.pipeline
    retention = Retention(work, pipeline, Base.metadata, warn_account, terms=[FieldTerms()])
    handlers: dict[str, Handler] = {
        JOB: pipeline.handle,
        **voters.handlers(vault),
        **retention.handlers(),
        **retention_mail.handlers(settings, work, pages, mailer),
        **account_jobs.handlers(settings, work, pages, mailer),
        **report_handlers(reports),
        **RequestMails(settings, work, vault, pages, mailer, reports.my_data).handlers(),
        **plan_handlers(reports, pages, mailer),
        **breach_pages.handlers(settings, work, pages, mailer),
    }
    for each in more:
        handlers |= each
    return Worker(
        work,
        handlers,
        every={SWEEP: EVERY, ENDS: EVERY, processors.LOOK: processors.EVERY, **EXPORTS_EVERY, **ROUNDS_EVERY, **videos.EVERY},
        first=(JOB, voters.CLOSE),
        outcome=metrics.job,
    )


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
    """What erased people wrote cannot be read from the moment their erasure is asked for."""

    async def forget(announcements: Sequence[object]) -> None:
        for event in announcements:
            if isinstance(event, Erasing):
                vault.forget()
                if event.target.persons:
                    await vault.shut_persons(event.target.webinar_id, event.target.persons)

    return forget


def _demo_routes(settings: Settings, mailer: Outbox) -> list[BaseRoute]:
    if not settings.demo:
        return []
    from app.demo.mailbox import DemoMailbox
    from app.demo.pages import routes

    return [*routes(), *(mailer.routes() if isinstance(mailer, DemoMailbox) else ())]
