"""Notices: complete or not published, versioned, in every language we have starting words for."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from app.consent import items, notices
from app.core.errors import Problem
from app.core.permissions import Role
from tests.privacy.stand import Stand
from tests.support.product import Product

FILLED = {"controller": "Meadow, 1 Field Lane, Ghent", "dpo": "dpo@meadow.example"}


@pytest.fixture
async def stand(tmp_path: Path):  # type: ignore[no-untyped-def]
    stand = Stand(tmp_path)
    await stand.make_tables()
    yield stand
    await stand.close()


@pytest.mark.parametrize("lang", sorted(notices.wordings()))
async def test_only_what_the_organiser_alone_knows_is_left_to_fill(stand: Stand, lang: str) -> None:
    webinar = await stand.webinar()
    start = notices.starting(lang, 30)
    assert {slot for slot, text in start.items() if not text} == {"controller", "dpo", "representative"}
    assert "30" in start["retention"]
    with pytest.raises(Problem) as refused:
        async with stand.work.unit() as unit:
            await notices.publish(unit, webinar, lang, start, stores=True)
    assert set(refused.value.fields) == {"controller", "dpo"}
    async with stand.work.unit() as unit:
        version = await notices.publish(unit, webinar, lang, start | FILLED, stores=True)
    assert (version.n, version.hash) == (1, notices.hashed(version.text))
    assert notices.wordings()[lang].headings["controller"] in version.text


@pytest.mark.parametrize("slot", sorted(notices.needed(stores=True)))
async def test_each_empty_slot_is_refused_by_its_name(stand: Stand, slot: str) -> None:
    webinar = await stand.webinar()
    with pytest.raises(Problem) as refused:
        async with stand.work.unit() as unit:
            await notices.publish(unit, webinar, "en", notices.starting("en", 30) | FILLED | {slot: " "}, stores=True)
    assert refused.value.fields == {slot: "Fill this in. Without it nothing is published."}


async def test_a_webinar_that_stores_nothing_needs_only_who_is_responsible(stand: Stand) -> None:
    webinar = await stand.webinar()
    async with stand.work.unit() as unit:
        version = await notices.publish(unit, webinar, "en", {"controller": "Meadow"}, stores=False)
    assert version.text == "Who is responsible\nMeadow"


async def test_the_same_words_make_no_new_version_and_others_do(stand: Stand) -> None:
    webinar = await stand.webinar()
    words = notices.starting("en", 30) | FILLED
    numbers = []
    for slots in (words, words, words | {"dpo": "We have none."}):
        async with stand.work.unit() as unit:
            numbers.append((await notices.publish(unit, webinar, "en", slots, stores=True)).n)
    async with stand.work.read() as session:
        now = await notices.published(session, webinar, "nl")
        first = (await notices.versions(session, webinar))[-1]
    assert numbers == [1, 1, 2]
    assert now is not None
    assert (now.lang, now.version) == ("en", 2), "a reader of another language gets what there is"
    assert first.n == 1
    assert "dpo@meadow.example" in first.text, "the old version is never changed"


async def organiser(product: Product, client: httpx2.AsyncClient, role: Role = Role.OWNER) -> str:
    account = await product.account()
    await product.member(account, role, "olivia@example.org")
    await product.sign_in(client, "olivia@example.org")
    return account


async def test_an_organiser_publishes_a_notice_and_participants_read_it(product: Product) -> None:
    async with product.client() as client, product.client() as reader:
        row = await product.webinar(await organiser(product, client))
        page = f"/admin/webinars/{row.id}/notice/en"
        start = await client.get(page)
        assert "Everything about you is erased for good 30 days" in start.text
        refused = await client.post(page, data={"publish": "1", "controller": "Meadow"})
        assert refused.status_code == 422
        assert "Data protection officer: Fill this in." in refused.text
        assert "not published a notice" in (await reader.get(f"/w/{row.slug}/notice")).text
        words = notices.starting("en", 30) | FILLED
        assert (await client.post(page, data={**words, "publish": "1"})).status_code == 303
        shown = await reader.get(f"/w/{row.slug}/notice")
        assert "Meadow, 1 Field Lane, Ghent" in shown.text
        assert notices.hashed(await text_of(product, row.id))[:16] in shown.text
        assert "Version 1" in (await client.get(f"/admin/webinars/{row.id}/consent")).text


async def text_of(product: Product, webinar_id: str) -> str:
    async with product.work.read() as session:
        notice = await notices.published(session, webinar_id, "en")
    assert notice is not None
    return notice.text


async def test_consents_are_made_moved_and_asked_no_more_and_mandatory_marketing_is_warned_of(product: Product) -> None:
    async with product.client() as client:
        row = await product.webinar(await organiser(product, client, Role.REGISTRATION_MANAGER))
        base = f"/admin/webinars/{row.id}/consent"
        one = {"kind": "text", "purpose": "marketing", "required": "on", "label_en": "Yes, send me news."}
        two = {"kind": "dialog", "purpose": "terms", "label_en": "I accept the house rules.", "dialog_en": "Be kind."}
        for values in (one, two):
            assert (await client.post(f"{base}/items/new", data=values)).status_code == 303
        page = await client.get(base)
        assert "Consent to this is not free when it is the price of a seat" in page.text
        assert "checked" not in page.text.split('class="consent-preview')[1].split("</form>")[0], "never ticked beforehand"
        async with product.work.read() as session:
            first, second = await items.shown(session, row.id, "en")
        assert (await client.post(f"{base}/items/{second.id}/up")).status_code == 303
        assert (await client.post(f"{base}/items/{first.id}/drop")).status_code == 303
        async with product.work.read() as session:
            assert [item.id for item in await items.shown(session, row.id, "en")] == [second.id]
        assert (await client.post(f"{base}/setup", data={"age_min": "16", "ask_recording": "on"})).status_code == 303
        assert (await client.post(f"{base}/setup", data={"age_min": "9"})).status_code == 422
        async with product.work.read() as session:
            assert await items.setup(session, row.id) == items.Setup(16, True)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESENTER, Role.AUDITOR])
async def test_other_roles_and_other_accounts_reach_nothing_of_it(product: Product, role: Role) -> None:
    async with product.client() as client, product.client() as foreign:
        row = await product.webinar(await organiser(product, client, role))
        other = await product.account("Elsewhere")
        await product.member(other, Role.OWNER, "eve@example.org")
        await product.sign_in(foreign, "eve@example.org")
        for path in ("consent", "consent/items/new", "notice/en"):
            assert (await client.get(f"/admin/webinars/{row.id}/{path}")).status_code == 403
            assert (await foreign.get(f"/admin/webinars/{row.id}/{path}")).status_code == 404
