"""An anonymous ballot counts each voter once, and after its end nobody can say who voted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.errors import Problem
from app.core.jobs import Worker
from app.privacy import voters
from app.privacy.erase import Target
from app.privacy.vault import KeyDestroyed, Vault
from app.privacy.voters import VoterToken
from tests.privacy.stand import Stand


@pytest.fixture(params=["sqlite", "postgresql"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    made = Stand(tmp_path, "" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await made.make_tables()
    yield made
    await made.close()


async def vote(stand: Stand, webinar: str, person: str, ballot: str = "ballot") -> bool:
    async with stand.work.unit() as unit:
        return await voters.vote(unit, stand.vault, webinar, ballot, person)


async def tokens(stand: Stand) -> list[bytes]:
    async with stand.work.read() as session:
        return list((await session.execute(select(VoterToken.token))).scalars())


async def test_each_person_votes_once_and_no_token_is_an_id(stand: Stand) -> None:
    webinar = await stand.webinar()
    assert [await vote(stand, webinar, person) for person in ("ada", "bob", "ada")] == [True, True, False]
    assert await vote(stand, webinar, "ada", "another ballot")
    async with stand.work.unit() as unit:
        assert [await voters.vote(unit, stand.vault, webinar, "third", "ada") for _ in range(2)] == [True, False]
    known = await tokens(stand)
    assert len(set(known)) == 4, "the same person has another token in another ballot"
    assert not any(b"ada" in token or b"bob" in token for token in known)


async def test_after_the_end_neither_token_nor_key_is_left(stand: Stand) -> None:
    webinar = await stand.webinar()
    await vote(stand, webinar, "ada")
    async with stand.work.unit() as unit:
        await voters.close(unit, webinar, "ballot")
    assert await tokens(stand) == []
    await Worker(stand.work, voters.handlers(stand.vault)).run_due()
    with pytest.raises(KeyDestroyed):
        await Vault(stand.settings).ballot_box(webinar, "ballot")
    with pytest.raises(Problem) as refused:
        await vote(stand, webinar, "bob")
    assert refused.value.code == "poll.closed"


async def test_an_erased_person_leaves_no_token_in_an_open_ballot(stand: Stand) -> None:
    webinar = await stand.webinar()
    await vote(stand, webinar, "ada")
    await vote(stand, webinar, "bob")
    await stand.erase(Target("participant", stand.account_id, webinar, ("ada",)))
    assert len(await tokens(stand)) == 1
    assert not await vote(stand, webinar, "bob")
    await stand.erase(Target("participants", stand.account_id, webinar))
    assert await tokens(stand) == []
