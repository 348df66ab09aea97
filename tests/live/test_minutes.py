"""Statistics count everybody and know nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import String, select

from app.core.db import Base
from app.core.declare import NotPersonal
from app.core.permissions import Role
from app.live.minutes import JOINS, WATCHING, Minutes, class_of
from app.live.models import MinuteCount, StayCount
from app.privacy.erase import Target
from app.privacy.scope import said
from app.reports.statistics import statistics
from app.rooms.models_polls import Poll, PollCount
from tests.privacy.stand import Stand
from tests.support.product import Product
from tests.support.until import until


@pytest.fixture(params=["sqlite", "postgresql"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    made = Stand(tmp_path, "" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await made.make_tables()
    yield made
    await made.close()


class Audience:
    """Who is here, as a hub would say."""

    def __init__(self, stand: Stand, webinar: str) -> None:
        self.stand, self.webinar, self.here = stand, webinar, list[str]()
        self.minutes = Minutes(stand.work, lambda: {webinar: self.here} if self.here else {})

    async def stay(self, seconds: int, *persons: str) -> None:
        """``persons`` are here for a while."""
        self.here = list(persons)
        for _ in range(seconds // 5):
            await self.minutes.look()
            self.stand.clock.advance(timedelta(seconds=5))


async def counts(stand: Stand, what: str) -> list[int]:
    async with stand.work.read() as session:
        query = select(MinuteCount.n).where(MinuteCount.what == what).order_by(MinuteCount.at)
        return list((await session.execute(query)).scalars())


async def stays(stand: Stand) -> dict[int, int]:
    async with stand.work.read() as session:
        return {row.minutes: row.n for row in (await session.execute(select(StayCount))).scalars()}


async def test_minutes_hold_the_most_at_once_and_who_came_is_counted_once(stand: Stand) -> None:
    audience = Audience(stand, await stand.webinar())
    await audience.stay(60, "ada", "bob", "bob")
    await audience.stay(60, "ada")
    await audience.stay(120)
    await audience.stay(120, "ada", "cleo")
    await audience.minutes.end()
    assert await counts(stand, WATCHING) == [3, 1, 2, 2]
    assert await counts(stand, JOINS) == [2, 1], "Ada was away for two minutes only: the same visit"
    assert await stays(stand) == {0: 1, 1: 2}


async def test_two_processes_add_to_the_same_counters(stand: Stand) -> None:
    webinar = await stand.webinar()
    one, other = Audience(stand, webinar), Audience(stand, webinar)
    for audience, persons in ((one, ["ada"]), (other, ["bob", "cleo"])):
        audience.here = persons
        await audience.minutes.look()
        audience.minutes.add(webinar, "reactions.heart", 2)
    for audience in (one, other):
        await audience.minutes.end()
    assert (await counts(stand, WATCHING), await counts(stand, "reactions.heart")) == ([3], [4])


async def test_an_erased_webinar_is_counted_no_more_and_loses_its_counts(stand: Stand) -> None:
    audience = Audience(stand, await stand.webinar())
    await audience.stay(60, "ada")
    await audience.minutes.end()
    await stand.erase(Target("participants", stand.account_id, audience.webinar))
    assert await counts(stand, WATCHING) == [1], "they tell of nobody, so they may stay with the webinar"
    await stand.erase(Target("webinar", stand.account_id, audience.webinar))
    assert await counts(stand, WATCHING) == []
    await audience.stay(60, "ada")
    await audience.minutes.end()
    assert (await counts(stand, WATCHING), await stays(stand)) == ([], {})


def test_a_stay_falls_into_one_class() -> None:
    assert [class_of(minutes * 60) for minutes in (0, 0.9, 1, 4.9, 5, 29, 60, 500)] == [0, 0, 1, 1, 5, 15, 60, 120]


def test_no_column_of_the_statistics_can_hold_a_person() -> None:
    for name in ("minute_count", "stay_count"):
        table = Base.metadata.tables[name]
        assert all(isinstance(said(column), NotPersonal) for column in table.columns)
        texts = {column.name for column in table.columns if isinstance(column.type, String)}
        assert texts <= {"webinar_id", "what"}


async def test_the_page_shows_figures_and_hides_small_ones(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    await product.member(await product.account("Other"), Role.OWNER, "stranger@example.org")
    webinar = await product.webinar(account)
    home = f"/admin/webinars/{webinar.id}/statistics"
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        assert "Nobody was here yet" in (await owner.get(home)).text
        async with product.join(webinar.id), product.join(webinar.id):
            await until(lambda: product.parts.hub.sockets == 2, what="two are here")
            await product.parts.minutes.look()
            await product.parts.minutes.end()
        few = await owner.get(home)
        assert "fewer than 5" in few.text
        async with product.work.unit() as unit:
            for row in (await unit.session.execute(select(MinuteCount))).scalars():
                row.n = 40
        many = await owner.get(home)
        assert ">40<" in many.text
        assert "<svg" in many.text
        file = await owner.get(f"{home}.csv")
    assert "watching" in file.text
    async with product.client() as stranger:
        await product.sign_in(stranger, "stranger@example.org")
        assert (await stranger.get(home)).status_code == 404


async def test_polls_are_counted_on_the_page_and_few_votes_are_hidden(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    items = [
        {
            "kind": "single",
            "text": "Tea or coffee",
            "id": "i",
            "options": [{"id": "t", "text": "Tea"}, {"id": "c", "text": "Coffee"}],
        },
        {"kind": "rating", "text": "How was it", "id": "r", "max": 3},
        {"kind": "words", "text": "One word", "id": "w"},
    ]
    async with product.work.unit() as unit:
        poll = Poll(id="poll", webinar_id=webinar.id, seq=1, number=1, items=items, state="closed", by_name=b"", made_at=unit.now)
        unit.session.add(poll)
        await unit.session.flush()
        for item, choice, n in (("i", "t", 12), ("i", "c", 9), ("r", "1", 2), ("r", "3", 3), ("w", "", 30)):
            unit.session.add(PollCount(poll_id="poll", item=item, choice=choice, n=n))
    async with product.work.read() as session:
        content = await statistics(session, webinar.id, "UTC", "en")
    assert content.polls == [
        ("Tea or coffee", [("Tea", 12), ("Coffee", 9)]),
        ("How was it", [("1", None), ("2", 0), ("3", None)]),
    ]
