"""The room page under load: 200 messages a second in a real Chromium; how long the page works for each frame.

bin/bench room_page [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import websockets
from playwright.async_api import Browser, Page, async_playwright

from app.core.ids import new_id
from app.core.permissions import Role
from bench._report import finish, goal
from tests.support.chromium import FLAGS
from tests.support.product import Product, product_on
from tests.support.server import Served, start

RATE = 200
SPEAKERS = 10
WORK_GOAL = 100.0
"""Milliseconds of work between two frames (the issue's figure)."""

WATCH = """() => {
  window.frames_ = []; let last = performance.now();
  const step = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(step) };
  requestAnimationFrame(step);
}"""
TOP_ROW = """() => {
  const box = document.querySelector(".chat-list").getBoundingClientRect();
  const row = [...document.querySelectorAll(".chat-row")].find((one) => one.getBoundingClientRect().bottom > box.top + 40);
  return {key: row.dataset.key, top: row.getBoundingClientRect().top};
}"""
WHERE = "(key) => document.querySelector(`[data-key='${key}']`)?.getBoundingClientRect().top ?? 1e6"
SEEN = "(() => { const all = document.querySelector('room-chat').room.all('message'); return [all.length, document.querySelectorAll('.chat-row').length] })()"


async def talk(product: Product, webinar: str, seconds: float, rate: float) -> int:
    """One of the crew who says ``rate`` messages a second; returns how many were taken."""
    person, said = new_id(), 0
    ticket = product.parts.seats.crew(webinar, person, "Speaker", Role.PRESENTER, f"session-of-{person}", "en")
    address = f"{product.url.replace('http', 'ws')}/live/{webinar}"
    async with websockets.connect(address, origin=websockets.Origin(product.url), proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
        reader = asyncio.create_task(_drain(socket))
        started = time.monotonic()
        while (at := time.monotonic() - started) < seconds:
            while said < at * rate:
                said += 1
                text = f"Message {said}: what a lovely morning for a webinar about bees, with a link https://example.org/{said}."
                line = {"id": said, "type": "chat.say", "ref": new_id(), "text": text}
                await socket.send(json.dumps(line))
            await asyncio.sleep(0.01)
        reader.cancel()
    return said


async def _drain(socket: websockets.ClientConnection) -> None:
    async for _ in socket:
        pass


async def measure(page: Page, browser: Browser, product: Product, webinar: str, seconds: float) -> dict[str, Any]:
    """Talk for ``seconds`` while ``page`` looks on; what browser and page say about it."""
    await page.evaluate(WATCH)
    await browser.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline"])
    await asyncio.gather(*(talk(product, webinar, seconds, RATE / SPEAKERS) for _ in range(SPEAKERS)))
    work = tasks(await browser.stop_tracing())
    frames = sorted(await page.evaluate("window.frames_"))
    kept, drawn = await page.evaluate(SEEN)
    return {
        "frames_per_second": round(len(frames) / seconds, 1),
        "frame_p99_ms": round(frames[int(len(frames) * 0.99)], 1),
        "work_p50_ms": round(statistics.median(work), 2),
        "work_p99_ms": round(work[int(len(work) * 0.99)], 1),
        "longest_work_ms": round(work[-1], 1),
        "main_thread_share": round(sum(work) / seconds / 1000, 3),
        "messages_kept": kept,
        "rows_drawn": drawn,
    }


def tasks(trace: bytes) -> list[float]:
    """Milliseconds of processor time of each task of the page's main thread, shortest first.

    Processor time, because everything here shares one machine: a page that waits for its turn does not work.
    """
    events = json.loads(trace)["traceEvents"]
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e.get("name") == "thread_name"}
    runs = [e for e in events if e.get("name") == "RunTask" and names.get((e["pid"], e["tid"])) == "CrRendererMain"]
    busiest = max({e["pid"] for e in runs}, key=lambda pid: sum(e.get("tdur", 0) for e in runs if e["pid"] == pid))
    return sorted(e["tdur"] / 1000 for e in runs if e["pid"] == busiest and e.get("tdur", 0) > 500)


async def open_room(browser: Browser, product: Product, slug: str) -> Page:
    """Somebody in the room."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 800})).new_page()
    await page.goto(f"{product.url}/w/{slug}/room")
    await page.wait_for_selector("room-chat textarea")
    await page.wait_for_selector("html[data-ready]", state="attached")
    return page


async def run(seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Once at the end of the list, once reading further up."""
    with tempfile.TemporaryDirectory() as folder:
        running: list[Served] = []

        async def serve(*given: Any, **options: Any) -> Served:
            running.append(await start(*given, **options))
            return running[-1]

        async with product_on(Path(folder), serve) as product, async_playwright() as playwright:
            row = await product.webinar(await product.account())
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = await open_room(browser, product, row.slug)
            at_end = await measure(page, browser, product, row.id, seconds)
            await page.evaluate("document.querySelector('.chat-list').scrollTop -= 400")
            await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            before = await page.evaluate(TOP_ROW)
            further_up = await measure(page, browser, product, row.id, min(seconds, 20))
            further_up["moved_px"] = round((await page.evaluate(WHERE, before["key"])) - before["top"], 1)
            await browser.close()
            for served in running:
                await served.stop()
    return at_end, further_up


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 seconds instead of a minute")
    seconds = 10.0 if parser.parse_args().quick else 60.0
    at_end, further_up = asyncio.run(run(seconds))
    rows = [{"reader": "at the end", **at_end}, {"reader": "further up", **further_up}]
    worst = max(at_end["longest_work_ms"], further_up["longest_work_ms"])
    figures = {**at_end, "further_up_longest_work_ms": further_up["longest_work_ms"]}
    method = f"{RATE} messages a second for {seconds:g} s; server, speakers and Chromium on this machine together"
    goals = [
        goal("longest work for one frame, ms", worst, WORK_GOAL, reach="at most"),
        goal("what is read further up moved, px", abs(further_up["moved_px"]), 1, reach="at most"),
    ]
    finish("room_page", method, rows, figures, goals)


if __name__ == "__main__":
    main()
