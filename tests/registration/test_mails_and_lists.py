"""Mails at their time and in the organiser's words; the invitation list; and a CSV file, row by row."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any, cast

import httpx2
import pytest
from icalendar import Calendar

from app.registration import signup
from app.registration.rounds import Rounds
from app.rooms.models import Webinar
from tests.registration.stand import COMPANY, DIET, OWNER, Desk

ADA, BOB = "ada@example.org", "bob@example.org"


async def tick(desk: Desk) -> None:
    """A minute's look, and what it makes."""
    desk.clock.advance(timedelta(minutes=1))
    await Rounds(desk.product.work).tick()
    await desk.jobs()


async def subjects(desk: Desk, address: str) -> list[str]:
    return [str(mail["Subject"]).split(":")[0] for mail in desk.mailbox.to(address)]


def event_of(mail: EmailMessage) -> Any:
    """The calendar file of a mail."""
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return Calendar.from_ical(cast("bytes", part.get_payload(decode=True)))


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    """Ada and Bob are registered, and their first mails are out."""
    await desk.set(COMPANY, ask_email="required", ask_name="optional", confirm_email=False, attendance=True)
    for address in (ADA, BOB):
        await desk.post({"email": address, "zone": "Asia/Tokyo"})
    await tick(desk)
    return desk


async def test_reminders_a_new_time_and_the_words_afterwards_each_once(ready: Desk) -> None:
    start = ready.webinar.starts_at
    ready.clock.advance(start - ready.clock.now() - timedelta(hours=24))
    for _ in range(3):
        await tick(ready)
    assert await subjects(ready, ADA) == ["You are registered", "Tomorrow"]
    later = start + timedelta(hours=5)
    async with ready.product.work.unit() as unit:
        row = await unit.session.get_one(Webinar, ready.webinar.id)
        row.starts_at, row.ends_at, row.entity_seq = later, later + timedelta(hours=1), 7
    for _ in range(2):
        await tick(ready)
    assert await subjects(ready, ADA) == ["You are registered", "Tomorrow", "New time"]
    mail = ready.mailbox.to(ADA)[-1]
    [event] = event_of(mail).walk("VEVENT")
    assert (event["DTSTART"].dt, int(event["SEQUENCE"]), str(event["UID"])) == (later, 7, f"{ready.webinar.id}@lectern")
    ready.clock.advance(later - ready.clock.now() - timedelta(hours=1))
    await tick(ready)
    assert (await subjects(ready, ADA))[3:] == ["Starts soon"]
    async with ready.product.work.unit() as unit:
        row = await unit.session.get_one(Webinar, ready.webinar.id)
        row.broadcast, row.live_ended = "ended", later + timedelta(minutes=50)
        who = (await ready.registrants())[0]
        (await signup.one(unit, ready.webinar.id, who.id)).attended_at = later
    ready.clock.advance(timedelta(hours=3))
    for _ in range(2):
        await tick(ready)
    last = sorted([(await subjects(ready, ADA))[-1], (await subjects(ready, BOB))[-1]])
    assert last == ["Thank you for coming", "We missed you"]


async def test_a_cancelled_webinar_takes_itself_out_of_calendars(ready: Desk) -> None:
    async with ready.product.work.unit() as unit:
        (await unit.session.get_one(Webinar, ready.webinar.id)).publication = "cancelled"
    for _ in range(2):
        await tick(ready)
    assert await subjects(ready, BOB) == ["You are registered", "Cancelled"]
    [part] = [part for part in ready.mailbox.to(BOB)[-1].walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "CANCEL"


async def test_own_words_per_language_with_placeholders_and_preview(ready: Desk) -> None:
    base = f"/admin/webinars/{ready.webinar.id}/mails"
    async with ready.product.client() as owner:
        await ready.product.sign_in(owner, OWNER)
        assert (await owner.get(base)).status_code == 200
        wrong = await owner.post(f"{base}/already/en", data={"subject": "{tiitle}", "text": "x", "on": "on"})
        assert wrong.status_code == 422
        seen = await owner.post(f"{base}/already/en/preview", data={"subject": "S", "text": "Dear {name} <b>", "on": "on"})
        assert "Dear Ada Example &lt;b&gt;" in seen.text
        words = {"subject": "Welcome to {title}", "text": "Dear {name},\n\nsee you {when}.", "on": "on"}
        assert (await owner.post(f"{base}/already/en", data=words)).status_code == 303
        assert "Send it to me" in (await owner.get(f"{base}/already/en")).text
        assert (await owner.post(f"{base}/already/en/test")).status_code == 303
        await ready.jobs()
        assert [str(mail["Subject"]) for mail in ready.mailbox.to(OWNER)] == [f"Welcome to {ready.webinar.title}"]
    async with ready.product.client() as visitor:
        await visitor.post(f"{ready.path}/resend", data={"email": ADA})
    await ready.jobs()
    mail = ready.mailbox.to(ADA)[-1]
    body = mail.get_body(("html",))
    assert mail["Subject"] == f"Welcome to {ready.webinar.title}"
    assert body is not None
    assert "(Asia/Tokyo)" in body.get_content()
    async with ready.product.client() as owner:
        await ready.product.sign_in(owner, OWNER)
        await owner.post(f"{base}/already/en", data={"subject": "", "text": ""})
    before = len(ready.mailbox.to(ADA))
    async with ready.product.client() as visitor:
        await visitor.post(f"{ready.path}/resend", data={"email": ADA})
    await ready.jobs()
    assert len(ready.mailbox.to(ADA)) == before, "switched off"


async def test_the_invitation_list(desk: Desk) -> None:
    await desk.set(mode="invitation", ask_email="required", ask_name="required")
    base = f"/admin/webinars/{desk.webinar.id}/invitations"
    assert "Registration is by invitation." in (await desk.get(desk.path)).text
    async with desk.product.client() as owner:
        await desk.product.sign_in(owner, OWNER)
        page = await owner.post(
            base, data={"lines": f"Ada Löf, {ADA}\n{BOB}\nADA@example.org\nnobody"}, files={"file": ("", b"")}
        )
        assert "2 people added." in page.text
        again = await owner.post(base, data={"lines": BOB}, files={"file": ("", b"")})
        assert "1 was on the list already." in again.text
        await owner.post(f"{base}/send", data={})
        await desk.jobs()
        mail = await desk.mailbox.arrives(ADA)
        body = mail.get_body(("plain",))
        assert body is not None
        link = next(word for word in body.get_content().split() if "?invited=" in word).removeprefix(desk.product.url)
        form = await desk.get(link)
        assert 'value="Ada Löf"' in form.text
        assert f'value="{ADA}"' in form.text
        token = link.partition("invited=")[2]
        stolen = await desk.post({"name": "Eve", "email": "eve@example.org", "invited": token})
        assert "This invitation is for another address." in stolen.text
        assert (await desk.post({"name": "Eve", "email": ADA})).status_code == 403, "an address alone proves nothing"
        done = await desk.post({"name": "Ada", "email": ADA, "invited": token})
        assert done.headers["location"].startswith(f"{desk.path}/enter/"), "the invited address needs no second mail"
        assert await desk.states() == ["confirmed"]
        listed = (await owner.get(base)).text
        assert ">Registered<" in listed
        assert ">Invited<" in listed
        await owner.post(f"{base}/again", data={})
    await desk.jobs()
    assert len(desk.mailbox.to(BOB)) == 2
    assert await subjects(desk, ADA) == ["You are invited", "You are registered"]


CSV = """E-mail;Name;Company;Lunch;Note
ada@example.org;Ada;Looms;vegan;x
not an address;Bob;Mills;meat;
cleo@example.org;Cleo;"A; very ""long"" name of more than forty characters indeed";none;
ADA@example.org;Ada again;;;
known@example.org;Kim;Known;;
dora@example.org;Dora;=1+1;;
"""


async def import_page(owner: httpx2.AsyncClient, desk: Desk) -> str:
    start = await owner.post(
        f"/admin/webinars/{desk.webinar.id}/registrants/import", files={"file": ("people.csv", CSV.encode("utf-8"), "text/csv")}
    )
    assert start.status_code == 303, start.text
    return str(start.headers["location"])


async def test_a_csv_file_is_checked_row_by_row_and_its_good_rows_come_in(desk: Desk) -> None:
    await desk.set(COMPANY, DIET, ask_email="required", ask_name="required", confirm_email=False)
    await desk.post({"name": "Kim", "email": "known@example.org"})
    columns = {"column_0": "email", "column_1": "name", "column_2": "company", "column_3": "diet", "column_4": ""}
    async with desk.product.client() as owner:
        await desk.product.sign_in(owner, OWNER)
        page = await import_page(owner, desk)
        guessed = (await owner.get(page)).text
        for column in ("email", "name", "company", "diet"):
            assert f'value="{column}" selected' in guessed
        twice = await owner.post(page, data={**columns, "column_4": "email", "action": "check"})
        assert "Two columns mean the same." in twice.text
        checked = (await owner.post(page, data={**columns, "action": "check"})).text
        assert "3 rows can be imported." in checked
        for reason in ("Write an e-mail address", "Use at most 40 characters.", "This address stands in the file twice."):
            assert reason in checked
        assert len(await desk.registrants()) == 1, "a check changes nothing"
        done = (await owner.post(page, data={**columns, "action": "import", "tell": "on"})).text
        assert "2 people imported." in done
        assert "1 was registered already and stays as it is." in done
        assert (await owner.get(page)).status_code == 404, "the file is gone with the import"
    assert sorted(row.source for row in await desk.registrants()) == ["form", "import", "import"]
    await desk.jobs()
    await desk.mailbox.arrives("dora@example.org")
    files = desk.product.parts.settings.data_dir / "files"
    assert [path for path in files.rglob("*") if path.is_file()] == []


async def test_a_file_that_is_no_table_and_one_that_waits_too_long(desk: Desk) -> None:
    await desk.set(ask_email="required")
    async with desk.product.client() as owner:
        await desk.product.sign_in(owner, OWNER)
        url = f"/admin/webinars/{desk.webinar.id}/registrants/import"
        for data in (b"\x00\x01PK", b"", b"only heads"):
            refused = await owner.post(url, files={"file": ("a.csv", data, "text/csv")})
            assert refused.status_code == 422, data
        page = await import_page(owner, desk)
        stored = list((desk.product.parts.settings.data_dir / "files").rglob("*.import"))
        assert b"ada@example.org" not in stored[0].read_bytes()
        desk.clock.advance(timedelta(hours=25))
        await desk.jobs()
        assert not stored[0].exists()
    assert page
