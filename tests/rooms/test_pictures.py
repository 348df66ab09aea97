"""Texts and pictures of the states: what is taken, what becomes of it, who sees it, and that it goes with the webinar."""

from __future__ import annotations

import io
import struct
import zlib

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import func, select

from app.core.permissions import Role
from app.privacy.scope import Target
from app.rooms.models import Picture, Webinar
from tests.support.product import Product
from tests.support.until import until

SECRET = "taken at my home"


def jpeg(size: tuple[int, int] = (640, 360), *, turned: bool = False) -> bytes:
    """A photo with a comment, a place and a camera in it, and something hidden behind its end."""
    picture = Image.new("RGB", size, "#206040")
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif[0x0110] = "Some Camera 5"
    if turned:
        exif[0x0112] = 6
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=SECRET.encode())
    return out.getvalue() + SECRET.encode()


def png() -> bytes:
    notes = PngInfo()
    notes.add_text("Comment", SECRET)
    out = io.BytesIO()
    Image.new("RGBA", (300, 200), (10, 20, 30, 128)).save(out, "PNG", pnginfo=notes)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of 900 million pixels in a few hundred bytes."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.fixture
async def row(product: Product) -> Webinar:
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    await product.member(account, Role.PRESENTER, "presenter@example.org")
    return await product.webinar(account)


async def send(client: httpx2.AsyncClient, row: Webinar, state: str, picture: bytes | None = None, **fields: str) -> int:
    files = {"picture": ("home.jpg", picture, "image/jpeg")} if picture else None
    answer = await client.post(f"/admin/webinars/{row.id}/states/{state}", data=fields, files=files)
    return answer.status_code


async def count(product: Product) -> int:
    async with product.work.read() as session:
        return (await session.execute(select(func.count()).select_from(Picture))).scalar_one()


@pytest.mark.parametrize("given", [jpeg(), jpeg((4000, 3000)), png()])
async def test_a_picture_is_made_anew_without_what_was_hidden_in_it(product: Product, row: Webinar, given: bytes) -> None:
    async with product.client() as owner, product.client() as guest:
        await product.sign_in(owner, "owner@example.org")
        assert await send(owner, row, "idle", given) == 303
        page = await guest.get(f"/w/{row.slug}/room")
        path = f"/w/{row.slug}/pictures/{(await product.row(row.id)).state_pictures['idle']}"
        assert path in page.text
        served = await guest.get(path)
    assert (served.headers["content-type"], served.headers["x-content-type-options"]) == ("image/webp", "nosniff")
    assert SECRET.encode() in given, "the control"
    assert SECRET.encode() not in served.content
    picture = Image.open(io.BytesIO(served.content))
    assert (picture.format, dict(picture.getexif())) == ("WEBP", {})
    assert picture.width <= 1920
    assert picture.height <= 1080


async def test_a_photo_that_was_held_sideways_stands_upright(product: Product, row: Webinar) -> None:
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        await send(owner, row, "any", jpeg((640, 360), turned=True))
        served = await owner.get(f"/w/{row.slug}/pictures/{(await product.row(row.id)).picture}")
    assert Image.open(io.BytesIO(served.content)).size == (360, 640)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not a JPEG, PNG or WebP"),
        (b"GIF89a" + b"\0" * 50, "not a JPEG, PNG or WebP"),
        (jpeg()[:200], "not a JPEG, PNG or WebP"),
        (bomb(), "too many pixels"),
        (b"\0" * (8 * 1024 * 1024 + 1), "at most 8 MB"),
        (b"\0" * (9 * 1024 * 1024), "at most 8256 KB"),
    ],
)
async def test_what_is_no_picture_is_refused_in_words(product: Product, row: Webinar, given: bytes, words: str) -> None:
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        answer = await owner.post(f"/admin/webinars/{row.id}/states/idle", files={"picture": ("x.jpg", given, "image/jpeg")})
        seen = await owner.post(
            f"/admin/webinars/{row.id}/states/idle", files={"picture": ("x.jpg", given, "image/jpeg")}, headers={"Accept": "*/*"}
        )
    assert answer.status_code in (413, 422)
    assert words in answer.text
    assert words in seen.text, "and so for the console"
    assert await count(product) == 0


async def test_the_limit_elsewhere_is_as_before(product: Product, row: Webinar) -> None:
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        large = b"x=" + b"\0" * (3 * 1024 * 1024)
        assert (await owner.post(f"/admin/webinars/{row.id}/edit", content=large)).status_code == 413


async def test_text_and_picture_of_a_state_reach_everybody_in_the_room_at_once(product: Product, row: Webinar) -> None:
    async with product.client() as owner, product.join(row.id) as guest, product.join(row.id, Role.MODERATOR) as moderator:
        await product.sign_in(owner, "owner@example.org")
        await send(owner, row, "paused", jpeg(), text="Coffee until\n three")
        await send(owner, row, "any", png())
        await moderator.ask("broadcast.set", to="live")
        await moderator.ask("broadcast.set", to="paused")
        seq = (await product.row(row.id)).seq
        await guest.until_seq(seq)
        await moderator.until_seq(seq)
        now = await product.row(row.id)
        address = f"/w/{row.slug}/pictures/{now.state_pictures['paused']}"
        assert (guest.webinar["message"], guest.webinar["picture"]) == ("Coffee until three", address)
        assert "pictures" not in guest.webinar, "what is to come is the crew's"
        assert moderator.webinar["pictures"] == {"paused": address, "any": f"/w/{row.slug}/pictures/{now.picture}"}
        await moderator.ask("broadcast.set", to="ended")
        await guest.until_seq((await product.row(row.id)).seq)
        assert guest.webinar["picture"] == f"/w/{row.slug}/pictures/{now.picture}", "a state without its own shows the webinar's"
        await send(owner, row, "paused", remove="1")
        await send(owner, row, "any", png())
    assert await count(product) == 1, "what was replaced or removed is gone"


async def test_only_who_may_and_only_in_the_own_account(product: Product, row: Webinar) -> None:
    other = await product.webinar(await product.account("Other"), publication="draft")
    async with product.client() as owner, product.client() as presenter, product.client() as guest:
        await product.sign_in(owner, "owner@example.org")
        await product.sign_in(presenter, "presenter@example.org")
        assert await send(owner, other, "idle", jpeg()) == 404
        assert await send(presenter, row, "idle", jpeg()) == 403
        assert await send(guest, row, "idle", jpeg()) == 303, "to the sign-in"
        assert await send(owner, row, "midnight", jpeg()) == 400
        assert await send(owner, row, "idle", jpeg()) == 303
        mine = (await product.row(row.id)).state_pictures["idle"]
        assert (await guest.get(f"/w/{other.slug}/pictures/{mine}")).status_code == 404
    assert await count(product) == 1


async def test_pictures_go_with_the_webinar_and_stay_when_only_people_are_erased(product: Product, row: Webinar) -> None:
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        await send(owner, row, "idle", jpeg())
    for kind, left in (("participants", 1), ("webinar", 0)):
        async with product.work.unit() as unit:
            await product.parts.pipeline.ask(unit, Target(kind, row.account_id, row.id), "owner")  # type: ignore[arg-type]

        async def as_many(left: int = left, kind: str = kind) -> bool:
            return await count(product) == left and await erased(product, kind)

        await until(as_many, what=f"{left} pictures after erasing {kind}")


async def erased(product: Product, kind: str) -> bool:
    from app.privacy.models import Erasure

    async with product.work.read() as session:
        return (await session.execute(select(Erasure.state).where(Erasure.kind == kind))).scalar_one() == "done"
