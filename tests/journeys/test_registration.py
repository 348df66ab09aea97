"""From the form to the room: mail read from a real SMTP server, calendar read by a library, one open place at a time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import websockets
from icalendar import Calendar

from app.protocol.codes import Close
from app.registration.jobs import EXPIRE
from app.rooms.models import Webinar
from tests.registration.stand import COMPANY, DIET, Desk, desk_on, link_in
from tests.support.server import Serve
from tests.support.smtp import Mailbox

ADA = "ada@example.org"


@pytest.fixture
async def desk(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Desk]:
    async with desk_on(tmp_path, serve_app, smtp_server) as made:
        await made.set(COMPANY, DIET, ask_email="required", ask_name="optional")
        yield made


def calendar_of(mail: EmailMessage) -> Any:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Calendar.from_ical(content)


async def enter(desk: Desk, path: str, shown_name: str = "") -> dict[str, Any]:
    """Press the button of the personal link; what the room's page carries."""
    async with desk.product.client() as visitor:
        pressed = await visitor.post(path, data={"shown_name": shown_name})
        assert pressed.status_code == 303, pressed.text
        room = await visitor.get(pressed.headers["location"])
        assert room.status_code == 200
        assert "Your e-mail address" in room.text, "the room's label says what the form asked"
        found = re.search(r'id="boot">(.*?)</script>', room.text)
        assert found
        boot: dict[str, Any] = json.loads(found[1])
        assert (await visitor.get(pressed.headers["location"])).status_code == 200, "loading the page again keeps the place"
        return boot


async def sit(desk: Desk, boot: dict[str, Any]) -> tuple[websockets.ClientConnection, dict[str, Any]]:
    address = f"{desk.product.url.replace('http', 'ws')}{boot['live']}"
    socket = await websockets.connect(address, origin=websockets.Origin(desk.product.url), proxy=None)
    await socket.send(json.dumps({"type": "hello", "ticket": boot["ticket"]}))
    welcome: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return socket, welcome


async def test_from_the_form_to_the_room(desk: Desk) -> None:
    form = await desk.get(desk.path)
    assert "Company" in form.text
    assert "Your data here" in form.text
    sent = await desk.post({"name": "Ada L.", "email": ADA, "q_company": "Looms", "q_diet": "vegan", "zone": "America/New_York"})
    assert sent.headers["location"] == f"{desk.path}/sent"
    assert await desk.states() == ["pending"]
    assert (await desk.get(f"{desk.path}/room")).headers["location"] == desk.path, "nobody comes in without a place"
    await desk.jobs()
    pressed = await desk.confirm(ADA)
    assert pressed.headers["location"].startswith(f"{desk.path}/enter/")
    assert await desk.states() == ["confirmed"]
    await desk.jobs()
    mail = await desk.mailbox.arrives(ADA, count=2)
    assert mail["Subject"] == f"You are registered: {desk.webinar.title}"
    [row] = await desk.registrants()
    boot = await enter(desk, link_in(mail, "enter"), "Countess")
    socket, welcome = await sit(desk, boot)
    assert (welcome["you"]["id"], welcome["you"]["name"]) == (row.id, "Countess")
    await socket.close()


async def test_the_mail_says_both_times_and_brings_a_calendar_file_and_the_way_to_ones_data(desk: Desk) -> None:
    await desk.post({"email": ADA, "zone": "America/New_York"})
    await desk.jobs()
    await desk.confirm(ADA)
    await desk.jobs()
    mail = await desk.mailbox.arrives(ADA, count=2)
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "(America/New York)" in text.get_content()
    assert "(Europe/Brussels)" in text.get_content()
    assert re.search(r"http://\S+/me/[\w.-]+", text.get_content())
    assert "/me/" in html.get_content()
    calendar = calendar_of(mail)
    [event] = calendar.walk("VEVENT")
    assert str(event["UID"]) == f"{desk.webinar.id}@lectern"
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert event["DTSTART"].dt == desk.webinar.starts_at
    assert str(event["DTSTART"].params["TZID"]) == "Europe/Brussels"
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Brussels"]


async def test_giving_the_place_back_takes_the_entry_out_of_the_calendar(desk: Desk) -> None:
    from app.registration import signup

    await desk.post({"email": ADA})
    await desk.jobs()
    await desk.confirm(ADA)
    [row] = await desk.registrants()
    async with desk.product.work.unit() as unit:
        (await unit.session.get_one(Webinar, desk.webinar.id)).entity_seq += 1
        await signup.cancel(unit, desk.webinar.id, row.id)
    await desk.jobs()
    calendar = calendar_of(await desk.mailbox.arrives(ADA, count=3))
    [event] = calendar.walk("VEVENT")
    assert (str(calendar["METHOD"]), str(event["STATUS"]), int(event["SEQUENCE"])) == ("CANCEL", "CANCELLED", 1)
    assert str(event["UID"]) == f"{desk.webinar.id}@lectern"


async def test_one_place_is_open_once_and_moves_here(desk: Desk) -> None:
    await desk.post({"email": ADA})
    await desk.jobs()
    path = (await desk.confirm(ADA)).headers["location"]
    first = await enter(desk, path)
    socket, _ = await sit(desk, first)
    assert "Move here" in (await desk.get(path)).text
    second = await enter(desk, path)
    await asyncio.wait_for(socket.wait_closed(), 10)
    assert socket.close_code == Close.MOVED
    async with desk.product.client() as visitor:
        again = await visitor.post(f"{desk.path}/ticket", json={"seat": first["seat"]})
        assert again.status_code == 403, "the old window cannot come back by itself"
        assert (await visitor.post(f"{desk.path}/ticket", json={"seat": second["seat"]})).status_code == 200
        assert (await visitor.post(f"{desk.path}/ticket", json={})).status_code == 403


async def test_shortly_before_the_start_one_goes_straight_in(desk: Desk) -> None:
    desk.clock.advance(desk.webinar.starts_at - desk.clock.now() - timedelta(minutes=59))
    done = await desk.post({"email": ADA})
    assert done.headers["location"].startswith(f"{desk.path}/enter/")
    again = await desk.post({"email": ADA.upper()})
    assert again.headers["location"].startswith(f"{desk.path}/enter/"), "the answer does not tell that the address is known"
    rows = await desk.registrants()
    assert [bool(row.email) for row in rows].count(True) == 1
    assert done.headers["location"] != again.headers["location"]


async def test_what_is_not_confirmed_is_gone_after_a_week(desk: Desk) -> None:
    await desk.post({"email": ADA, "q_company": "Looms"})
    await desk.jobs()
    assert await desk.states() == ["pending"]
    desk.clock.advance(timedelta(days=7))
    await desk.product.parts.registration.handlers()[EXPIRE](b"")
    assert await desk.states() == []
    path = link_in(await desk.mailbox.arrives(ADA), "confirm")
    assert (await desk.get(path)).status_code == 404
