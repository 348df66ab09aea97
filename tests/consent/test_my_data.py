"""My data: whoever holds the link sees everything held about them and decides about it; nobody else does."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import select, update

from app.consent import items, marks, records
from app.consent.items import Choices, ItemDetails, Words
from app.consent.models import SubjectRequest
from app.core.ids import new_id
from app.core.permissions import Role
from app.privacy.certificate import signed
from app.registration.models import Registrant
from app.rooms.models import Message, Webinar
from tests.reports.test_exports import registrants
from tests.support.product import Product, product_on
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.support.until import until

NEWS = ItemDetails("text", "marketing", False, {"en": Words("I agree to get news by mail.")})


async def scene(product: Product) -> tuple[Webinar, str, str]:
    """A webinar, somebody who wrote in its chat and agreed to news, and the address of their data."""
    row = await product.webinar(await product.account())
    ada = new_id()
    async with product.join(row.id, person=ada) as guest:
        await guest.ask("chat.say", text="The queen is marked blue.", name="Ada")
    async with product.join(row.id) as other:
        await other.ask("chat.say", text="Words of somebody else", name="Bob")
    async with product.work.unit() as unit:
        item = await items.save(unit, row.id, NEWS)
        shown = items.shown_item(item, "en")
        await records.record(unit, row.id, ada, Choices((shown,), frozenset({shown.id})), lang="en", method="form")
        await marks.disclosed(unit, row.id, [ada], "Our CRM", "name, e-mail")
    return row, ada, product.parts.my_data.path(row.id, ada)


async def test_all_that_is_held_is_shown_and_nothing_of_others(product: Product) -> None:
    _, _, me = await scene(product)
    async with product.client() as client:
        page = (await client.get(me)).text
        data = json.loads((await client.get(f"{me}/my-data.json")).text)
        html = (await client.get(f"{me}/my-data.html")).text
    for text in ("The queen is marked blue.", "Ada", "I agree to get news by mail.", "Our CRM"):
        assert text in page, text
    assert "Words of somebody else" not in page + html + json.dumps(data)
    assert {"message", "consent_event", "recipients"} <= {part["place"] for part in data["parts"]}
    assert "The queen is marked blue." in html


async def test_withdrawing_is_one_press_and_holds_at_once_for_every_list(product: Product) -> None:
    row, ada, me = await scene(product)
    async with product.work.read() as session:
        (item,) = await items.of_webinar(session, row.id)
        assert await records.given(session, row.id, purpose="marketing") == {ada}
    async with product.client() as client:
        done = await client.post(me, data={"do": "consents", "item": item.id, "kind": "withdraw"})
        assert done.status_code == 303
        assert "withdrawn" in (await client.get(me)).text
        receipt = json.loads(signed((await client.get(f"{me}/consents.json")).text))
    assert [event["event_state"] for event in receipt["events"]] == ["given", "withdrawn"]
    async with product.work.read() as session:
        assert await records.given(session, row.id, purpose="marketing") == set()


async def test_restriction_and_objection_hold_at_once_and_reach_the_organiser(product: Product) -> None:
    row, ada, me = await scene(product)
    async with product.client() as client:
        for do in ("restrict", "object"):
            assert (await client.post(me, data={"do": do})).status_code == 303
        async with product.work.read() as session:
            assert await marks.of_person(session, row.id, ada) == {"restricted", "objected"}
            kinds = (await session.execute(select(SubjectRequest.kind))).scalars().all()
        assert sorted(kinds) == ["object", "restrict"]
        for do in ("lift", "allow"):
            assert (await client.post(me, data={"do": do})).status_code == 303
        async with product.work.read() as session:
            assert await marks.of_person(session, row.id, ada) == set()


async def test_a_request_is_answered_within_its_clock_and_an_overdue_one_is_marked(product: Product) -> None:
    row, _, me = await scene(product)
    await product.member(row.account_id, Role.REGISTRATION_MANAGER, "olivia@example.org")
    async with product.client() as client, product.client() as staff:
        empty = await client.post(me, data={"do": "ask", "kind": "question", "text": " "})
        assert (empty.status_code, "Say in a sentence what you want." in empty.text) == (422, True)
        await client.post(me, data={"do": "ask", "kind": "question", "text": "Who reads the chat?"})
        await product.sign_in(staff, "olivia@example.org")
        assert "30 days left" in (await staff.get("/admin/privacy/requests")).text
        request_id = await only_request(product)
        async with product.work.unit() as unit:
            late = unit.now - timedelta(days=1)
            await unit.session.execute(update(SubjectRequest).values(due_at=late))
        assert "Overdue" in (await staff.get("/admin/privacy/requests")).text
        page = f"/admin/privacy/requests/{request_id}"
        assert "Who reads the chat?" in (await staff.get(page)).text
        refused = await staff.post(page, data={"state": "refused", "answer": ""})
        assert (refused.status_code, "right to the reason" in refused.text) == (422, True)
        more = await staff.post(page, data={"state": "extend", "answer": "We have to ask a partner first."})
        assert more.status_code == 303
        assert "59 days left" in (await staff.get("/admin/privacy/requests")).text
        assert (await staff.post(page, data={"state": "done", "answer": "Everybody in the room."})).status_code == 303
        assert "Everybody in the room." in (await client.get(me)).text
        async with product.work.read() as session:
            row_now = await session.get_one(SubjectRequest, request_id)
        assert b"Everybody in the room." not in row_now.answer, "what people write is sealed"


async def only_request(product: Product) -> str:
    async with product.work.read() as session:
        return (await session.execute(select(SubjectRequest.id))).scalar_one()


async def test_other_accounts_and_roles_cannot_open_the_inbox(product: Product) -> None:
    row, _, me = await scene(product)
    await product.member(row.account_id, Role.MODERATOR, "mo@example.org")
    await product.member(await product.account("Elsewhere"), Role.OWNER, "eve@example.org")
    async with product.client() as client, product.client() as moderator, product.client() as eve:
        await client.post(me, data={"do": "ask", "kind": "question", "text": "Who reads the chat?"})
        await product.sign_in(moderator, "mo@example.org")
        await product.sign_in(eve, "eve@example.org")
        request_id = await only_request(product)
        assert (await moderator.get("/admin/privacy/requests")).status_code == 403
        assert (await eve.get(f"/admin/privacy/requests/{request_id}")).status_code == 404
        assert "question" not in (await eve.get("/admin/privacy/requests")).text.split("<main")[1].lower()


async def test_erasing_by_the_link_leaves_nothing_and_the_link_shows_that(product: Product) -> None:
    row, ada, me = await scene(product)
    async with product.client() as client:
        assert "Chat messages" in (await client.get(f"{me}/erase")).text
        assert (await client.post(f"{me}/erase")).headers["location"] == f"{me}/erased"

        async def gone() -> bool:
            async with product.work.read() as session:
                left = await session.execute(select(Message.id).where(Message.person == ada))
                return left.first() is None

        await until(gone, what="the words of the person are gone")
        await until(lambda: nothing_left(client, me), what="the page says that nothing is stored")
        again = await client.post(me, data={"do": "ask", "kind": "question", "text": "Hello again"})
        assert again.status_code == 410
    async with product.work.read() as session:
        assert len((await session.execute(select(Message.id).where(Message.webinar_id == row.id))).all()) == 2, (
            "a tombstone stays"
        )


async def nothing_left(client: httpx2.AsyncClient, me: str) -> bool:
    return "Nothing is stored about you" in (await client.get(me)).text


async def test_from_the_room_by_the_seat_and_only_with_a_seat_of_this_webinar(product: Product) -> None:
    row, ada, _ = await scene(product)
    other = await product.webinar(row.account_id, title="Another one")
    seat = product.parts.seats.participant(row.id, ada, "en")[1]
    async with product.client() as client:
        there = await client.post(f"/w/{row.slug}/my-data", data={"seat": seat})
        assert "The queen is marked blue." in (await client.get(urlsplit(there.headers["location"]).path)).text
        for slug, wrong in ((other.slug, seat), (row.slug, ""), (row.slug, "x" + seat)):
            assert (await client.post(f"/w/{slug}/my-data", data={"seat": wrong})).status_code == 404


@pytest.mark.parametrize("token", ["x", "a.b.c", "bWU.bWU.bWU"])
async def test_links_that_are_not_ours_open_nothing(product: Product, token: str) -> None:
    async with product.client() as client:
        assert (await client.get(f"/me/{token}")).status_code == 404


async def test_the_link_of_an_erased_webinar_says_so(product: Product) -> None:
    row, _, me = await scene(product)
    async with product.work.unit() as unit:
        await unit.session.execute(update(Webinar).where(Webinar.id == row.id).values(data_state="purged"))
    async with product.client() as client:
        answer = await client.get(me)
    assert (answer.status_code, "Everything of this webinar was erased" in answer.text) == (410, True)


async def test_a_registrant_corrects_answers_and_gives_the_seat_back(product: Product) -> None:
    row = await product.webinar(await product.account())
    ada, bob = await registrants(product, row.id, ["Ada", "Bob"])
    me = product.parts.my_data.path(row.id, ada)
    async with product.client() as client:
        page = (await client.get(me)).text
        assert "you have a seat" in page
        assert "=City of Ada" in page
        assert "=City of Bob" not in page
        assert 'value="=City of Ada"' in (await client.get(f"{me}/correct")).text
        unknown = await client.post(f"{me}/correct", data={"name": "Ada", "owner": "yes"})
        assert unknown.status_code == 422
        wrong = await client.post(f"{me}/correct", data={"name": "", "email": "ada@example.org", "q_city": "Ghent"})
        assert (wrong.status_code, "Write your name." in wrong.text, 'value="Ghent"' in wrong.text) == (422, True, True)
        sent = {"name": "Ada L.", "email": "ada@example.org", "q_city": "Ghent"}
        assert (await client.post(f"{me}/correct", data=sent)).status_code == 303
        assert "Ghent" in (await client.get(me)).text
        assert "goes to whoever waits" in (await client.get(f"{me}/cancel")).text
        assert (await client.post(f"{me}/cancel")).status_code == 303
        assert "cancelled" in (await client.get(me)).text
    async with product.work.read() as session:
        states = {one.id: one.state for one in (await session.execute(select(Registrant))).scalars()}
    assert states == {ada: "cancelled", bob: "confirmed"}


async def test_somebody_who_did_not_register_has_no_seat_to_give_back(product: Product) -> None:
    _, _, me = await scene(product)
    async with product.client() as client:
        assert "Your registration" not in (await client.get(me)).text
        for path in ("correct", "cancel"):
            assert (await client.get(f"{me}/{path}")).status_code == 404


async def test_the_team_hears_of_a_request_and_the_person_of_its_answer_and_no_mail_repeats_the_words(
    tmp_path: Path, serve_app: Serve, smtp_server: Mailbox
) -> None:
    async with product_on(tmp_path, serve_app, smtp_url=smtp_server.url) as product:
        row = await product.webinar(await product.account())
        ada, _ = await registrants(product, row.id, ["Ada", "Bob"])
        await product.member(row.account_id, Role.OWNER, "olivia@example.org")
        await product.member(row.account_id, Role.PRESENTER, "petra@example.org")
        me = product.parts.my_data.path(row.id, ada)
        async with product.client() as client, product.client() as staff:
            await client.post(me, data={"do": "ask", "kind": "question", "text": "Who reads my canary?"})
            came = await smtp_server.arrives("olivia@example.org")
            await product.sign_in(staff, "olivia@example.org")
            page = f"/admin/privacy/requests/{await only_request(product)}"
            assert page in text_of(came)
            assert "Requests of participants (1)" in (await staff.get("/admin/privacy")).text
            await staff.post(page, data={"state": "done", "answer": "Nobody but the canary."})
            answered = await smtp_server.arrives("ada@example.org")
        assert "/me/" in text_of(answered)
        for mail in (came, answered):
            assert "canary" not in str(mail)
        assert [mail for mail in smtp_server.mails if "petra@example.org" in str(mail["to"])] == []


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
