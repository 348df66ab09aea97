"""How fast people can register, and how fast the list of 100,000 of them answers.

bin/bench forms [--quick]

Sign-ups through the real server, with questions, sealing, consent and the mail's job, each answered after its commit; beside a bare
Starlette form that writes one plain row with the same kind of commit, in the same run. Then the first byte of the list's pages.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import insert, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from app.core.ids import new_id
from app.core.permissions import Role
from app.main import create_app
from app.registration import fields, policy
from app.registration.form import Choice, Field, Policy
from app.registration.models import Registrant
from app.registration.pages import SignUpPages
from app.rooms.models import Webinar
from app.settings import Settings, complete
from bench._report import finish, goal
from tests.support.product import Product, make_tables
from tests.support.server import listen, start

LIST_GOAL_MS = 300.0
FORM = (
    Field(identifier="company", kind="line", labels={"en": "Company"}, purpose="to prepare the talk"),
    Field(
        identifier="lunch",
        kind="choice",
        labels={"en": "Lunch"},
        purpose="to order lunch",
        choices=(Choice("meat", {"en": "Meat"}), Choice("vegan", {"en": "Vegan"})),
    ),
)
Sender = Callable[[httpx2.AsyncClient, int], Awaitable[None]]


@asynccontextmanager
async def served(folder: Path) -> Any:
    """The product on SQLite, and a webinar with a form."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(complete(Settings(data_dir=folder / "data", public_url=url, workers_embedded=False)))
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    # Thousands from one address are this bench, not a flood.
    for route in app.routes:
        owner = getattr(getattr(route, "endpoint", None), "__self__", None)
        if isinstance(owner, SignUpPages):
            owner._by_address._tries = owner._by_email._tries = 10**9
    server = await start(app, listener, access_log=False)
    product = Product(url, app.state.parts)
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    webinar = await product.webinar(account, starts_at=datetime.now(UTC) + timedelta(days=3))
    async with product.work.unit() as unit:
        await policy.save(unit, webinar, Policy(mode="open", ask_name="required", ask_email="required"))
        await fields.save(unit, webinar.id, FORM)
    try:
        yield product, webinar
    finally:
        await server.stop()


async def sign_ups(product: Product, webinar: Webinar, number: int, at_once: int) -> dict[str, float]:
    """Send the form ``number`` times."""

    async def send(client: httpx2.AsyncClient, at: int) -> None:
        data = {"name": f"Ada {at}", "email": f"ada{at}@example.org", "q_company": "Looms", "q_lunch": "vegan"}
        answer = await client.post(f"/w/{webinar.slug}", data=data)
        assert answer.status_code == 303, answer.text[:500]

    return await timed(product.url, send, number, at_once)


async def bare(folder: Path, number: int, at_once: int) -> dict[str, float]:
    """The same number through a form that keeps one plain row, with the same database, journal and sync."""
    app = create_app(complete(Settings(data_dir=folder / "bare", public_url="http://127.0.0.1", workers_embedded=False)))
    work = app.state.parts.work
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with work.unit() as unit:
        await unit.session.execute(
            text("CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT UNIQUE, name TEXT, a TEXT, b TEXT)")
        )

    async def form(request: Request) -> RedirectResponse:
        values = await request.form()
        async with work.unit() as unit:
            row = {"id": new_id(), **{name: str(values[name]) for name in ("email", "name", "a", "b")}}
            await unit.session.execute(text("INSERT INTO person VALUES (:id, :email, :name, :a, :b)"), row)
        return RedirectResponse("/sent", 303)

    async def send(client: httpx2.AsyncClient, at: int) -> None:
        data = {"name": f"Ada {at}", "email": f"ada{at}@example.org", "a": "Looms", "b": "vegan"}
        assert (await client.post("/", data=data)).status_code == 303

    server = await start(Starlette(routes=[Route("/", form, methods=["POST"])]), access_log=False)
    try:
        return await timed(server.url, send, number, at_once)
    finally:
        await server.stop()
        await app.state.parts.database.close()


async def timed(url: str, send: Sender, number: int, at_once: int) -> dict[str, float]:
    """Requests per second and the 99th percentile in milliseconds, ``at_once`` people pressing the button together."""
    waits: list[float] = []
    numbers = iter(range(number))

    async def person() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            for at in numbers:
                started = time.perf_counter()
                await send(client, at)
                waits.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    seconds = time.perf_counter() - started
    return {"per second": number / seconds, "p50 ms": statistics.median(waits), "p99 ms": statistics.quantiles(waits, n=100)[98]}


async def fill(product: Product, webinar: Webinar, number: int) -> None:
    """Sealed registrants, each under a key of their own."""
    for begin in range(0, number, 5000):
        persons = [new_id() for _ in range(min(5000, number - begin))]
        boxes = await product.parts.vault.make(webinar.id, persons)
        outer = await product.parts.vault.box(webinar.id)
        rows = [_row(webinar.id, person, boxes[person], outer, begin + at) for at, person in enumerate(persons)]
        async with product.work.unit() as unit:
            await unit.session.execute(insert(Registrant), rows)


def _row(webinar_id: str, person: str, box: Any, outer: Any, number: int) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=number)
    email = f"person{number}@example.com"
    return {
        "id": person, "webinar_id": webinar_id, "state": ("confirmed", "approval")[number % 10 == 0], "source": "import", "lang": "en",
        "zone": "UTC", "name": box.seal(f"Person {number:06}", f"registrant.name|{person}"), "shown_name": b"",
        "email": box.seal(email, f"registrant.email|{person}"), "email_index": outer.blind(email, "registrant.email"),
        "mark": new_id(), "session": "", "made_at": at, "changed_at": at, "expires_at": None, "attended_at": None,
    }  # fmt: skip


async def list_pages(product: Product, webinar: Webinar, number: int) -> dict[str, float]:
    """Milliseconds to the first byte: the first page, a deep one, a search before and after the list is open, sorted by name."""
    figures: dict[str, float] = {}
    async with httpx2.AsyncClient(base_url=product.url, timeout=60, trust_env=False, headers={"Accept": "text/html"}) as owner:
        await product.sign_in(owner, "owner@example.org")
        base = f"/admin/webinars/{webinar.id}/registrants"

        async def first_byte(query: str) -> float:
            started = time.perf_counter()
            async with owner.stream("GET", base + query) as answer:
                assert answer.status_code == 200
                async for _ in answer.aiter_raw():
                    return (time.perf_counter() - started) * 1000
            raise AssertionError("no answer")

        # A process makes its templates ready once, with the first page of anybody.
        figures["(first page of all, templates made ready)"] = await first_byte("?state=denied")
        figures["search, list not open yet"] = await first_byte("?q=person+004242")
        began = time.perf_counter()
        await product.parts.registration.directory.ordered(webinar.id, "made", patience=300)
        figures["(opening the list for search)"] = (time.perf_counter() - began) * 1000
        for name, query in {
            "first page": "",
            "last page": f"?page={number // 50}",
            "one state": "?state=approval",
            "search": "?q=person+004242",
            "sorted by name": "?sort=name",
        }.items():
            figures[name] = statistics.median([await first_byte(query) for _ in range(5)])
    return figures


async def measure(number: int, people: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """All of it."""
    with tempfile.TemporaryDirectory() as folder:
        forms: dict[str, dict[str, float]] = {}
        async with served(Path(folder)) as (product, webinar):
            forms["Lectern: sealed, queued, committed"] = await sign_ups(product, webinar, number, 16)
            forms["bare Starlette form, plain row"] = await bare(Path(folder), number, 16)
            await fill(product, webinar, people)
            pages = await list_pages(product, webinar, people)
        return forms, pages


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sign-ups; the list stays at 100,000")
    number = 200 if parser.parse_args().quick else 2000
    forms, pages = asyncio.run(measure(number, 100_000))
    ours, peer = list(forms.values())
    rows: list[dict[str, object]] = [{"form": name, **values} for name, values in forms.items()]
    rows += [{"form": f"list of 100,000: {name}", "p50 ms": value} for name, value in pages.items()]
    figures = {
        "sign_ups_per_second": ours["per second"], "sign_up_p99_ms": ours["p99 ms"], "bare_per_second": peer["per second"],
        "bare_p99_ms": peer["p99 ms"], "ratio": ours["per second"] / peer["per second"],
        **{f"list_{name.replace(' ', '_').replace(',', '').strip('()')}_ms": value for name, value in pages.items()},
    }  # fmt: skip
    goals = [goal(f"first byte, {name}", value, LIST_GOAL_MS, reach="at most") for name, value in pages.items() if name[0] != "("]
    method = "SQLite (WAL, synchronous=FULL) on this disk, 16 people at once, load and server in one process"
    finish("forms", method, rows, figures, goals)


if __name__ == "__main__":
    main()
