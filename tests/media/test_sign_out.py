"""A stage token ends with the staff session it came from, and with the right to publish."""

from __future__ import annotations

from app.accounts import staff
from app.accounts.models import Staff
from app.core.permissions import Role
from app.media.directory import PublishSeat
from app.media.directory_db import DatabaseDirectory
from tests.support.product import Product


async def presenter(product: Product, role: Role = Role.PRESENTER) -> tuple[Staff, str, str]:
    """Somebody signed in: the row, the cookie's secret, the session's mark."""
    account = await product.account()
    member = await product.member(account, role, f"{role}@example.org")
    async with product.work.unit() as unit:
        row = await unit.session.get_one(Staff, member)
        secret = await staff.sign_in(unit, row)
        await unit.session.flush()
        who = await staff.current(unit, secret)
    assert who is not None
    return row, secret, who.session


async def test_signing_out_ends_the_token_and_what_is_being_sent(product: Product) -> None:
    row, secret, mark = await presenter(product)
    webinar = await product.webinar(row.account_id)
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    token = product.parts.seats.stage(webinar.id, row.id, row.name, mark)
    encoder = product.parts.seats.stage(webinar.id, "o" * 20, "OBS")
    assert await directory.publish_seat(token) == PublishSeat(webinar.id, row.id)
    assert await directory.publish_seat(encoder) == PublishSeat(webinar.id, "o" * 20)
    assert (await directory.plan(webinar.id)).removed == frozenset()
    async with product.work.unit() as unit:
        await staff.sign_out(unit, secret)
    assert (await directory.plan(webinar.id)).removed == {row.id}, "the media process closes the session with its next look"
    assert await directory.publish_seat(token) is None
    assert await directory.publish_seat(encoder) is not None, "what came from no session goes on"


async def test_losing_the_right_to_publish_ends_it_and_signing_in_again_gives_it_back(product: Product) -> None:
    row, _, mark = await presenter(product)
    webinar = await product.webinar(row.account_id)
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    assert await directory.publish_seat(product.parts.seats.stage(webinar.id, row.id, row.name, mark)) is not None
    async with product.work.unit() as unit:
        (await unit.session.get_one(Staff, row.id)).role = Role.INTERPRETER
    assert (await directory.plan(webinar.id)).removed == {row.id}
    async with product.work.unit() as unit:
        (await unit.session.get_one(Staff, row.id)).role = Role.MODERATOR
    assert (await directory.plan(webinar.id)).removed == frozenset()
    async with product.work.unit() as unit:
        await staff.sign_out_everywhere(unit, row.id)
        again = await staff.current(unit, await staff.sign_in(unit, row))
    assert again is None or again.session != mark
    assert (await directory.plan(webinar.id)).removed == {row.id}
