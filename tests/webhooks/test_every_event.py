"""Every event of the list really goes out when it happens, each to a receiver that chose it or was told about the person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.consent import items, marks, records
from app.consent.items import ItemDetails, Words
from app.core.ids import new_id, new_secret
from app.media import recordings
from app.media.models_recordings import Recording
from app.privacy.erase.ask import By, erase_persons, erase_webinar
from app.privacy.scope import Owners
from app.protocol.events import ALWAYS, EVENTS
from app.registration import registrants, signup
from app.reports import breach
from app.rooms.models import Webinar
from tests.api.stand import program
from tests.registration.stand import COMPANY, desk_on, link_in
from tests.support.receiver import Receiver
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.webhooks.test_deliveries import LOCAL, Hooked


@pytest.fixture
async def hooked(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Hooked]:
    async with desk_on(tmp_path, serve_app, smtp_server, also=LOCAL) as desk:
        await desk.set(COMPANY, mode="approval", ask_email="required", ask_name="required", confirm_email=False, attendance=True)
        yield Hooked(desk, await Receiver().begin(serve_app))


async def show(hooked: Hooked, ada: str, smtp_server: Mailbox) -> None:
    """The webinar itself: moved, live, with a registrant who came, a question, a poll, and its end."""
    product, webinar = hooked.desk.product, hooked.desk.webinar
    of = f"/webinars/{webinar.id}"
    async with program(product, webinar.account_id) as api:

        async def do(kind: str, **fields: Any) -> dict[str, Any]:
            answer = await api.post(f"{of}/commands", json={"type": kind, **fields})
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        later = (webinar.starts_at + timedelta(hours=1)).isoformat()
        assert (await api.patch(of, json={"starts_at": later})).status_code == 200
        await do("broadcast.set", to="live")
        async with product.client() as browser:
            link = link_in(await smtp_server.arrives("ada@example.org"), "enter")
            came = await browser.post(link, data={"shown_name": "Ada"}, follow_redirects=True)
            assert came.status_code == 200
        async with product.join(webinar.id, person=ada) as guest:
            asked = await guest.ask("question.ask", text="Do bees sleep?")
        await do("question.answer", question=asked["question"], text="At night.")
        item = {"kind": "single", "text": "Tea?", "options": [{"text": "Yes"}, {"text": "No"}]}
        poll = (await do("poll.make", items=[item]))["made"]
        await do("poll.open", poll=poll)
        await do("poll.close", poll=poll)
        await do("broadcast.set", to="ended")


async def test_every_event_of_the_list_is_received(hooked: Hooked, smtp_server: Mailbox) -> None:
    await hooked.make(*(kind for kind in EVENTS if kind not in ALWAYS))
    product, webinar = hooked.desk.product, hooked.desk.webinar
    for email in ("ada@example.org", "bob@example.org"):
        await hooked.desk.post({"name": "Ada Bee", "email": email, "q_company": "Hive Ltd"})
    ada, bob = [row.id for row in await hooked.desk.registrants()]
    async with hooked.work.unit() as unit:
        await signup.decide(unit, webinar.id, [ada, bob], approve=True)
    await hooked.run()
    await hooked.desk.jobs()
    async with hooked.work.unit() as unit:
        row = await unit.session.get_one(Webinar, webinar.id)
        news = await items.save(unit, webinar.id, ItemDetails("text", "marketing", False, {"en": Words("Send me news.")}))
        for given in (True, False):
            await records.decide(unit, webinar.id, ada, news.id, given, lang="en", method="api")
        raw: dict[str, Any] = dict(await registrants.raw_of(unit.session, product.parts.vault, webinar.id, ada))
        await registrants.correct(unit, product.parts.vault, row, ada, {**raw, "name": ["Ada Wasp"]}, staff=True)
        await signup.cancel(unit, webinar.id, bob)
    await show(hooked, ada, smtp_server)
    async with hooked.work.unit() as unit:
        row = await unit.session.get_one(Webinar, webinar.id)
        tape = Recording(id=new_id(), webinar_id=row.id, token=new_secret(), made_at=unit.now, chapters=[])
        unit.session.add(tape)
        recordings.publish(unit, row, tape, on=True)
        await marks.restrict(unit, webinar.id, ada)
        await marks.lift(unit, webinar.id, ada)
        await marks.object_to(unit, webinar.id, ada)
        await marks.withdraw_objection(unit, webinar.id, ada)
        told = await breach.declare(
            unit, Owners(product.parts.data_map.metadata), breach.Facts(nature="A backup was lost on a train.", found_at=unit.now)
        )
        await unit.session.flush()
        await breach.notify(unit, told.id)
    await hooked.run()
    assert [got.content["data"] for got in hooked.receiver.got if got.type == "participant.restricted"] == [
        {"webinar": webinar.id, "participant": ada, **said}
        for said in ({"restricted": "yes"}, {"restricted": "no"}, {"objected": "yes"}, {"objected": "no"})
    ]
    by = By(webinar.account_id, "x" * 20, "owner")
    async with hooked.work.unit() as unit:
        await erase_persons(unit, product.parts.pipeline, by, webinar.id, [bob])
    await hooked.desk.jobs()
    async with hooked.work.unit() as unit:
        await erase_webinar(unit, product.parts.pipeline, by, webinar.id)
    await hooked.desk.jobs()
    hooked.desk.clock.advance(timedelta(seconds=10))
    await hooked.run()
    assert set(hooked.receiver.types()) == set(EVENTS)
