"""The second factor as an authenticator app sees it: the codes are computed here from the secret the page shows, by RFC 6238."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import select

from app.accounts.models import RecoveryCode, Staff
from app.accounts.second_factor import _totp
from app.core.clock import SetClock
from app.core.permissions import Role
from app.main import create_app
from app.settings import Settings, complete
from tests.support.product import PASSWORD, Product, make_tables
from tests.support.server import Serve, listen

OWNER = "owner@example.org"


def code_at(secret: str, at: datetime) -> str:
    """RFC 6238 with RFC 4226's truncation, written out."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(at.timestamp()) // 30), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def timed(tmp_path: Path, serve_app: Serve, clock: SetClock) -> Product:
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(complete(Settings(data_dir=tmp_path / "data", public_url=url, workers_embedded=False)), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve_app(app, listener, access_log=False)
    product = Product(url, app.state.parts)
    await product.member(await product.account(), Role.OWNER, OWNER)
    return product


async def set_up(client: httpx2.AsyncClient, clock: SetClock) -> tuple[str, list[str]]:
    """Switched on; the secret and the recovery codes."""
    assert (await client.post("/admin/me/second-factor", data={"do": "begin"})).status_code == 303
    shown = await client.get("/admin/me/second-factor")
    found = re.search(r"<code>([A-Z2-7 ]{32,})</code>", shown.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    on = await client.post("/admin/me/second-factor", data={"do": "on", "code": code_at(secret, clock.now())})
    assert on.status_code == 200, on.text
    clock.advance(timedelta(seconds=31))
    return secret, re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", on.text)


async def half(client: httpx2.AsyncClient) -> str:
    """The password is right; the token that the page asks the code with."""
    page = await client.post("/sign-in", data={"email": OWNER, "password": PASSWORD, "next": "/admin/team"})
    assert page.status_code == 200
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def enter(client: httpx2.AsyncClient, token: str, code: str) -> httpx2.Response:
    return await client.post("/sign-in/code", data={"token": token, "code": code, "next": "/admin/team"})


def test_the_codes_are_those_of_the_standard() -> None:
    # RFC 6238 appendix B, the last six of its eight digits.
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert _totp(b"12345678901234567890").generate(seconds).decode() == code
        assert code_at(base64.b32encode(b"12345678901234567890").decode(), datetime.fromtimestamp(seconds, UTC)) == code


async def test_signing_in_asks_for_a_code_that_works_once(timed: Product, clock: SetClock) -> None:
    async with timed.client() as here, timed.client() as there, timed.client() as thief:
        await timed.sign_in(here, OWNER)
        secret, codes = await set_up(here, clock)
        assert len(codes) == 10
        token = await half(there)
        assert (await there.get("/admin")).status_code == 303, "the password alone opens nothing"
        wrong = await enter(there, token, "000000")
        assert wrong.status_code == 401
        assert "This code does not fit." in wrong.text
        code = code_at(secret, clock.now())
        done = await enter(there, token, f" {code[:3]} {code[3:]} ")
        assert (done.status_code, done.headers["location"]) == (303, "/admin/team")
        assert (await enter(thief, await half(thief), code)).status_code == 401, "seen over a shoulder, and used already"
        clock.advance(timedelta(seconds=30))
        assert (await enter(thief, await half(thief), code_at(secret, clock.now()))).status_code == 303, (
            "the control: the next one"
        )


async def test_a_code_that_is_minutes_old_and_a_half_that_is_too_old_do_not_work(timed: Product, clock: SetClock) -> None:
    async with timed.client() as client:
        await timed.sign_in(client, OWNER)
        secret, _ = await set_up(client, clock)
        old = code_at(secret, clock.now() + timedelta(minutes=3))
        assert (await enter(client, await half(client), old)).status_code == 401
        forged = timed.parts.seats.participant("x" * 20, "y" * 20, "en")[0]
        assert (await enter(client, forged, code_at(secret, clock.now()))).status_code == 401, "signed by us for something else"


async def test_a_recovery_code_works_once_and_only_its_hash_is_kept(timed: Product, clock: SetClock) -> None:
    async with timed.client() as client:
        await timed.sign_in(client, OWNER)
        secret, codes = await set_up(client, clock)
        async with timed.work.read() as session:
            kept = set((await session.execute(select(RecoveryCode.id))).scalars())
            member = (await session.execute(select(Staff))).scalar_one()
        assert kept == {hashlib.sha256(code.replace("-", "").encode()).hexdigest() for code in codes}
        assert member.totp is not None
        assert base64.b32decode(secret) not in member.totp, "the secret is sealed"
        assert (await enter(client, await half(client), codes[0].lower())).status_code == 303
        assert (await enter(client, await half(client), codes[0])).status_code == 401
        assert "9 of your codes are unused" in (await client.get("/admin/me/second-factor")).text


async def test_guessing_codes_is_slowed(timed: Product, clock: SetClock) -> None:
    async with timed.client() as client:
        await timed.sign_in(client, OWNER)
        secret, _ = await set_up(client, clock)
        statuses = [(await enter(client, await half(client), "123456")).status_code for _ in range(7)]
        assert statuses == [401] * 6 + [429]
        right = await enter(client, await half(client), code_at(secret, clock.now()))
        assert right.status_code == 429, "a right code does not help before the time is over"


async def test_switching_off_asks_for_password_and_code_again(timed: Product, clock: SetClock) -> None:
    async with timed.client() as client:
        await timed.sign_in(client, OWNER)
        secret, _ = await set_up(client, clock)
        code = code_at(secret, clock.now())
        path = "/admin/me/second-factor"
        assert (await client.post(path, data={"do": "off", "password": "not it at all", "code": code})).status_code == 422
        assert (await client.post(path, data={"do": "off", "password": PASSWORD, "code": "000000"})).status_code == 422
        assert (await client.post(path, data={"do": "off", "password": PASSWORD, "code": code})).status_code == 303
        async with timed.work.read() as session:
            member = (await session.execute(select(Staff))).scalar_one()
            assert (member.totp, member.totp_on, (await session.execute(select(RecoveryCode))).first()) == (None, False, None)
        async with timed.client() as again:
            await timed.sign_in(again, OWNER)


async def test_the_secret_is_shown_while_it_is_set_up_and_never_again(timed: Product, clock: SetClock) -> None:
    async with timed.client() as client:
        await timed.sign_in(client, OWNER)
        assert (await client.get("/admin/me/second-factor.svg")).status_code == 404
        await client.post("/admin/me/second-factor", data={"do": "begin"})
        picture = await client.get("/admin/me/second-factor.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "no-store"
        assert "<script" not in picture.text
        await set_up(client, clock)
        assert (await client.get("/admin/me/second-factor.svg")).status_code == 404


async def test_the_uri_is_what_apps_expect(timed: Product) -> None:
    uri = _totp(b"12345678901234567890").get_provisioning_uri(OWNER, "Lectern example")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {
        "digits": ["6"], "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], "algorithm": ["SHA1"], "issuer": ["Lectern example"],
        "period": ["30"],
    }  # fmt: skip


async def test_an_owner_helps_a_colleague_who_lost_everything_but_an_admin_no_owner(timed: Product, clock: SetClock) -> None:
    async with timed.work.read() as session:
        owner = (await session.execute(select(Staff))).scalar_one()
    admin = await timed.member(owner.account_id, Role.ADMIN, "admin@example.org")
    async with timed.client() as boss, timed.client() as helper:
        await timed.sign_in(boss, OWNER)
        await timed.sign_in(helper, "admin@example.org")
        await set_up(boss, clock)
        assert (await helper.post(f"/admin/team/{owner.id}", data={"factor": "off"})).status_code == 403
        await set_up(helper, clock)
        assert (await boss.post(f"/admin/team/{admin}", data={"factor": "off"})).status_code == 303
        assert (await helper.get("/admin")).status_code == 303, "their sessions end"
        await timed.sign_in(helper, "admin@example.org")
