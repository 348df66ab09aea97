"""Who has voted in an anonymous poll, without anybody ever being able to say how: keyed tokens beside counters that know nobody.

A ballot has a key of its own. Whoever votes leaves a token, an HMAC of their random id under that key, in the same transaction that
raises a counter; a second vote meets the token. When the ballot closes, its tokens go with the commit and its key is destroyed by a
job, so that nothing in any backup says any more who voted. Nothing ever says how: counter and token share no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.declare import not_personal, personal
from app.core.errors import Problem
from app.core.jobs import Handler
from app.core.unit import Unit, Work
from app.privacy.scope import Target
from app.privacy.vault import KeyDestroyed, Vault

CLOSE = "privacy.close_ballot"


class VoterToken(Base):
    """That somebody voted in an open ballot."""

    __tablename__ = "voter_token"

    ballot: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("id of an open anonymous poll"))
    token: Mapped[bytes] = mapped_column(
        LargeBinary(32),
        primary_key=True,
        info=personal(
            "user.behavior",
            subject="participant",
            purpose="count each participant's vote once while an anonymous poll is open; says nothing about the choice",
            retention="until the poll closes",
            sealed=True,
            erase="key",
            export=False,
        ),
    )
    webinar_id: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the webinar"))


class CloseBallot(msgspec.Struct, frozen=True):
    """Payload of the job that destroys a ballot's key."""

    webinar: str
    ballot: str


async def vote(unit: Unit, vault: Vault, webinar_id: str, ballot: str, person: str) -> bool:
    """Note that ``person`` votes in ``ballot``; False when they have voted already. Raises ``poll.closed`` after its end."""
    token = await _token(vault, webinar_id, ballot, person)
    if ("voted", token) in unit.memo:
        return False
    known = select(VoterToken.ballot).where(VoterToken.ballot == ballot, VoterToken.token == token)
    if (await unit.session.execute(known)).first() is not None:
        return False
    unit.session.add(VoterToken(ballot=ballot, token=token, webinar_id=webinar_id))
    # The next command of the same transaction must see it.
    unit.memo["voted", token] = True
    return True


async def has_voted(unit: Unit, vault: Vault, webinar_id: str, ballot: str, person: str) -> bool:
    """True while the ballot is open and ``person`` has voted."""
    token = await _token(vault, webinar_id, ballot, person)
    known = select(VoterToken.ballot).where(VoterToken.ballot == ballot, VoterToken.token == token)
    return ("voted", token) in unit.memo or (await unit.session.execute(known)).first() is not None


async def close(unit: Unit, webinar_id: str, ballot: str) -> None:
    """End ``ballot`` for good: tokens go with this commit, the key right after it."""
    await unit.session.flush()
    await unit.session.execute(delete(VoterToken).where(VoterToken.ballot == ballot))
    unit.enqueue(CLOSE, CloseBallot(webinar_id, ballot), key=f"{CLOSE}:{ballot}")


def handlers(vault: Vault) -> dict[str, Handler]:
    """Kind of job → what does it."""

    async def destroy(payload: bytes) -> None:
        ids = msgspec.json.decode(payload, type=CloseBallot)
        await vault.destroy_ballot(ids.webinar, ids.ballot)

    return {CLOSE: destroy}


class VoterEraser:
    """Takes the tokens of erased persons out of ballots that are still open. Implements :class:`app.privacy.erase.eraser.Eraser`."""

    name = "voters"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def ask(self, unit: Unit, target: Target) -> None:
        """Tokens wait for the job."""

    async def begin(self, work: Work, target: Target) -> None:
        """Nothing to shut."""

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Whole webinars go by their rows and keys; here go single persons."""
        if target.kind not in ("participant", "selection"):
            return {}
        async with work.unit() as unit:
            query = select(VoterToken.ballot).where(VoterToken.webinar_id == target.webinar_id).distinct()
            gone = 0
            for ballot in (await unit.session.execute(query)).scalars().all():
                box = await self._vault.ballot_box(target.webinar_id, ballot)
                tokens = [box.token(person, ballot) for person in target.persons]
                gone += await _remove(unit, ballot, tokens)
        return {"tokens": gone}


async def _remove(unit: Unit, ballot: str, tokens: Sequence[bytes]) -> int:
    gone = 0
    for start in range(0, len(tokens), 200):
        theirs = VoterToken.token.in_(tokens[start : start + 200])
        done = await unit.session.execute(
            delete(VoterToken).where(VoterToken.ballot == ballot, theirs).returning(VoterToken.ballot)
        )
        gone += len(done.all())
    return gone


async def _token(vault: Vault, webinar_id: str, ballot: str, person: str) -> bytes:
    try:
        box = await vault.ballot_box(webinar_id, ballot)
    except KeyDestroyed:
        raise Problem("poll.closed", "This poll is closed.", status=409) from None
    return box.token(person, ballot)
