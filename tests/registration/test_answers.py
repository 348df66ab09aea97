"""Answers of every kind: what is understood, how it is stored, what is refused in which words; and until when they are kept."""

from __future__ import annotations

import base64
import time
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import select

from app.consent import items
from app.consent.items import ItemDetails, Words
from app.consent.models import ConsentEvent
from app.registration import kinds, registrants
from app.registration.fields import FieldTerms
from app.registration.form import Field, Kind
from app.registration.models import Answer
from tests.api.stand import program
from tests.registration.stand import COMPANY, OWNER, Desk

KINDS: tuple[Kind, ...] = ("date", "time", "moment", "phone", "url")
GOOD = [
    ("date", "2026-05-31", "2026-05-31", "May 31, 2026"),
    ("time", "09:05:30", "09:05", "9:05\u202fAM"),
    ("moment", "2026-05-31T14:30", "2026-05-31T14:30", "May 31, 2026, 2:30:00\u202fPM"),
    ("phone", "+32 2 123 45 67", "+3221234567", "+3221234567"),
    ("url", " https://example.org/a?b=c ", "https://example.org/a?b=c", "https://example.org/a?b=c"),
]
BAD = [
    ("date", "31/05/2026", "Write a date, such as 2026-05-31."),
    ("date", "2026-02-30", "Write a date, such as 2026-05-31."),
    ("time", "25:00", "Write a time, such as 14:30."),
    ("moment", "tomorrow", "Write a date and time, such as 2026-05-31 14:30."),
    ("phone", "02 123 45 67", "Write the number with its country code, such as +32 2 123 45 67."),
    ("phone", "+32 12", "This number has too few or too many digits."),
    ("url", "javascript:alert(1)", "Write an address that begins with https://."),
    ("url", "https://localhost", "Write an address that begins with https://."),
    ("url", "https://exa mple.org", "Write an address that begins with https://."),
]
BOUNDS = [
    ("date", "2026-05-01", "2026-05-31", "2026-06-01", "2026-04-30"),
    ("time", "09:00", "17:00", "17:01", "08:59"),
    ("moment", "2026-05-01T09:00", "2026-05-01T17:00", "2026-05-01T17:01", "2026-05-01T08:59"),
]
PAPER = Field(identifier="paper", kind="file", labels={"en": "Paper"}, purpose="to choose talks", high="2")
PDF = ("paper.pdf", b"%PDF-1.7 small", "application/pdf")


def question(kind: Kind, **more: str) -> Field:
    return Field(identifier="it", kind=kind, labels={"en": "It"}, purpose="to plan", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "sent", "stored", "shown"), GOOD)
def test_what_is_understood_has_one_stored_form_and_comes_back_in_words(kind: Kind, sent: str, stored: str, shown: str) -> None:
    assert kinds.read(question(kind), sent) == stored
    assert kinds.show(question(kind), stored, "en") == shown


@pytest.mark.parametrize(("kind", "sent", "said"), BAD)
def test_what_does_not_fit_is_refused_with_what_would(kind: Kind, sent: str, said: str) -> None:
    with pytest.raises(kinds.Wrong) as refused:
        kinds.read(question(kind), sent)
    assert str(refused.value) == said


@pytest.mark.parametrize(("kind", "low", "high", "late", "early"), BOUNDS)
def test_bounds_hold_at_both_ends(kind: Kind, low: str, high: str, late: str, early: str) -> None:
    field = question(kind, low=low, high=high)
    assert (kinds.read(field, low), kinds.read(field, high)) == (low, high)
    for outside, said in ((late, "Choose {n} or earlier."), (early, "Choose {n} or later.")):
        with pytest.raises(kinds.Wrong) as refused:
            kinds.read(field, outside)
        assert str(refused.value) == said


async def test_every_kind_comes_through_the_form_and_is_refused_beside_its_field(desk: Desk) -> None:
    asked = [Field(identifier=f"f_{kind}", kind=kind, labels={"en": kind}, purpose="to plan") for kind in KINDS]
    await desk.set(*asked)
    for kind, sent, said in BAD:
        refused = await desk.post({f"q_f_{kind}": sent})
        assert (refused.status_code, said in refused.text) == (422, True), kind
    assert await desk.registrants() == []
    await desk.post({f"q_f_{kind}": sent for kind, sent, *_ in GOOD})
    [row] = await desk.registrants()
    async with desk.product.work.read() as session:
        one = await registrants.own(session, desk.product.parts.vault, desk.webinar.id, row.id)
    assert one.answers == {f"f_{kind}": stored for kind, _, stored, _ in GOOD}


async def test_a_file_is_bounded_sealed_and_given_back_as_a_download(desk: Desk) -> None:
    await desk.set(PAPER, COMPANY)
    for name, data, said in (
        ("run.exe", b"MZ", "Choose a file of one of these kinds"),
        ("big.pdf", b"x" * 2001, "Choose a file of at most 2 KB."),
    ):
        refused = await desk.post({"q_company": "Looms"}, files={"q_paper": (name, data, "application/pdf")})
        assert (refused.status_code, said in refused.text) == (422, True), name
    assert (await desk.post({}, files={"q_company": PDF})).status_code == 422, "a file is no answer to another question"
    assert await desk.registrants() == []
    await desk.post({"q_company": "Looms"}, files={"q_paper": PDF})
    [row] = await desk.registrants()
    async with desk.product.work.read() as session:
        rows = (await session.execute(select(Answer))).scalars().all()
    assert not [one for one in rows if b"%PDF" in one.value or b"paper" in one.file_name or base64.b64encode(PDF[1]) in one.value]
    [file] = [one for one in rows if one.file_name]
    path = f"/admin/webinars/{desk.webinar.id}/registrants/{row.id}/files/"
    async with desk.product.client() as owner:
        await desk.product.sign_in(owner, OWNER)
        page = (await owner.get(f"/admin/webinars/{desk.webinar.id}/registrants/{row.id}")).text
        assert "paper.pdf" in page
        [href] = [part.split('"')[0] for part in page.split('href="') if part.startswith(path)]
        given = await owner.get(href)
        other = await owner.get(path + "company")
    assert given.content == PDF[1]
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["content-type"] == "application/octet-stream"
    assert other.status_code == 404
    assert file.registrant_id == row.id


async def test_an_answer_goes_when_its_own_time_is_over_and_the_others_stay(desk: Desk) -> None:
    short = Field(identifier="diet", kind="line", labels={"en": "Diet"}, purpose="to order lunch", retention_days=2)
    await desk.set(short, COMPANY)
    await desk.post({"q_diet": "vegan", "q_company": "Looms"})
    over = desk.webinar.ends_at + timedelta(days=2)
    assert await FieldTerms().expire(desk.product.work, over - timedelta(seconds=1)) == 0
    assert await FieldTerms().expire(desk.product.work, over) == 1
    [row] = await desk.registrants()
    async with desk.product.work.read() as session:
        one = await registrants.own(session, desk.product.parts.vault, desk.webinar.id, row.id)
    assert one.answers == {"company": "Looms"}


async def test_consents_are_recorded_with_the_sign_up_and_an_optional_one_never_blocks(desk: Desk) -> None:
    await desk.set(ask_name="required")
    async with desk.product.work.unit() as unit:
        terms = await items.save(unit, desk.webinar.id, ItemDetails("text", "terms", True, {"en": Words("I keep to the rules.")}))
        news = await items.save(unit, desk.webinar.id, ItemDetails("text", "marketing", False, {"en": Words("Send me news.")}))
        await unit.session.flush()
        ids = (terms.id, news.id)
    refused = await desk.post({"name": "Ada", f"consent_{ids[1]}": "on"})
    assert refused.status_code == 422
    assert await desk.registrants() == []
    await desk.post({"name": "Ada", f"consent_{ids[0]}": "on"})
    [row] = await desk.registrants()
    async with desk.product.work.read() as session:
        events = (await session.execute(select(ConsentEvent))).scalars().all()
    assert {(one.person, one.item_id, one.state, one.method) for one in events} == {
        (row.id, ids[0], "given", "form"),
        (row.id, ids[1], "refused", "form"),
    }
    assert all(len(one.text_hash) == 64 for one in events)


async def test_where_another_system_registers_the_page_has_no_form_and_the_program_does(desk: Desk) -> None:
    await desk.set(COMPANY, mode="api", ask_email="required")
    page = await desk.get(desk.path)
    assert (page.status_code, 'name="email"' in page.text) == (200, False)
    assert (await desk.post({"email": "ada@example.org"})).status_code == 403
    assert await desk.registrants() == []
    async with program(desk.product, desk.webinar.account_id) as api:
        said = {"email": "ada@example.org", "answers": {"company": "Looms"}}
        made = await api.post(f"/webinars/{desk.webinar.id}/registrants", json=said)
    assert made.status_code == 201, made.text
    assert await desk.states() == ["confirmed"]
    assert (await desk.get(made.json()["link"].removeprefix(desk.product.url))).status_code == 200


@pytest.mark.parametrize(("days", "status"), [(399, 200), (401, 404)])
async def test_a_personal_link_past_its_age_opens_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, days: int, status: int
) -> None:
    await desk.set()
    await desk.post({})
    [row] = await desk.registrants()
    with monkeypatch.context() as then:
        then.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) - days * 86_400)
        old = desk.product.parts.registration.links.enter_path(desk.webinar.slug, row)
    assert (await desk.get(old)).status_code == status
    async with desk.product.client() as visitor:
        assert (await visitor.post(old, data={"shown_name": ""})).status_code == (303 if status == 200 else 404)
