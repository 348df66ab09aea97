"""A forgotten password, by a real mail server."""

from __future__ import annotations

import asyncio
import hashlib
import re
from email.message import EmailMessage

from itsdangerous import TimestampSigner

from app.core.permissions import Role
from tests.accounts.test_invitation_mail import clock, jobs, mailing
from tests.accounts.test_staff_pages import strip
from tests.support.product import PASSWORD, Product
from tests.support.smtp import Mailbox

__all__ = ["clock", "mailing"]
OWNER = "owner@example.org"


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"/reset/[\w.-]+", body.get_content())
    assert found is not None
    return found[0]


async def ask(product: Product, email: str) -> str:
    async with product.client() as client:
        answer = await client.post("/sign-in/forgot", data={"email": email})
        assert answer.status_code == 200, answer.text
        return answer.text


async def link(product: Product, smtp_server: Mailbox) -> str:
    await ask(product, OWNER)
    await product.parts.worker.run_due()
    return link_in(await smtp_server.arrives(OWNER))


async def test_the_link_gives_a_new_password_once_and_ends_every_session(mailing: Product, smtp_server: Mailbox) -> None:
    async with mailing.client() as before, mailing.client() as after:
        await mailing.sign_in(before, OWNER)
        path = await link(mailing, smtp_server)
        assert OWNER in (await after.get(path)).text
        assert (await after.post(path, data={"password": "short"})).status_code == 422
        assert (await after.post(path, data={"password": "a new calm webinar"})).headers["location"] == "/sign-in?changed=1"
        assert (await before.get("/admin")).status_code == 303, "signed out"
        assert (await after.post("/sign-in", data={"email": OWNER, "password": PASSWORD})).status_code == 401
        assert (await after.post("/sign-in", data={"email": OWNER, "password": "a new calm webinar"})).status_code == 303
        assert (await after.get(path)).status_code == 404, "used"
        assert (await after.post(path, data={"password": "yet another one"})).status_code == 404


async def test_known_and_unknown_addresses_look_the_same(mailing: Product, smtp_server: Mailbox) -> None:
    known, unknown = await ask(mailing, OWNER), await ask(mailing, "nobody@example.org")
    assert strip(known.replace(OWNER, "X")) == strip(unknown.replace("nobody@example.org", "X"))
    assert len(await jobs(mailing)) == 2, "the same work is done for both"
    assert all(b"@" not in job.payload for job in await jobs(mailing))
    await mailing.parts.worker.run_due()
    await smtp_server.arrives(OWNER)
    assert smtp_server.to("nobody@example.org") == []


class LongAgo(TimestampSigner):
    """The same signer, an hour and some ago."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - 3700


async def test_a_link_ends_after_an_hour_and_with_the_password_it_was_made_for(mailing: Product, smtp_server: Mailbox) -> None:
    path = await link(mailing, smtp_server)
    async with mailing.client() as client:
        await mailing.sign_in(client, OWNER)
        new = {"old_password": PASSWORD, "password": "another calm webinar"}
        assert (await client.post("/admin/me/password", data=new)).status_code == 303
        assert (await client.get(path)).status_code == 404, "the password was changed meanwhile"
    path = await link(mailing, smtp_server)
    old = LongAgo(
        mailing.parts.settings.secret, salt="lectern.password-reset", key_derivation="hmac", digest_method=hashlib.sha256
    )
    carried = path.rsplit("/", 1)[1].split(".")[0]
    async with mailing.client() as client:
        assert (await client.get(path)).status_code == 200
        assert (await client.get(f"/reset/{old.sign(carried).decode()}")).status_code == 404


async def test_of_two_who_use_one_link_at_once_one_sets_the_password(mailing: Product, smtp_server: Mailbox) -> None:
    path = await link(mailing, smtp_server)
    async with mailing.client() as client:
        answers = await asyncio.gather(*(client.post(path, data={"password": f"password number {n}"}) for n in range(5)))
        assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404, 404]


async def test_asking_again_and_again_is_slowed(mailing: Product) -> None:
    async with mailing.client() as client:
        codes = [(await client.post("/sign-in/forgot", data={"email": OWNER})).status_code for _ in range(5)]
    assert codes == [200] * 4 + [429]


async def test_a_server_without_mail_says_so(product: Product) -> None:
    await product.member(await product.account(), Role.OWNER, OWNER)
    async with product.client() as client:
        page = await client.get("/sign-in/forgot")
    assert "sends no mails" in page.text
