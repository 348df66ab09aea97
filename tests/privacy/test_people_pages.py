"""From the admin pages: who has something stored, one or some of them erased, followed to the certificate."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from app.core.permissions import Role
from app.privacy.audit import verify as verify_log
from app.privacy.certificate import verify
from app.rooms.models import Message, Webinar
from tests.support.product import Product
from tests.support.until import until


async def stage(product: Product) -> tuple[str, Webinar]:
    account = await product.account()
    for role in (Role.OWNER, Role.REGISTRATION_MANAGER, Role.MODERATOR):
        await product.member(account, role, f"{role}@example.org")
    return account, await product.webinar(account)


async def says(product: Product, webinar: Webinar, *names: str) -> dict[str, str]:
    """One message of each; their ids by name."""
    ids = {}
    for name in names:
        async with product.join(webinar.id) as guest:
            assert (await guest.ask("chat.say", text=f"Words of {name}", name=name))["type"] == "ok"
            ids[name] = guest.person
    return ids


async def left(product: Product, webinar: Webinar) -> set[str]:
    async with product.work.read() as session:
        query = select(Message.person).where(Message.webinar_id == webinar.id, Message.state != "removed")
        return set((await session.execute(query)).scalars())


async def test_one_person_is_found_by_name_and_erased_with_a_certificate(product: Product) -> None:
    _, webinar = await stage(product)
    ids = await says(product, webinar, "Ada", "Bob")
    home = f"/admin/webinars/{webinar.id}/people"
    async with product.client() as manager:
        await product.sign_in(manager, "registration_manager@example.org")
        everybody = (await manager.get(home)).text
        assert all(name in everybody and person in everybody for name, person in ids.items())
        found = (await manager.get(home, params={"q": "ada"})).text
        assert (ids["Ada"] in found, ids["Bob"] in found) == (True, False)
        preview = await manager.get(f"{home}/erase", params={"person": ids["Ada"]})
        assert "user.content.public" in preview.text
        saved = await manager.get(f"{home}/export", params={"person": ids["Ada"]})
        assert "Words of Ada" in saved.text
        assert "Words of Bob" not in saved.text
        asked = await manager.post(f"{home}/erase", data={"persons": ids["Ada"]})
        progress = asked.headers["location"]
        assert re.fullmatch(r"/admin/privacy/erasures/[\w-]{20}", progress)

        async def done() -> bool:
            return "Nothing was found that is left" in (await manager.get(progress)).text

        await until(done, what="the page says that it is done")
        certificate = await manager.get(progress.replace("erasures", "certificates"))
        assert ids["Ada"] not in (await manager.get(home)).text
    claim = verify(certificate.content)
    assert (claim.kind, claim.counts["user.content.public"], claim.scan.found, claim.scan.rows_left) == ("participant", 1, 0, 0)
    assert "Ada" not in certificate.text
    assert await left(product, webinar) == {ids["Bob"]}


async def test_some_go_and_for_many_the_title_is_typed(product: Product) -> None:
    account, webinar = await stage(product)
    ids = await says(product, webinar, *[f"Guest {n}" for n in range(11)])
    some = list(ids.values())[:10]
    home = f"/admin/webinars/{webinar.id}/people"
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        refused = await owner.post(f"{home}/erase", data={"persons": ",".join(some), "phrase": "something"})
        assert (refused.status_code, await left(product, webinar)) == (422, set(ids.values()))
        await owner.post(f"{home}/erase", data={"persons": ",".join(some), "phrase": webinar.title})
    async with product.work.read() as session:
        assert await verify_log(session, account) is None

    async def gone() -> bool:
        return await left(product, webinar) == set(list(ids.values())[10:])

    await until(gone, what="ten are gone and one stays")


@pytest.mark.parametrize("path", ["", "/erase", "/export"])
async def test_others_see_and_erase_nothing(product: Product, path: str) -> None:
    _, webinar = await stage(product)
    (person,) = (await says(product, webinar, "Ada")).values()
    other = await product.account("Other")
    await product.member(other, Role.OWNER, "stranger@example.org")
    home = f"/admin/webinars/{webinar.id}/people{path}?person={person}"
    for email, status in (("stranger@example.org", 404), ("moderator@example.org", 403)):
        async with product.client() as client:
            await product.sign_in(client, email)
            assert (await client.get(home)).status_code == status
            if path == "/erase":
                assert (await client.post(home, data={"persons": person})).status_code == status
    async with product.work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Message))).scalar_one() == 1


async def test_the_team_is_not_listed_and_an_unknown_id_is_not_found(product: Product) -> None:
    account, webinar = await stage(product)
    member = await product.member(account, Role.ADMIN, "admin@example.org")
    async with product.join(webinar.id, Role.ADMIN, person=member) as admin:
        await admin.ask("chat.say", text="From the team", name="")
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        assert "Nothing of participants is stored" in (await owner.get(f"/admin/webinars/{webinar.id}/people")).text
        for person in (member, "nobody"):
            assert (await owner.get(f"/admin/webinars/{webinar.id}/people/erase?person={person}")).status_code == 404
