"""From the form to the organiser's own system: a receiver that is down at first, a worker killed on the way, fields as they were
chosen, and an erasure that reaches whoever was told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.consent import marks
from app.privacy.certificate import verify
from app.privacy.erase.ask import By, erase_account, erase_persons
from app.privacy.models import Erasure
from app.webhooks.farewell import Farewell
from app.webhooks.models import Delivery, Endpoint, Told
from tests.registration.stand import COMPANY, desk_on
from tests.support.processes import Child
from tests.support.receiver import Receiver
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.support.until import until
from tests.webhooks.test_deliveries import LOCAL, Hooked

ROOT = Path(__file__).resolve().parents[2]
FORM = {"name": "Ada Bee", "email": "ada@example.org", "q_company": "Hive Ltd"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def hooked(request: pytest.FixtureRequest, tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Hooked]:
    """On both databases."""
    also = dict(LOCAL)
    if request.param == "postgresql":
        also["database_url"] = request.getfixturevalue("postgres_url")
    async with desk_on(tmp_path, serve_app, smtp_server, also=also) as desk:
        await desk.set(COMPANY, ask_email="required", ask_name="required", confirm_email=False)
        yield Hooked(desk, await Receiver().begin(serve_app))


async def register(hooked: Hooked, email: str = FORM["email"]) -> str:
    before = {one.id for one in await hooked.desk.registrants()}
    answer = await hooked.desk.post({**FORM, "email": email})
    assert answer.status_code in (200, 303), answer.text[-2500:-1200]
    [person] = {one.id for one in await hooked.desk.registrants()} - before
    return person


async def erase(hooked: Hooked, person: str) -> Erasure:
    row = hooked.desk.webinar
    async with hooked.work.unit() as unit:
        erasure = await erase_persons(
            unit, hooked.desk.product.parts.pipeline, By(row.account_id, "x" * 20, "owner"), row.id, [person]
        )
    await hooked.desk.jobs()
    return await certificate(hooked, erasure)


async def certificate(hooked: Hooked, erasure: str) -> Erasure:
    async with hooked.work.read() as session:
        return await session.get_one(Erasure, erasure)


async def test_ids_only_by_default_and_chosen_fields_as_they_are_when_it_is_sent(hooked: Hooked) -> None:
    await hooked.make("registration.created", name="Plain")
    secret = hooked.secret
    await hooked.make(
        "registration.created", name="Our CRM", purpose="to greet people", **{"field.name": "on", "field.answers.company": "on"}
    )
    person = await register(hooked)
    await hooked.run()
    plain, full = sorted(hooked.receiver.got, key=lambda got: len(got.body))
    ids = {"webinar": hooked.desk.webinar.id, "participant": person}
    assert hooked.check(plain, secret)["data"] == ids
    assert hooked.check(full)["data"] == {**ids, "fields": {"name": "Ada Bee", "answers.company": "Hive Ltd"}}
    assert "ada@example.org" not in full.body
    async with hooked.work.read() as session:
        said = [(row.recipient, row.what) for row in await marks.recipients(session, hooked.desk.webinar.id, person)]
    assert sorted(said) == [("Our CRM", "id, name, answers.company"), ("Plain", "id")]
    async with hooked.desk.product.client() as owner:
        await hooked.desk.product.sign_in(owner, "owner@example.org")
        register_text = (await owner.get("/admin/privacy/register.json")).text
    assert "webhook: Our CRM" in register_text
    assert "to greet people" in register_text
    assert "webhook: Plain" not in register_text
    shown = (await hooked.desk.get(hooked.desk.path)).text
    assert "Our CRM: Name, Company (to greet people)" in shown, "who signs up reads it in the privacy label"
    assert "Plain" not in shown


async def test_a_restricted_person_is_not_spoken_of(hooked: Hooked) -> None:
    await hooked.make("registration.created")
    person = await register(hooked)
    async with hooked.work.unit() as unit:
        await marks.restrict(unit, hooked.desk.webinar.id, person)
    await hooked.run()
    assert hooked.receiver.got == []
    assert await hooked.states() == ["withheld"], "and it was told of nothing, so it hears nothing of the restriction either"


async def test_erased_while_queued_it_is_never_sent(hooked: Hooked) -> None:
    await hooked.make("registration.created")
    hooked.receiver.answers = [500]
    person = await register(hooked)
    await hooked.run()
    erasure = await erase(hooked, person)
    assert erasure.state == "done"
    hooked.desk.clock.advance(timedelta(days=1))
    await hooked.run()
    assert hooked.receiver.types() == ["registration.created", "participant.erased"], (
        "tried once, so it may know; told, not tried again"
    )


async def test_whoever_was_told_hears_of_the_erasure_and_its_answer_stands_in_the_certificate(hooked: Hooked) -> None:
    await hooked.make("registration.created", name="Our CRM")
    await hooked.make("webinar.live", name="Knows nobody")
    person = await register(hooked)
    await hooked.run()
    hooked.receiver.answers = [503]
    erasure = await erase(hooked, person)
    assert (erasure.state, [r.state for r in verify(erasure.certificate or "").recipients]) == ("done", ["waiting"])
    async with hooked.work.read() as session:
        [waiting] = (await session.execute(select(Delivery).where(Delivery.erasure == erasure.id))).scalars()
    assert (waiting.person, waiting.ids) == (None, {})
    assert person.encode() not in (waiting.body or b""), "what is to be told waits sealed"
    await hooked.run()
    hooked.desk.clock.advance(timedelta(seconds=7))
    await hooked.run()
    told = hooked.receiver.got[-1]
    assert (told.type, told.content["data"]) == ("participant.erased", {"webinar": hooked.desk.webinar.id, "participant": person})
    await hooked.desk.jobs()
    [recipient] = verify((await certificate(hooked, erasure.id)).certificate or "").recipients
    assert (recipient.name, recipient.state, recipient.at) == ("Our CRM", "acknowledged", hooked.desk.clock.now())
    async with hooked.desk.product.client() as owner:
        await hooked.desk.product.sign_in(owner, "owner@example.org")
        page = (await owner.get(f"/admin/privacy/erasures/{erasure.id}")).text
    assert "Recipients that were told" in page
    assert "Our CRM" in page
    assert "Knows nobody" not in page
    async with hooked.work.read() as session:
        assert list((await session.execute(select(Delivery.body).where(Delivery.erasure == erasure.id))).scalars()) == [None]
        assert (await session.execute(select(Told))).first() is None
    # Replaying what was erased is not possible: the line is gone.
    assert await hooked.states() == ["done"]


async def test_an_account_that_is_erased_says_so_to_whoever_was_told_after_its_endpoints_are_gone(hooked: Hooked) -> None:
    await hooked.make("registration.created", "webinar.live", name="Our CRM")
    secret = hooked.secret
    await hooked.make("webinar.ended", name="Heard nothing")
    await register(hooked)
    await hooked.run()
    await hooked.happens("webinar.live")
    hooked.receiver.answers = [500]
    await hooked.run()
    row, pipeline = hooked.desk.webinar, hooked.desk.product.parts.pipeline
    async with hooked.work.unit() as unit:
        erasure = await erase_account(unit, pipeline, By(row.account_id, "", "plan"))
    await hooked.desk.jobs()
    assert (await certificate(hooked, erasure)).state == "done", (
        "at once, also with a mail to somebody still waiting in the queue"
    )
    hooked.desk.clock.advance(timedelta(seconds=20))
    hooked.receiver.answers = [503]
    assert await hooked.run() == 1, "what waited about the webinar died; the last word goes out"
    async with hooked.work.read() as session:
        assert (await session.execute(select(Endpoint))).first() is None
        [waiting] = (await session.execute(select(Farewell))).scalars()
        known = [value for value in vars(waiting).values() if isinstance(value, bytes | str)]
    assert not any(secret in str(known) for secret in (row.id, row.account_id, secret, hooked.receiver.url))
    await hooked.desk.jobs()
    said = verify((await certificate(hooked, erasure)).certificate or "")
    assert (said.kind, [(one.name, one.state) for one in said.recipients]) == ("account", [("Our CRM", "waiting")])
    hooked.desk.clock.advance(timedelta(seconds=7))
    assert await hooked.run() == 1
    first, again = hooked.receiver.got[-2:]
    assert first.id == again.id
    assert hooked.check(again, secret)["data"] == {"webinar": row.id, "scope": "account"}
    assert again.type == "webinar.purged"
    await hooked.desk.jobs()
    [recipient] = verify((await certificate(hooked, erasure)).certificate or "").recipients
    assert (recipient.state, recipient.at) == ("acknowledged", hooked.desk.clock.now())
    hooked.desk.clock.advance(timedelta(days=2))
    assert await hooked.run() == 0
    async with hooked.work.read() as session:
        assert list((await session.execute(select(Farewell.sealed))).scalars()) == [None], "nothing could be sent once more"


async def test_an_endpoint_that_is_removed_still_hears_of_the_erasures_under_way(hooked: Hooked) -> None:
    await hooked.make("registration.created", name="Our CRM")
    secret = hooked.secret
    heard, waits = await register(hooked), await register(hooked, "bea@example.org")
    await hooked.run()
    before = await erase(hooked, heard)
    await hooked.run()
    hooked.receiver.answers = [503]
    erasure = await erase(hooked, waits)
    await hooked.run()
    first = hooked.receiver.got[-1]
    async with hooked.desk.product.client() as owner, hooked.work.read() as session:
        [endpoint] = (await session.execute(select(Endpoint.id))).scalars()
        await hooked.desk.product.sign_in(owner, "owner@example.org")
        assert (await owner.post(f"/admin/integrations/webhooks/{endpoint}", data={"do": "remove"})).status_code == 303
    async with hooked.work.read() as session:
        assert (await session.execute(select(Endpoint))).first() is None
    hooked.desk.clock.advance(timedelta(seconds=7))
    assert await hooked.run() == 1
    again = hooked.receiver.got[-1]
    assert again.id == first.id, "the same message, so that it is not taken twice"
    assert hooked.check(again, secret)["data"] == {"webinar": hooked.desk.webinar.id, "participant": waits}
    await hooked.desk.jobs()
    for done in (before, erasure):
        [recipient] = verify((await certificate(hooked, done.id)).certificate or "").recipients
        assert (recipient.name, recipient.state) == ("Our CRM", "acknowledged")
    assert await hooked.run() == 0


async def test_an_endpoint_that_never_wants_to_hear_again_is_not_told_when_it_is_removed(hooked: Hooked) -> None:
    await hooked.make("registration.created", name="Our CRM")
    first, second = await register(hooked), await register(hooked, "bea@example.org")
    await hooked.run()
    hooked.receiver.answers = [410]
    await erase(hooked, first)
    await hooked.run()
    erasure = await erase(hooked, second)
    async with hooked.desk.product.client() as owner, hooked.work.read() as session:
        [endpoint] = (await session.execute(select(Endpoint.id))).scalars()
        await hooked.desk.product.sign_in(owner, "owner@example.org")
        await owner.post(f"/admin/integrations/webhooks/{endpoint}", data={"do": "remove"})
    await hooked.desk.jobs()
    assert await hooked.run() == 0
    [recipient] = verify((await certificate(hooked, erasure.id)).certificate or "").recipients
    assert (recipient.name, recipient.state) == ("Our CRM", "given up")


async def test_a_worker_killed_on_the_way_is_followed_by_another_with_the_same_message(hooked: Hooked, tmp_path: Path) -> None:
    await hooked.make("registration.created")
    hooked.receiver.hold = asyncio.Event()
    await register(hooked)
    settings = hooked.desk.product.parts.settings
    environ = {
        **os.environ,
        "LECTERN_DATA_DIR": str(settings.data_dir),
        "LECTERN_PUBLIC_URL": settings.public_url,
        "LECTERN_SECRET": settings.secret,
        "LECTERN_DATABASE_URL": settings.database_url,
        "LECTERN_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-m", "app", "work"]
    first = Child(command, tmp_path / "first.log", env=environ, cwd=ROOT)
    await hooked.receiver.arrives(1, within=30)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    hooked.receiver.hold.set()
    second = Child(command, tmp_path / "second.log", env=environ, cwd=ROOT)
    try:
        await hooked.receiver.arrives(2, within=60)
        one, other = hooked.receiver.got
        assert (one.id, one.body) == (other.id, other.body)
        await until(lambda: states_are(hooked, ["done"]), what="the delivery is written down")
    finally:
        second.stop(signal.SIGTERM, within=20)
    assert json.loads(one.body)["type"] == "registration.created"


async def states_are(hooked: Hooked, wanted: list[str]) -> bool:
    return await hooked.states() == wanted
