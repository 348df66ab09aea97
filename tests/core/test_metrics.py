"""The numbers on their own port."""

from __future__ import annotations

import httpx2
import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.jobs import Worker
from app.core.metrics import Metrics, RequestCount, metrics_page
from app.settings import Settings
from tests.support.product import Product
from tests.support.server import Serve
from tests.support.until import until

CANARY = "canary-7f3a"


class Nothing(msgspec.Struct):
    """A payload without ids."""


async def read(metrics: Metrics, port: int) -> str:
    async with metrics_page(Settings(metrics_port=port), metrics), httpx2.AsyncClient(trust_env=False) as client:

        async def page() -> str:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx2.HTTPError:
                return ""

        return str(await until(page, what="the metrics page answers"))


async def test_what_happens_is_counted_and_nobody_is_named(product: Product, free_port: int) -> None:
    webinar = await product.webinar(await product.account())
    async with product.client() as client, product.join(webinar.id) as guest:
        assert (await client.get(f"/w/{webinar.slug}?token={CANARY}")).status_code == 200
        assert (await client.get(f"/{CANARY}")).status_code == 404
        assert (await client.request(CANARY.upper(), "/")).status_code >= 400
        assert (await guest.ask("chat.say", text=CANARY))["type"] == "ok"
        text = await read(product.parts.metrics, free_port)
    for line in (
        "lectern_open_sockets 1.0",
        "lectern_rooms 1.0",
        "lectern_commands_committed_total 1.0",
        "lectern_commit_group_size_count 1.0",
        'lectern_http_requests_total{method="GET",route="/w/{slug}",status="200"} 1.0',
        'lectern_http_requests_total{method="GET",route="none",status="404"} 1.0',
    ):
        assert line in text, text
    for secret in (CANARY, CANARY.upper(), webinar.id, webinar.slug, guest.person):
        assert secret not in text


async def test_jobs_are_counted_by_outcome(product: Product, free_port: int) -> None:
    async def good(_payload: bytes) -> None:
        return

    async def bad(_payload: bytes) -> None:
        raise RuntimeError

    metrics = Metrics()
    product.parts.worker.stop()
    async with product.work.unit() as unit:
        unit.enqueue("test.good", Nothing())
        unit.enqueue("test.bad", Nothing())
    assert await Worker(product.work, {"test.good": good, "test.bad": bad}, outcome=metrics.job).run_due() == 2
    text = await read(metrics, free_port)
    assert 'lectern_jobs_total{kind="test.good",outcome="done"} 1.0' in text
    assert 'lectern_jobs_total{kind="test.bad",outcome="failed"} 1.0' in text


async def test_a_fault_of_ours_is_counted(serve_app: Serve, free_port: int) -> None:
    async def fails(_request: Request) -> Response:
        raise RuntimeError

    metrics = Metrics()
    app = Starlette(routes=[Route("/fails/{what}", fails)], middleware=[Middleware(RequestCount, metrics=metrics)])
    served = await serve_app(app, log_level="critical")
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{served.url}/fails/{CANARY}")).status_code == 500
    line = 'lectern_http_requests_total{method="GET",route="/fails/{what}",status="500"} 1.0'
    assert line in await read(metrics, free_port)


async def test_without_a_port_there_is_no_page() -> None:
    async with metrics_page(Settings(), Metrics()):
        assert Settings().metrics_port == 0
