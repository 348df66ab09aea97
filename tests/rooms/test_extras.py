"""Reactions, hands, notices, handouts and who of the crew is here, over real sockets and pages."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from sqlalchemy import select

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.permissions import Role
from app.privacy.erase import Target
from app.rooms import due, handouts
from app.rooms.models_people import Hand
from app.rooms.room import open_room
from tests.rooms.test_questions import of, room, settle
from tests.support.product import Guest, Product


def ticks(guest: Guest) -> list[dict[str, Any]]:
    return [frame for frame in guest.frames if frame["type"] == "tick"]


async def test_reactions_are_summed_and_nobodys(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob, product.join(webinar.id, Role.MODERATOR) as mo:
        for guest in (ann, ann, bob):
            assert (await guest.ask("reaction.send", emoji="👏"))["type"] == "ok"

        def seen() -> int:
            return sum(tick.get("reactions", {}).get("👏", 0) for tick in ticks(mo))

        await mo.read_until(lambda: seen() == 3)
        assert ann.person not in str(ticks(mo)) + str(ticks(bob))
        assert (await ann.ask("reaction.send", emoji="💣"))["code"] == "chat.emoji"
        await settle(await mo.ask("room.modes", reactions="off"), ann)
        assert (await ann.ask("reaction.send", emoji="👏"))["code"] == "reactions.closed"


async def test_the_crew_sees_who_of_them_is_here_and_the_audience_does_not(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR, name="Max") as mo:

        def here() -> list[str]:
            crew = [tick["crew"] for tick in ticks(mo) if "crew" in tick]
            return [one["name"] for one in crew[-1]] if crew else []

        async with product.join(webinar.id, Role.PRESENTER, name="Petra"):
            await mo.read_until(lambda: here() == ["Max", "Petra"])
        await mo.read_until(lambda: here() == ["Max"])
        await ann.ask("reaction.send", emoji="👍")
        await ann.read_until(lambda: any("reactions" in tick for tick in ticks(ann)))
        assert [tick for tick in ticks(ann) if "crew" in tick] == []


async def test_a_hand_goes_up_is_invited_and_accepted(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob, product.join(webinar.id, Role.MODERATOR) as mo:
        assert (await ann.ask("hand.raise", name="Ann"))["code"] == "hand.closed"
        await mo.ask("broadcast.set", to="live")
        await settle(await ann.ask("hand.raise", name="Ann", wants="video"), ann, bob, mo)
        assert [(h["name"], h["state"], h["wants"], h["person"]) for h in of(mo, "hand")] == [
            ("Ann", "raised", "video", ann.person)
        ]
        assert ann.person not in str(bob.frames)
        await settle(await mo.ask("hand.invite", hand=of(mo, "hand")[0]["id"]), ann)
        assert [h["state"] for h in of(ann, "my_hand")] == ["invited"]
        assert (await bob.ask("hand.accept"))["code"] == "hand.unknown"
        await settle(await ann.ask("hand.accept", wants="audio"), ann, mo)
        assert [h["state"] for h in of(mo, "hand")] == ["accepted"]
        async with product.join(webinar.id, person=ann.person) as again:
            assert [h["state"] for h in of(again, "my_hand")] == ["accepted"]
        await settle(await mo.ask("hand.dismiss", hand=of(mo, "hand")[0]["id"]), ann, mo)
        assert (of(ann, "my_hand"), of(mo, "hand")) == ([], [])
        await mo.ask("room.modes", hands="free")
        await settle(await bob.ask("hand.raise", name="Bob"), bob)
        assert [h["state"] for h in of(bob, "my_hand")] == ["accepted"]


async def test_of_an_erased_person_no_hand_is_left(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, Role.MODERATOR) as mo:
        await mo.ask("broadcast.set", to="live")
        async with product.join(webinar.id, person=person) as ann:
            await settle(await ann.ask("hand.raise", name="Ann"), mo)
        async with product.work.unit() as unit:
            target = Target("participant", webinar.account_id, webinar.id, (person,))
            erasure = await product.parts.pipeline.ask(unit, target, "organiser")
        await product.parts.pipeline.run(erasure)
        await mo.read_until(lambda: of(mo, "hand") == [])
    async with product.work.read() as session:
        assert [(hand.person == hand.id, hand.name) for hand in (await session.execute(select(Hand))).scalars()] == [(True, b"")]


async def test_a_notice_has_a_safe_button_and_goes_when_its_time_is_over(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        for url in ("javascript:alert(1)", "http://example.org", "https://", "https://a b.example"):
            assert (await mo.ask("notice.post", text="Read", button_text="Go", button_url=url))["code"] == "notice.url"
        posted = await mo.ask(
            "notice.post", text="Read the paper", button_text="Open", button_url="https://example.org/a", seconds=600
        )
        await settle(posted, ann)
        assert [(n["text"], n["button"]["url"], n["until"] - n["at"]) for n in of(ann, "notice")] == [
            ("Read the paper", "https://example.org/a", 600_000)
        ]
        async with product.work.unit() as unit:
            await due.at(await open_room(unit, product.parts.vault, webinar.id), "notice.over", posted["notice"], unit.now)
        await ann.read_until(lambda: of(ann, "notice") == [])
        assert (await mo.ask("notice.withdraw", notice=posted["notice"]))["code"] == "notice.unknown"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def a_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.add_metadata({"/Author": "CanaryAuthor"})
    script = {"/S": "/JavaScript", "/JS": "CanaryScript"}
    action = DictionaryObject({NameObject("/S"): NameObject(script["/S"]), NameObject("/JS"): TextStringObject(script["/JS"])})
    writer.root_object[NameObject("/OpenAction")] = action
    writer.add_attachment("canary.exe", b"CanaryFile")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_picture() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x013B] = "Canary-artist"
    Image.new("RGB", (8, 8), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_metadata_scripts_and_attachments_are_gone_from_what_is_handed_out() -> None:
    assert b"CanaryAuthor" in a_pdf()
    cleaned = await handouts.clean(a_pdf())
    assert cleaned.type == "application/pdf"
    reader = PdfReader(io.BytesIO(cleaned.body))
    text = cleaned.body + str(reader.trailer).encode()
    assert (len(reader.pages), b"Canary" in text, b"/JavaScript" in text, b"/EmbeddedFile" in text) == (1, False, False, False)
    assert b"Canary-artist" in a_picture()
    picture = await handouts.clean(a_picture())
    assert (picture.type, b"Canary" in picture.body) == ("image/jpeg", False)


@pytest.mark.parametrize("data", [b"", b"MZ\x90\x00\x03", b"<html><script>", b"#!/bin/sh\nrm", b"PK\x03\x04\x14", b"%PDF-1.7 no"])
async def test_a_program_in_disguise_is_refused(data: bytes) -> None:
    with pytest.raises(Problem) as refused:
        await handouts.clean(data)
    assert refused.value.code == "handout.type"


async def test_a_handout_is_sealed_and_served_by_a_link_of_this_webinar(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@example.org")
    async with product.client() as client, product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        address = f"/w/{webinar.slug}/handouts"
        files = {"file": ("notes.txt", b"Canary-notes of the talk", "text/plain")}
        origin = {"origin": product.url}
        assert (await client.post(address, files=files, data={"title": "Notes"}, headers=origin)).status_code in (303, 401, 403)
        await product.sign_in(client, "mo@example.org")
        made = await client.post(address, files=files, data={"title": "Notes: été"}, headers=origin)
        assert made.status_code == 201, made.text
        await ann.read_until(lambda: len(of(ann, "handout")) == 1)
        handout = of(ann, "handout")[0]
        assert (handout["title"], handout["type"], handout["size"]) == ("Notes: été", "text/plain", 24)
        assert b"Canary-notes" not in everything_in(product.parts.settings.data_dir)
        link = (await ann.ask("handout.open", handout=handout["id"]))["url"]
        async with product.client() as stranger:
            got = await stranger.get(link)
            assert (got.status_code, got.content) == (200, b"Canary-notes of the talk")
            assert got.headers["content-disposition"] == 'attachment; filename="Notes-t.txt"'
            assert (await stranger.get(link[:-3] + "abc")).status_code == 404
            await settle(await mo.ask("handout.remove", handout=handout["id"]), ann)
            assert of(ann, "handout") == []
            assert (await stranger.get(link)).status_code == 404
