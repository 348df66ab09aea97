"""The small libraries of the frontend, asked in a real browser: words, times, storage, and pages without script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from app.core.assets import Assets
from tests.browser.test_styleguide import guide, violations

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.server import Serve

ASSETS = Assets(Path(__file__).resolve().parents[2] / "frontend")
CATALOGUE = '{"Hello {name}": "Hallo {name}", "{n} person": {"one": "{n} Person", "other": "{n} Personen"}}'


def blank() -> Starlette:
    """A German page with a small catalogue and nothing else."""
    html = f'<!doctype html><html lang="de"><title>x</title><script type="application/json" id="catalogue">{CATALOGUE}</script></html>'

    async def page(_request: object) -> HTMLResponse:
        return HTMLResponse(html)

    return Starlette(routes=[Mount("/static", app=ASSETS), Route("/", page)])


async def answer(chromium: Browser, url: str, module: str, code: str) -> Any:
    """What ``code`` gives with the exports of ``module`` as ``m``, for a reader in New York."""
    context = await chromium.new_context(timezone_id="America/New_York", locale="de")
    page = await context.new_page()
    await page.goto(url)
    said = await page.evaluate(f"import('/static/src/lib/{module}.js').then(async (m) => {code})")
    await context.close()
    return said


async def test_words_come_from_the_catalogue_and_count_as_the_language_does(chromium: Browser, serve_app: Serve) -> None:
    url = (await serve_app(blank())).url
    code = "[m.t('Hello {name}', {name: 'Ada <b>'}), m.tn('{n} person', '{n} people', 1), m.tn('{n} person', '{n} people', 1204), m.t('Unknown {x}', {})]"
    assert await answer(chromium, url, "i18n", code) == ["Hallo Ada <b>", "1 Person", "1.204 Personen", "Unknown {x}"]


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0:00"), (7_400, "0:07"), (761_000, "12:41"), (3_723_000, "1:02:03"), (-5, "0:00")]
)
async def test_running_time_reads_as_a_clock(chromium: Browser, serve_app: Serve, milliseconds: int, text: str) -> None:
    url = (await serve_app(blank())).url
    assert await answer(chromium, url, "time", f"m.clock({milliseconds})") == text


@pytest.mark.parametrize(
    ("date", "time", "zone", "moment"),
    [
        ("2026-12-04", "15:00", "Europe/Brussels", "2026-12-04T14:00:00.000Z"),
        ("2026-07-04", "15:00", "Europe/Brussels", "2026-07-04T13:00:00.000Z"),
        ("2026-03-29", "03:30", "Europe/Brussels", "2026-03-29T01:30:00.000Z"),
        ("2026-10-25", "12:00", "Europe/Brussels", "2026-10-25T11:00:00.000Z"),
        ("2026-12-04", "09:30", "Asia/Kolkata", "2026-12-04T04:00:00.000Z"),
    ],
)
async def test_a_date_and_time_in_a_zone_is_one_moment(
    chromium: Browser, serve_app: Serve, date: str, time: str, zone: str, moment: str
) -> None:
    url = (await serve_app(blank())).url
    assert await answer(chromium, url, "time", f"m.zonedMoment('{date}', '{time}', '{zone}').toISOString()") == moment


async def test_only_allowed_names_are_stored(chromium: Browser, serve_app: Serve) -> None:
    url = (await serve_app(blank())).url
    code = "{ m.keep('volume', '0.4'); m.keep('seat:abc', 's'); let e = ''; try { m.keep('email', 'x') } catch (x) { e = x.message } return [{...sessionStorage}, m.remember('volume'), e] }"
    assert await answer(chromium, url, "storage", code) == [
        {"lectern.volume": "0.4", "lectern.seat:abc": "s"},
        "0.4",
        "email may not be stored. See lib/storage.js.",
    ]


async def test_pages_read_and_work_without_script(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(served.url)
    assert await page.locator(".tab-panel:visible").count() == 3
    assert await page.get_by_text("Friday 4 December 2026, 15:00 (CET)").count() >= 1
    assert await page.get_by_role("button", name="Light or dark").count() == 0
    await page.get_by_role("button", name="Actions", exact=True).click()
    assert await page.get_by_role("menuitem", name="Duplicate").is_visible()
    await context.close()


async def test_right_to_left_pages_are_accessible_and_do_not_overflow(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    context = await chromium.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(f"{served.url}/?lang=ar")
    await page.wait_for_selector("html[data-ready]", state="attached")
    assert await page.evaluate("[document.documentElement.dir, document.documentElement.scrollWidth <= innerWidth]") == [
        "rtl",
        True,
    ]
    assert await violations(page) == []
    await context.close()
