"""Consent: recorded in the exact words, withdrawn at once, provable offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import cli
from app.consent import items, marks, notices, receipts, records
from app.consent.items import Choices, ItemDetails, Setup, Words
from app.consent.models import ConsentEvent, ConsentText
from app.consent.receipts import About
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.outbox import Happening
from app.privacy.certificate import CertificateWrong, signed
from app.privacy.scope import Target
from tests.privacy.stand import Stand

WORDS = {"en": Words("I agree to get news by mail."), "nl": Words("Ik wil nieuws per mail.")}
NEWS = ItemDetails("text", "marketing", False, WORDS)
RULES = ItemDetails("link", "terms", True, {"en": Words("I accept the rules.", url="https://example.org/rules")})
ABOUT = About(
    webinar_id="", title="Bees", account_id="account", account_name="Meadow", retention_days=30, my_data="https://x.org/me/t"
)


@pytest.fixture
async def stand(tmp_path: Path):  # type: ignore[no-untyped-def]
    stand = Stand(tmp_path)
    await stand.make_tables()
    yield stand
    await stand.close()


async def asked(stand: Stand, webinar: str, *details: ItemDetails) -> list[items.ShownItem]:
    async with stand.work.unit() as unit:
        for each in details:
            await items.save(unit, webinar, each)
    async with stand.work.read() as session:
        return await items.shown(session, webinar, "en")


async def test_one_row_for_each_item_given_or_refused_with_the_hash_of_its_exact_text(stand: Stand) -> None:
    webinar, ada = await stand.webinar(), new_id()
    news, rules = await asked(stand, webinar, NEWS, RULES)
    choices = items.read_choices([news, rules], Setup(), {rules.field: "on"})
    async with stand.work.unit() as unit:
        await records.record(unit, webinar, ada, choices, lang="en", method="form")
    async with stand.work.read() as session:
        rows = await records.history(session, webinar, ada)
        text = await session.get_one(ConsentText, next(iter(await texts_of(session, rules.id))))
    assert [(row.purpose, row.state, row.method, row.n) for row in rows] == [
        ("marketing", "refused", "form", 1),
        ("terms", "given", "form", 2),
    ]
    assert notices.hashed(text.text) == rows[1].text_hash == rules.text_hash
    assert not {"ip", "address", "agent", "user_agent"} & {column.name for column in ConsentEvent.__table__.columns}


async def texts_of(session, item_id: str) -> list[str]:  # type: ignore[no-untyped-def]
    return list((await session.execute(select(ConsentText.id).where(ConsentText.item_id == item_id))).scalars())


async def test_optional_consents_never_block_and_required_ones_are_named(stand: Stand) -> None:
    webinar = await stand.webinar()
    news, rules = await asked(stand, webinar, NEWS, RULES)
    assert items.read_choices([news], Setup(), {}).given == frozenset()
    with pytest.raises(Problem) as refused:
        items.read_choices([news, rules], Setup(), {news.field: "on"})
    assert refused.value.fields == {rules.field: "You need to agree to this to take part."}


@pytest.mark.parametrize(("answer", "code"), [("no", "age.too_young"), ("", "fields.invalid"), ("maybe", "fields.invalid")])
def test_the_age_gate_takes_yes_only_and_asks_for_no_date(answer: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        items.read_choices([], Setup(age_min=16), {"age_ok": answer})
    assert refused.value.code == code
    assert items.fields([], Setup(age_min=16)) == {"age_ok"}


async def test_withdrawing_holds_at_once_and_both_steps_stay_on_record(stand: Stand) -> None:
    webinar, ada, bob = await stand.webinar(), new_id(), new_id()
    (news,) = await asked(stand, webinar, NEWS)
    async with stand.work.unit() as unit:
        for person in (ada, bob):
            await records.record(unit, webinar, person, Choices((news,), frozenset({news.id})), lang="en", method="form")
    async with stand.work.read() as session:
        assert await records.given(session, webinar, purpose="marketing") == {ada, bob}
    for _ in range(2):
        async with stand.work.unit() as unit:
            await records.decide(unit, webinar, ada, news.id, False, lang="en", method="my_data")
    async with stand.work.read() as session:
        assert await records.given(session, webinar, purpose="marketing") == {bob}
        assert await records.given(session, webinar, item_id=news.id) == {bob}
    async with stand.work.unit() as unit:
        await records.decide(unit, webinar, ada, news.id, True, lang="nl", method="my_data")
    async with stand.work.read() as session:
        steps = [(row.state, row.lang) for row in await records.history(session, webinar, ada)]
        assert await records.given(session, webinar, purpose="marketing") == {ada, bob}
    assert steps == [("given", "en"), ("withdrawn", "en"), ("given", "nl")]


async def test_changed_words_keep_the_old_text_and_ask_nobody_again(stand: Stand) -> None:
    webinar, ada = await stand.webinar(), new_id()
    (news,) = await asked(stand, webinar, NEWS)
    async with stand.work.unit() as unit:
        await records.record(unit, webinar, ada, Choices((news,), frozenset({news.id})), lang="en", method="form")
        other = ItemDetails("text", "marketing", False, {"en": Words("I agree to other news.")})
        await items.save(unit, webinar, other, news.id)
    async with stand.work.read() as session:
        (row,) = await records.history(session, webinar, ada)
        kept = [(await session.get_one(ConsentText, text)).text for text in await texts_of(session, news.id)]
        (now,) = await items.shown(session, webinar, "en")
    assert sorted(kept) == ["I agree to get news by mail.", "I agree to other news.", "Ik wil nieuws per mail."]
    assert row.text_hash == news.text_hash != now.text_hash


@pytest.mark.parametrize(
    "details",
    [
        ItemDetails("text", "marketing", False, {}),
        ItemDetails("text", "spying", False, WORDS),
        ItemDetails("link", "terms", False, {"en": Words("I accept.", url="javascript:alert(1)")}),
        ItemDetails("link", "terms", False, {"en": Words("I accept.", url="//evil.example")}),
        ItemDetails("link", "terms", False, {"en": Words("I accept.", url="https://me:secret@example.org/")}),
        ItemDetails("dialog", "terms", False, {"en": Words("I accept.")}),
    ],
)
async def test_items_that_make_no_sense_are_refused(stand: Stand, details: ItemDetails) -> None:
    webinar = await stand.webinar()
    with pytest.raises(Problem) as refused:
        async with stand.work.unit() as unit:
            await items.save(unit, webinar, details)
    assert refused.value.status == 422


async def test_a_receipt_proves_offline_what_was_agreed_to_and_a_changed_one_does_not(stand: Stand, tmp_path: Path) -> None:
    import msgspec

    webinar, ada = await stand.webinar(), new_id()
    (news,) = await asked(stand, webinar, NEWS)
    async with stand.work.unit() as unit:
        await notices.publish(unit, webinar, "en", {"controller": "Meadow, 1 Field Lane"}, stores=False)
        await items.save_setup(unit, webinar, Setup(16, True))
        choices = Choices((news,), frozenset({news.id}), age_min=16)
        await records.record(unit, webinar, ada, choices, lang="en", method="form")
        await records.record_recording(unit, webinar, ada, "en")
        await records.decide(unit, webinar, ada, news.id, False, lang="en", method="my_data")
    about = msgspec.structs.replace(ABOUT, webinar_id=webinar)
    async with stand.work.read() as session:
        text = await receipts.receipt(session, stand.signer, about, ada, "en", stand.clock.now())
    said = json.loads(signed(text, stand.signer.public_key))
    assert said["schema_version"] == "ISO/IEC TS 27560:2023"
    assert [(e["purpose"], e["event_state"]) for e in said["events"]] == [
        ("marketing", "given"),
        ("age", "given"),
        ("recording", "given"),
        ("marketing", "withdrawn"),
    ]
    for purpose in said["pii_processing"]["purposes"]:
        assert notices.hashed(purpose["purpose_description"]) == purpose["text_sha256"], purpose
        assert purpose["privacy_notice"]["version"] == 1
    assert said["party_identification"][0]["contact"] == "Meadow, 1 Field Lane"
    file = tmp_path / "receipt.json"
    for content, code in ((text, 0), (text.replace("withdrawn", "given"), 1)):
        file.write_text(content)
        assert CliRunner().invoke(cli.main, ["verify", str(file)]).exit_code == code, "as an operator checks it"
    with pytest.raises(CertificateWrong):
        signed(text.replace("withdrawn", "given"))


async def test_records_go_with_the_person_and_those_of_others_stay(stand: Stand) -> None:
    webinar, ada, bob = await stand.webinar(), new_id(), new_id()
    (news,) = await asked(stand, webinar, NEWS)
    async with stand.work.unit() as unit:
        for person in (ada, bob):
            await records.record(unit, webinar, person, Choices((news,), frozenset({news.id})), lang="en", method="form")
    await stand.erase(Target("participant", stand.account_id, webinar, (ada,)))
    async with stand.work.read() as session:
        assert await records.history(session, webinar, ada) == []
        assert await records.given(session, webinar, purpose="marketing") == {bob}
        assert len(await items.shown(session, webinar, "en")) == 1
    await stand.erase(Target("webinar", stand.account_id, webinar))
    async with stand.work.read() as session:
        assert await items.shown(session, webinar, "en") == []


async def test_webhooks_are_told_of_each_step_once_and_of_ids_alone(stand: Stand) -> None:
    webinar, ada = await stand.webinar(), new_id()
    (news,) = await asked(stand, webinar, NEWS)
    async with stand.work.unit() as unit:
        await records.record(unit, webinar, ada, Choices((news,), frozenset({news.id}), age_min=16), lang="en", method="form")
        for _ in range(2):
            await records.decide(unit, webinar, ada, news.id, False, lang="en", method="my_data")
            await marks.restrict(unit, webinar, ada)
        await marks.lift(unit, webinar, ada)
    async with stand.work.read() as session:
        told = (await session.execute(select(Happening).order_by(Happening.n))).scalars().all()
    assert [(one.kind, one.person, one.ids) for one in told] == [
        ("consent.given", ada, {"item": news.id}),
        ("consent.withdrawn", ada, {"item": news.id}),
        ("participant.restricted", ada, {"restricted": "yes"}),
        ("participant.restricted", ada, {"restricted": "no"}),
    ]
