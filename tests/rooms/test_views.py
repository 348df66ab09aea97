"""Views by link: each allows only what it is for, new links end the old ones, and nobody else gets them."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
import websockets

from app.core.permissions import Role
from app.protocol.codes import Close
from app.rooms.models import Webinar
from app.rooms.views import VIEWS
from tests.support.product import Guest, Product


async def crew(product: Product) -> tuple[httpx2.AsyncClient, Webinar]:
    account = await product.account()
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    client = product.client()
    await product.sign_in(client, "mo@meadow.example")
    return client, await product.webinar(account, publication="unlisted")


async def ticket(product: Product, webinar: Webinar, view: str, link: str, **more: Any) -> httpx2.Response:
    async with product.client() as anybody:
        wanted = {"view": view, "key": link.split("key=")[1], **more}
        return await anybody.post(f"/w/{webinar.slug}/view-ticket", json=wanted)


async def refused(product: Product, webinar: Webinar, given: str, *commands: tuple[str, dict[str, Any]]) -> list[str]:
    """Codes of the answers to ``commands`` on a socket opened with a ticket."""
    address = f"{product.url.replace('http', 'ws')}/live/{webinar.id}"
    async with websockets.connect(address, origin=websockets.Origin(product.url), proxy=None) as socket:
        guest = Guest(socket, "x")
        await socket.send(json.dumps({"type": "hello", "ticket": given}))
        await guest.next("welcome")
        return [(await guest.ask(kind, **fields)).get("code", "ok") for kind, fields in commands]


async def test_each_view_allows_only_what_it_is_for(product: Product) -> None:
    client, webinar = await crew(product)
    links = (await client.get(f"/w/{webinar.slug}/links")).json()
    say = ("chat.say", {"text": "Hello"})
    ask = ("question.ask", {"text": "How far do they fly?"})
    codes = {}
    for view in ("hall", "speaker", "overlay"):
        answer = await ticket(product, webinar, view, links[view])
        codes[view] = await refused(
            product, webinar, answer.json()["ticket"], say, ask, ("chat.hide", {"message": "x", "hidden": True})
        )
    assert codes == {
        "hall": ["not.allowed", "ok", "not.allowed"],
        "speaker": ["not.allowed"] * 3,
        "overlay": ["not.allowed"] * 3,
    }
    await client.aclose()


async def test_no_view_is_told_the_chat_however_it_is_kept(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(product.join(webinar.id))
        mo = await stack.enter_async_context(product.join(webinar.id, Role.MODERATOR))
        views = [await stack.enter_async_context(product.join(webinar.id, view=view)) for view in VIEWS]
        for mode in ("stored", "unstored"):
            await mo.ask("chat.mode", mode=mode)
            assert (await ann.ask("chat.say", text=f"Said while {mode}", name="Ann"))["type"] == "ok"
        # Who comes now, and who asks for what they missed, hears nothing of it either.
        views.append(await stack.enter_async_context(product.join(webinar.id, view="hall")))
        asked = await ann.ask("question.ask", text="How far do they fly?", name="Ann")
        shown = await mo.ask("question.approve", question=asked["question"])
        await ann.until_seq(shown["seq"])
        assert ann.texts() == ["Said while stored", "Said while unstored"]
        for view in views:
            await view.hear(shown["seq"])
            assert {entity["kind"] for entity in view.entities.values()} == {"webinar", "question"}
            assert "Said while" not in str(view.frames)
        assert {view.welcome["you"]["lane"] for view in views} == {"view"}
        # They watch as others do.
        assert sorted(product.parts.hub.present()[webinar.id]) == sorted([ann.person, *(view.person for view in views)])


async def test_a_key_opens_its_own_view_and_no_other(product: Product) -> None:
    client, webinar = await crew(product)
    links = (await client.get(f"/w/{webinar.slug}/links")).json()
    other = await product.webinar(webinar.account_id, title="Another", publication="public")
    assert (await ticket(product, webinar, "hall", links["speaker"])).status_code == 404
    assert (await ticket(product, other, "speaker", links["speaker"])).status_code == 404
    async with product.client() as anybody:
        assert (await anybody.get(f"/w/{webinar.slug}/speaker")).status_code == 404
        shown = await anybody.get(links["speaker"].removeprefix(product.url))
        assert shown.status_code == 200
        assert "set-cookie" not in shown.headers
    await client.aclose()


async def test_new_links_end_the_old_ones(product: Product) -> None:
    client, webinar = await crew(product)
    before = (await client.get(f"/w/{webinar.slug}/links")).json()
    assert (await ticket(product, webinar, "overlay", before["overlay"])).status_code == 200
    after = (await client.post(f"/w/{webinar.slug}/links")).json()
    assert (await ticket(product, webinar, "overlay", before["overlay"])).status_code == 404
    assert (await ticket(product, webinar, "overlay", after["overlay"])).status_code == 200
    await client.aclose()


async def test_new_links_close_what_is_open_by_the_old_ones_and_nothing_else(product: Product) -> None:
    client, webinar = await crew(product)
    links = (await client.get(f"/w/{webinar.slug}/links")).json()
    address = f"{product.url.replace('http', 'ws')}/live/{webinar.id}"
    given = {view: (await ticket(product, webinar, view, links[view])).json()["ticket"] for view in ("hall", "overlay")}
    late = (await ticket(product, webinar, "hall", links["hall"])).json()["ticket"]
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(product.join(webinar.id))
        guests = []
        for one in given.values():
            socket = websockets.connect(address, origin=websockets.Origin(product.url), proxy=None)
            guests.append(Guest(await stack.enter_async_context(socket), "x"))
            await guests[-1].socket.send(json.dumps({"type": "hello", "ticket": one}))
            await guests[-1].next("welcome")
        await client.post(f"/w/{webinar.slug}/links")
        for guest in guests:
            with pytest.raises(websockets.ConnectionClosed) as error:
                await guest.next("never")
            assert error.value.rcvd is not None
            assert error.value.rcvd.code == Close.REVOKED
        assert (await ann.ask("chat.say", text="Still here", name="Ann"))["type"] == "ok"
    with pytest.raises(websockets.ConnectionClosed):
        await refused(product, webinar, late)
    await client.aclose()


async def test_links_are_for_the_crew_of_this_account(product: Product) -> None:
    client, webinar = await crew(product)
    assert (await client.get(f"/w/{webinar.slug}/qr.svg")).headers["content-type"].startswith("image/svg+xml")
    stranger = await product.account("Elsewhere")
    await product.member(stranger, Role.OWNER, "eve@elsewhere.example")
    await product.member(webinar.account_id, Role.PRESENTER, "pat@meadow.example")
    for email, status in (("eve@elsewhere.example", 404), ("pat@meadow.example", 403)):
        async with product.client() as somebody:
            await product.sign_in(somebody, email)
            assert (await somebody.get(f"/w/{webinar.slug}/links")).status_code == status
            assert (await somebody.get(f"/w/{webinar.slug}/qr.svg")).status_code == status
    async with product.client() as nobody:
        assert (await nobody.get(f"/w/{webinar.slug}/links")).status_code in (303, 401, 403)
    await client.aclose()
