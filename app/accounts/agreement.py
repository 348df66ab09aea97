"""The data processing agreement (Art. 28 GDPR): a versioned text with its hash, and who accepted which version when.

Nothing is published under a text, or a list of sub-processors, that the account has not accepted.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AgreementAcceptance, ProcessorNotice
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.unit import Unit
from app.privacy.vault import Vault

FOLDER = Path(__file__).with_name("agreements")


class Part(msgspec.Struct, frozen=True):
    """A heading with its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


class Agreement(msgspec.Struct, frozen=True):
    """One version."""

    version: str
    text: str
    hash: str

    @property
    def parts(self) -> list[Part]:
        """For the page."""
        found = []
        for block in self.text.split("\n## "):
            heading, _, rest = block.partition("\n")
            found.append(Part(heading.lstrip("# "), tuple(line.replace("*", "") for line in rest.split("\n") if line.strip())))
        return found


@lru_cache
def current() -> Agreement:
    """The newest version; versions are named by their month."""
    path = max(FOLDER.glob("*.md"))
    text = path.read_text()
    return Agreement(path.stem, text, hashlib.sha256(text.encode()).hexdigest())


async def accepted(session: AsyncSession, account_id: str) -> AgreementAcceptance | None:
    """The newest acceptance of an account, of whatever version."""
    query = select(AgreementAcceptance).where(AgreementAcceptance.account_id == account_id)
    return (await session.execute(query.order_by(AgreementAcceptance.at.desc()).limit(1))).scalar_one_or_none()


async def all_accepted(session: AsyncSession, account_id: str) -> list[AgreementAcceptance]:
    """Every acceptance, newest first."""
    query = select(AgreementAcceptance).where(AgreementAcceptance.account_id == account_id)
    return list((await session.execute(query.order_by(AgreementAcceptance.at.desc()))).scalars())


def is_current(row: AgreementAcceptance | None, processors: str) -> bool:
    """Whether ``row`` is of today's text and today's list of sub-processors (its digest)."""
    return row is not None and row.hash == current().hash and row.processors == processors


async def accept(
    unit: Unit, vault: Vault, account_id: str, *, staff_id: str, name: str, role: str, hash_read: str, processors: str
) -> None:
    """Accept today's text. ``hash_read`` is of the text that was shown: one that changed meanwhile is not accepted unread."""
    text = current()
    if hash_read != text.hash:
        raise Problem(
            "agreement.changed", "The text has changed since you opened this page. Read it again, then accept.", status=409
        )
    row = AgreementAcceptance(
        id=new_id(),
        account_id=account_id,
        version=text.version,
        hash=text.hash,
        processors=processors,
        staff=staff_id,
        role=role,
        at=unit.now,
    )
    row.name = (await vault.account_box(account_id)).seal(name, f"agreement_acceptance.name|{row.id}")
    unit.session.add(row)
    # The account knows the list now: whatever it was asked about another one is answered, too.
    asked = update(ProcessorNotice).where(
        ProcessorNotice.account_id == account_id, or_(ProcessorNotice.processors == processors, ProcessorNotice.answer == "")
    )
    await unit.session.execute(asked.values(answer="accepted", answered_at=unit.now, staff=staff_id, reason=b""))


async def required(unit: Unit, account_id: str) -> None:
    """Raises 409 when the account has not accepted today's text. The list of sub-processors is checked where it is known."""
    row = await accepted(unit.session, account_id)
    if row is None or row.hash != current().hash:
        raise Problem(
            "agreement.missing",
            "Nothing can be published before your organisation has accepted the data processing agreement. An owner finds it under Privacy.",
            status=409,
        )
