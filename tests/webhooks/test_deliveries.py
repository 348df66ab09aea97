"""Deliveries to a real receiver that checks signatures with a library of somebody else's, on a clock that the test sets."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.responses import Response

from app.core.outbox import Happening, happened
from app.core.permissions import Role
from app.webhooks.models import Attempt, Delivery, Endpoint
from app.webhooks.schedule import DELAYS
from tests.registration.stand import OWNER, Desk, desk_on
from tests.support.receiver import Got, Receiver
from tests.support.server import Serve
from tests.support.smtp import Mailbox

LOCAL = {"webhook_networks": ("127.0.0.0/8",)}
ADA, BOB = "ada-ada-ada-ada-ada0", "bob-bob-bob-bob-bob0"


class Hooked:
    """A desk with a receiver and one endpoint, made in the admin pages."""

    def __init__(self, desk: Desk, receiver: Receiver) -> None:
        self.desk = desk
        self.receiver = receiver
        self.work = desk.product.work
        self.dispatcher = desk.product.parts.webhooks.dispatcher
        self.endpoint = ""
        self.secret = ""

    async def make(self, *events: str, **more: str) -> str:
        """The page that shows the keys."""
        values = {
            "name": "Our CRM",
            "url": self.receiver.url,
            "all_webinars": "on",
            **{f"event.{kind}": "on" for kind in events},
            **more,
        }
        text = await self.post("/admin/integrations/webhooks/new", values)
        self.secret = re.findall(r"whsec_[\w+/=]+", text)[0]
        async with self.work.read() as session:
            self.endpoint = (await session.execute(select(Endpoint.id).order_by(Endpoint.made_at.desc()))).scalars().first() or ""
        return text

    async def post(self, path: str, values: dict[str, str]) -> str:
        async with self.desk.product.client() as owner:
            await self.desk.product.sign_in(owner, OWNER)
            answer = await owner.post(path, data=values)
            assert answer.status_code in (200, 303), answer.text
            return str(answer.text)

    async def do(self, what: str, **more: str) -> str:
        return await self.post(f"/admin/integrations/webhooks/{self.endpoint}", {"do": what, **more})

    async def see(self) -> str:
        async with self.desk.product.client() as owner:
            await self.desk.product.sign_in(owner, OWNER)
            return (await owner.get(f"/admin/integrations/webhooks/{self.endpoint}")).text

    async def happens(self, kind: str, person: str | None = None, **ids: str) -> None:
        row = self.desk.webinar
        async with self.work.unit() as unit:
            happened(unit, kind, account_id=row.account_id, webinar_id=row.id, person=person, **ids)

    async def run(self) -> int:
        return await self.dispatcher.run_due()

    async def states(self) -> list[str]:
        async with self.work.read() as session:
            return list((await session.execute(select(Delivery.state).order_by(Delivery.n))).scalars())

    async def row(self) -> Endpoint:
        async with self.work.read() as session:
            return await session.get_one(Endpoint, self.endpoint)

    def check(self, got: Got, secret: str = "") -> dict[str, Any]:
        """By the reference library."""
        return dict(Webhook(secret or self.secret).verify(got.body, got.headers))


@pytest.fixture
async def hooked(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Hooked]:
    async with desk_on(tmp_path, serve_app, smtp_server, also=LOCAL) as desk:
        yield Hooked(desk, await Receiver().begin(serve_app))


async def test_a_receiver_can_check_what_it_gets_and_it_holds_ids_only(hooked: Hooked) -> None:
    await hooked.make("question.asked")
    await hooked.happens("question.asked", ADA, question="q" * 20)
    await hooked.happens("webinar.live")
    assert await hooked.run() == 1, "what was not chosen is not sent"
    [got] = hooked.receiver.got
    assert hooked.check(got) == {
        "type": "question.asked",
        "timestamp": hooked.desk.clock.now().isoformat().replace("+00:00", "Z"),
        "data": {"webinar": hooked.desk.webinar.id, "participant": ADA, "question": "q" * 20},
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(hooked.secret).verify(got.body.replace("asked", "asket"), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(hooked.secret).verify(got.body, {**got.headers, "webhook-id": "another"})
    assert await hooked.states() == ["done"]
    async with hooked.work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Happening))).scalar_one() == 0


async def test_a_failure_is_tried_again_under_the_same_id_for_three_days(hooked: Hooked) -> None:
    await hooked.make("webinar.live")
    await hooked.happens("webinar.live")
    hooked.receiver.answers = [500] * 20
    begun = hooked.desk.clock.now()
    for tried in range(1, len(DELAYS) + 2):
        assert await hooked.run() == 1
        assert len(hooked.receiver.got) == tried
        if tried <= len(DELAYS):
            hooked.desk.clock.advance(timedelta(seconds=DELAYS[tried - 1] * 0.89))
            assert await hooked.run() == 0, "not before its time"
            hooked.desk.clock.advance(timedelta(seconds=DELAYS[tried - 1] * 0.32))
    assert {got.id for got in hooked.receiver.got} == {hooked.receiver.got[0].id}
    assert len({got.headers["webhook-timestamp"] for got in hooked.receiver.got}) == len(DELAYS) + 1, "the time is the attempt's"
    assert hooked.desk.clock.now() - begun > timedelta(days=3)
    assert await hooked.states() == ["dead"]


async def test_an_endpoint_that_failed_for_days_is_switched_off_with_a_mail_and_its_dead_letters_can_be_sent(
    hooked: Hooked, smtp_server: Mailbox
) -> None:
    await hooked.make("webinar.live")
    hooked.receiver.answers = [500] * 10
    await hooked.happens("webinar.live")
    for _ in range(10):
        await hooked.run()
        hooked.desk.clock.advance(timedelta(days=2))
    assert (await hooked.row()).state == "failed"
    await hooked.desk.jobs()
    mail = await smtp_server.arrives(OWNER)
    assert mail["Subject"] == "The webhook Our CRM was switched off"
    assert "Off: it failed for days" in await hooked.see()
    await hooked.do("on")
    await hooked.do("replay-dead")
    assert await hooked.run() == 1
    assert await hooked.states() == ["done"]
    assert hooked.receiver.got[-1].id == hooked.receiver.got[0].id


async def test_gone_switches_off_at_once_and_a_redirect_is_a_failure(hooked: Hooked, smtp_server: Mailbox) -> None:
    await hooked.make("webinar.live")
    hooked.receiver.answers = [
        Response(status_code=307, headers={"location": hooked.receiver.url.replace("hooks", "elsewhere")}),
        410,
    ]
    await hooked.happens("webinar.live")
    await hooked.run()
    assert (len(hooked.receiver.got), await hooked.states()) == (1, ["waiting"]), "not followed"
    hooked.desk.clock.advance(timedelta(seconds=7))
    await hooked.run()
    assert ((await hooked.row()).state, await hooked.states()) == ("gone", ["dead"])
    await hooked.desk.jobs()
    await smtp_server.arrives(OWNER)
    await hooked.happens("webinar.live")
    assert await hooked.run() == 0


async def test_the_receiver_can_ask_for_more_time(hooked: Hooked) -> None:
    await hooked.make("webinar.live")
    await hooked.happens("webinar.live")
    hooked.receiver.answers = [Response(status_code=429, headers={"retry-after": "900"})]
    await hooked.run()
    hooked.desk.clock.advance(timedelta(seconds=890))
    assert await hooked.run() == 0
    hooked.desk.clock.advance(timedelta(seconds=20))
    assert await hooked.run() == 1


async def test_what_concerns_one_person_stays_in_order_and_others_do_not_wait(hooked: Hooked) -> None:
    await hooked.make("question.asked", "question.answered")
    hooked.receiver.answers = [500]
    await hooked.happens("question.asked", ADA)
    await hooked.run()
    await hooked.happens("question.answered", ADA)
    await hooked.happens("question.asked", BOB)
    await hooked.run()
    said = [(got.type, got.content["data"]["participant"]) for got in hooked.receiver.got]
    assert said == [("question.asked", ADA), ("question.asked", BOB)], "Ada's answer waits for her question"
    hooked.desk.clock.advance(timedelta(seconds=7))
    await hooked.run()
    said = [(got.type, got.content["data"]["participant"]) for got in hooked.receiver.got[2:]]
    assert said == [("question.asked", ADA), ("question.answered", ADA)]


async def test_after_a_rotation_both_secrets_fit_for_a_day(hooked: Hooked) -> None:
    await hooked.make("webinar.live", asymmetric="on")
    old = hooked.secret
    page = await hooked.do("rotate")
    new = re.findall(r"whsec_[\w+/=]+", page)[0]
    public = re.findall(r"whpk_[\w+/=]+", page)[0]
    assert new != old
    await hooked.happens("webinar.live")
    await hooked.run()
    got = hooked.receiver.got[-1]
    assert hooked.check(got, old) == hooked.check(got, new)
    [signature] = [part[4:] for part in got.headers["webhook-signature"].split() if part.startswith("v1a,")]
    signed = f"{got.id}.{got.headers['webhook-timestamp']}.{got.body}".encode()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    key.verify(base64.b64decode(signature), signed)
    hooked.desk.clock.advance(timedelta(hours=25))
    await hooked.happens("webinar.live")
    await hooked.run()
    assert len(hooked.receiver.got[-1].headers["webhook-signature"].split()) == 2, "new secret and key pair"


async def test_secrets_are_sealed_and_shown_once(hooked: Hooked) -> None:
    await hooked.make("webinar.live", asymmetric="on")
    row = await hooked.row()
    for stored in (row.secret, row.private_key or b""):
        assert hooked.secret.encode() not in stored
        assert b"whs" not in stored
    page = await hooked.see()
    assert "whsec_" not in page
    assert row.public_key in page


async def test_the_log_shows_each_try_and_a_line_can_be_sent_again(hooked: Hooked) -> None:
    await hooked.make("webinar.live")
    hooked.receiver.answers = [Response("our database is <down>", status_code=503), Response("thank you")]
    await hooked.do("test")
    await hooked.run()
    hooked.desk.clock.advance(timedelta(seconds=7))
    await hooked.run()
    page = await hooked.see()
    for part in ("webhook.test", "Acknowledged", "our database is &lt;down&gt;", "thank you", "2 tries"):
        assert part in page, part
    async with hooked.work.read() as session:
        delivery = (await session.execute(select(Delivery.id))).scalar_one()
        answers = list((await session.execute(select(Attempt.answer))).scalars())
    assert all(answer and b"thank" not in answer and b"down" not in answer for answer in answers), "sealed"
    await hooked.do("replay", delivery=delivery)
    await hooked.run()
    assert [got.id for got in hooked.receiver.got] == [hooked.receiver.got[0].id] * 3
    hooked.desk.clock.advance(timedelta(days=31))
    from app.webhooks.queue import clear

    assert await clear(hooked.work) == 1
    assert "Nothing was sent yet" in await hooked.see()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "http://10.0.0.1:x/"}, "This is not an address."),
        ({"url": "https://user:pw@example.org/"}, "no user name and no password"),
        ({"name": ""}, "Say who receives this"),
        ({"event.webinar.live": ""}, "Choose at least one event"),
        ({"all_webinars": ""}, "Choose webinars, or all of them"),
        ({"field.name": "on"}, "Say why the receiver needs these fields"),
        ({"event.participant.erased": "on"}, "has a field we do not know"),
        ({"webinar.elsewhere": "on"}, "has a field we do not know"),
    ],
)
async def test_a_form_that_does_not_fit_says_where(hooked: Hooked, values: dict[str, str], words: str) -> None:
    given = {"name": "CRM", "url": "https://example.org/h", "all_webinars": "on", "event.webinar.live": "on", **values}
    async with hooked.desk.product.client() as owner:
        await hooked.desk.product.sign_in(owner, OWNER)
        answer = await owner.post(
            "/admin/integrations/webhooks/new", data={name: value for name, value in given.items() if value}
        )
    assert answer.status_code == 422
    assert words in answer.text


async def test_another_account_and_another_role_see_nothing_of_it(hooked: Hooked) -> None:
    await hooked.make("webinar.live")
    product = hooked.desk.product
    await product.member(hooked.desk.webinar.account_id, Role.MODERATOR, "moderator@example.org")
    other = await product.account("Other")
    await product.member(other, Role.OWNER, "stranger@example.org")
    path = f"/admin/integrations/webhooks/{hooked.endpoint}"
    for email, status in (("moderator@example.org", 403), ("stranger@example.org", 404)):
        async with product.client() as client:
            await product.sign_in(client, email)
            assert (await client.get(path)).status_code == status
            assert (await client.post(path, data={"do": "rotate"})).status_code == status
            assert (await client.get(path + "/edit")).status_code == status
    await hooked.happens("webinar.live")
    async with hooked.work.unit() as unit:
        happened(unit, "webinar.live", account_id=other, webinar_id="w" * 20)
    assert await hooked.run() == 1
