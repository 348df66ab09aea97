"""What a form is sent that no form of ours would send, and every state a registration can be in."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import msgspec
import pytest
from sqlalchemy import select

from app.core.jobs import Job
from app.core.outbox import Happening
from app.privacy.erase.ask import By, erase_persons
from app.privacy.models import Erasure
from app.registration import registrants, signup
from app.registration.form import Field
from app.registration.models import Answer, Registrant
from tests.registration.stand import COMPANY, DIET, Desk, link_in

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"
HTML = {"Accept": "text/html"}


async def answers_of(desk: Desk, person: str) -> dict[str, str]:
    async with desk.product.work.read() as session:
        return (await registrants.own(session, desk.product.parts.vault, desk.webinar.id, person)).answers


async def test_the_defaults_ask_for_nothing(desk: Desk) -> None:
    await desk.set()
    form = (await desk.get(desk.path)).text
    assert 'name="email"' not in form
    assert 'name="name"' not in form
    done = await desk.post({})
    assert done.headers["location"].startswith(f"{desk.path}/enter/")
    assert "only way back to your place" in (await desk.get(done.headers["location"])).text
    [row] = await desk.registrants()
    assert (row.name, row.email, row.email_index, row.zone) == (b"", b"", None, "")


@pytest.mark.parametrize("name", ["state", "id", "source", "webinar_id", "q_other", "a_company", "attended_at"])
async def test_fields_that_are_not_on_the_form_are_refused(desk: Desk, name: str) -> None:
    await desk.set(COMPANY)
    refused = await desk.post({"q_company": "Looms", name: "confirmed"}, headers=HTML)
    assert refused.status_code == 422
    assert await desk.registrants() == []


async def test_a_field_of_ten_megabytes_is_refused_before_it_is_read(desk: Desk) -> None:
    await desk.set(COMPANY)
    assert (await desk.post({"q_company": "x" * 10_000_000}, headers=HTML)).status_code == 413
    assert (await desk.post({"q_company": "x" * 30_000}, headers=HTML)).status_code == 422
    assert await desk.registrants() == []


@pytest.mark.parametrize("value", ["Lo\x00oms", "Lo\x07oms", "Lo\x1boms", "Lo\u202eoms"])
async def test_control_characters_are_refused_beside_the_field(desk: Desk, value: str) -> None:
    await desk.set(COMPANY)
    refused = await desk.post({"q_company": value})
    assert refused.status_code == 422
    assert "Remove the characters that cannot be shown." in refused.text
    assert await desk.registrants() == []


async def test_nobody_learns_that_an_address_is_registered(desk: Desk) -> None:
    await desk.set(ask_email="required")
    first = await desk.post({"email": ADA})
    again = await desk.post({"email": " ADA@Example.ORG "})
    unknown = await desk.post({"email": BOB})
    assert first.headers["location"] == again.headers["location"] == unknown.headers["location"]
    assert len(await desk.registrants()) == 2, "one place for one address, however it is written"
    await desk.jobs()
    assert len(desk.mailbox.to(ADA)) == 2
    async with desk.product.client() as visitor:
        known = await visitor.post(f"{desk.path}/resend", data={"email": ADA})
        stranger = await visitor.post(f"{desk.path}/resend", data={"email": EVE})
    assert (known.status_code, known.headers["location"]) == (stranger.status_code, stranger.headers["location"])
    await desk.jobs()
    assert len(desk.mailbox.to(ADA)) == 3
    assert desk.mailbox.to(EVE) == []


async def test_links_that_are_expired_reused_or_of_another_webinar(desk: Desk) -> None:
    await desk.set(ask_email="required")
    await desk.post({"email": ADA})
    await desk.jobs()
    path = link_in(await desk.mailbox.arrives(ADA), "confirm")
    other = await desk.product.webinar(desk.webinar.account_id, title="Another one")
    assert (await desk.get(path.replace(desk.webinar.slug, other.slug))).status_code == 404
    assert (await desk.get(path.replace("/confirm/", "/enter/"))).status_code == 404, "a link opens one thing only"
    entered = await desk.confirm(ADA)
    again = (await desk.get(path)).headers["location"]
    # What follows the first full stop is when it was signed.
    assert again.partition(".")[0] == entered.headers["location"].partition(".")[0], "used once more it leads to the place"
    async with desk.product.work.unit() as unit:
        [row] = await desk.registrants()
        await registrants.renew_link(unit, desk.webinar.id, row.id)
    old = await desk.get(entered.headers["location"])
    assert old.status_code == 404
    assert "This link is not valid any more. Ask for a new one." in old.text


async def test_hidden_questions_are_neither_checked_nor_stored(desk: Desk) -> None:
    allergy = Field(
        identifier="allergy", kind="line", labels={"en": "Allergies"}, purpose="to order lunch", need="required",
        when_field="diet", when_values=("meat", "vegan"),
    )  # fmt: skip
    await desk.set(DIET, allergy)
    assert (await desk.post({"q_diet": "vegan"})).status_code == 422
    await desk.post({"q_diet": "none", "q_allergy": "nuts"})
    [row] = await desk.registrants()
    assert await answers_of(desk, row.id) == {"diet": "none"}
    await desk.post({"q_diet": "vegan", "q_allergy": "nuts"})
    rows = await desk.registrants()
    assert {"diet": "vegan", "allergy": "nuts"} in [await answers_of(desk, row.id) for row in rows]


async def test_a_special_category_needs_an_agreement_of_its_own(desk: Desk) -> None:
    health = Field(identifier="health", kind="line", labels={"en": "Needs"}, purpose="to seat you", special=True)
    await desk.set(health)
    refused = await desk.post({"q_health": "wheelchair"})
    assert "Agree to its storing as well" in refused.text
    assert await desk.registrants() == []
    await desk.post({"q_health": "wheelchair", "a_health": "on"})
    async with desk.product.work.read() as session:
        [answer] = (await session.execute(select(Answer))).scalars()
    assert len(answer.agreed) == 64
    assert b"wheelchair" not in answer.value


async def test_required_from_a_date_on(desk: Desk) -> None:
    late = Field(
        identifier="late", kind="line", labels={"en": "Hotel"}, purpose="to book", need="after", need_after=desk.clock.now() + timedelta(days=1)
    )  # fmt: skip
    await desk.set(late)
    assert (await desk.post({})).status_code == 303
    desk.clock.advance(timedelta(days=1))
    assert (await desk.post({})).status_code == 422


async def test_the_waiting_list_moves_up_by_itself(desk: Desk) -> None:
    await desk.set(ask_email="required", confirm_email=False, capacity=1)
    for address in (ADA, BOB, EVE):
        await desk.post({"email": address})
        desk.clock.advance(timedelta(seconds=1))
    assert await desk.states() == ["confirmed", "waiting", "waiting"]
    first = (await desk.registrants())[0]
    async with desk.product.work.unit() as unit:
        await signup.cancel(unit, desk.webinar.id, first.id)
    assert await desk.states() == ["cancelled", "confirmed", "waiting"]
    await desk.jobs()
    assert "A place is free for you" in (await desk.mailbox.arrives(BOB, count=2))["Subject"]
    await desk.set(ask_email="required", confirm_email=False, capacity=1, waiting_list=False)
    full = await desk.post({"email": "late@example.org"})
    assert (full.status_code, "All places are taken." in full.text) == (409, True)


async def test_opening_closing_word_and_domains(desk: Desk) -> None:
    now = desk.clock.now()
    await desk.set(opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=2))
    assert "Registration has not opened yet." in (await desk.post({})).text
    desk.clock.advance(timedelta(days=2))
    assert "Registration has closed." in (await desk.post({})).text
    await desk.set(password="Tulip", ask_email="required", domains=("example.org",), confirm_email=False)
    assert "This is not the word" in (await desk.post({"email": ADA, "word": "rose"})).text
    assert (
        "Use an address of your organisation: @example.org."
        in (await desk.post({"email": "a@evil-example.org", "word": "tulip"})).text
    )
    assert (await desk.post({"email": "a@staff.example.org", "word": " TULIP "})).status_code == 303


async def test_approval_and_what_webhooks_hear(desk: Desk) -> None:
    await desk.set(ask_email="required", mode="approval")
    await desk.post({"email": ADA})
    await desk.jobs()
    await desk.confirm(ADA)
    assert await desk.states() == ["approval"]
    [row] = await desk.registrants()
    async with desk.product.work.unit() as unit:
        assert await signup.decide(unit, desk.webinar.id, [row.id], approve=True) == 1
    async with desk.product.work.unit() as unit:
        assert await signup.decide(unit, desk.webinar.id, [row.id], approve=False) == 1
    assert await desk.states() == ["denied"]
    async with desk.product.work.read() as session:
        kinds = (
            (await session.execute(select(Happening.kind).where(Happening.person == row.id).order_by(Happening.n)))
            .scalars()
            .all()
        )
    assert kinds == ["registration.created", "registration.approved", "registration.cancelled"]


async def test_a_refused_address_is_noted_and_not_tried_again(desk: Desk) -> None:
    await desk.set(ask_email="required")
    await desk.post({"email": ADA})
    desk.mailbox.refuse = "550 no such box"
    await desk.jobs()
    async with desk.product.work.read() as session:
        mails = (await session.execute(select(Job).where(Job.kind == "registration.mail"))).scalars().all()
    assert mails == []
    desk.mailbox.refuse = ""
    await desk.post({"email": BOB})
    desk.mailbox.refuse = "451 try later"
    await desk.jobs()
    desk.mailbox.refuse = ""
    desk.clock.advance(timedelta(seconds=20))
    await desk.jobs()
    await desk.mailbox.arrives(BOB)


async def test_erasing_one_registrant_takes_answers_and_jobs_and_lets_the_next_one_in(desk: Desk) -> None:
    await desk.set(COMPANY, ask_email="required", confirm_email=False, capacity=1)
    await desk.post({"email": ADA, "q_company": "Looms"})
    desk.clock.advance(timedelta(seconds=1))
    await desk.post({"email": BOB})
    ada, bob = await desk.registrants()
    async with desk.product.work.unit() as unit:
        by = By(desk.webinar.account_id, "x" * 20, "owner")
        await erase_persons(unit, desk.product.parts.pipeline, by, desk.webinar.id, [ada.id])
    await desk.jobs()
    desk.clock.advance(timedelta(seconds=5))
    await desk.jobs()
    [left] = await desk.registrants()
    assert (left.id, left.state) == (bob.id, "confirmed")
    async with desk.product.work.read() as session:
        assert (await session.execute(select(Answer))).scalars().all() == []
        assert not [job for job in (await session.execute(select(Job))).scalars() if ada.id.encode() in job.payload]
    assert "Your data is erased" in (await desk.mailbox.arrives(ADA))["Subject"]


async def test_the_last_mail_goes_when_all_is_gone_also_after_a_restart_and_has_no_link_to_what_is_not_there(desk: Desk) -> None:
    await desk.set(ask_email="required", ask_name="required", confirm_email=False)
    await desk.post({"name": "Ada", "email": ADA})
    await desk.jobs()
    assert "/me/" in body_of(await desk.mailbox.arrives(ADA))
    [ada] = await desk.registrants()
    pipeline = desk.product.parts.pipeline
    async with desk.product.work.unit() as unit:
        by = By(desk.webinar.account_id, "x" * 20, "owner")
        erasure = await erase_persons(unit, pipeline, by, desk.webinar.id, [ada.id])
    async with desk.product.work.read() as session:
        waiting = (await session.get_one(Erasure, erasure)).memory or b""
        jobs = [job.payload for job in (await session.execute(select(Job))).scalars()]
    assert not [one for one in (waiting, *jobs) if ADA.encode() in one or b"Ada" in one], "the mail waits sealed"
    # What a process keeps in memory is not needed to send it.
    desk.product.parts.vault.forget()
    desk.mailbox.refuse = "451 try later"
    await desk.jobs()
    assert await desk.registrants() == [], "a slow mail server does not keep anything from going"
    assert len(desk.mailbox.to(ADA)) == 1
    desk.mailbox.refuse = ""
    desk.clock.advance(timedelta(seconds=30))
    await desk.jobs()
    mail = await desk.mailbox.arrives(ADA, count=2)
    assert mail["Subject"] == f"Your data is erased: {desk.webinar.title}"
    assert "/me/" not in body_of(mail)
    async with desk.product.work.read() as session:
        done = await session.get_one(Erasure, erasure)
    assert (done.state, done.memory) == ("done", None)
    assert len(desk.mailbox.to(ADA)) == 2, "once"


def body_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_answers_are_sealed_and_open_for_nobody_else(desk: Desk) -> None:
    await desk.set(COMPANY, ask_name="required")
    await desk.post({"name": "Ada", "q_company": "Looms"})
    await desk.post({"name": "Bob", "q_company": "Mills"})
    ada, bob = sorted(await desk.registrants(), key=lambda row: row.id)
    vault = desk.product.parts.vault
    box = await vault.box(desk.webinar.id, bob.id)
    from app.privacy.vault import SealBroken

    with pytest.raises(SealBroken):
        box.open(ada.name, f"registrant.name|{ada.id}")
    async with desk.product.work.read() as session:
        raw = msgspec.json.encode([dict(row) for row in (await session.execute(select(Registrant.name))).mappings()])
    assert b"Ada" not in raw
