"""Languages a webinar is interpreted into, and the links of their interpreters."""

from __future__ import annotations

import msgspec
from babel import Locale, UnknownLocaleError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid, not_found
from app.core.ids import new_id
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Unit
from app.media.models import Language, Presenter

MOST = 12
OFFERED = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "he", "hi", "hr", "hu", "is", "it",
    "ja", "ko", "lt", "lv", "mt", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "zh",
)  # fmt: skip
LINK_AGE = 180 * 24 * 3600


class InterpreterLink(msgspec.Struct, frozen=True):
    """What an interpreter's link says; ``key`` has to be that of the language."""

    language: str
    key: str


async def of_webinar(session: AsyncSession, webinar_id: str) -> list[Language]:
    """All of a webinar."""
    query = select(Language).where(Language.webinar_id == webinar_id).order_by(Language.code)
    return list((await session.execute(query)).scalars())


async def add(unit: Unit, webinar_id: str, code: str) -> Language:
    """One more language."""
    code = code.strip()
    there = await of_webinar(unit.session, webinar_id)
    if not own_name(code) or any(one.code == code for one in there) or len(there) >= MOST:
        raise invalid({"code": "Choose a language that is not there yet."})
    row = Language(id=new_id(), webinar_id=webinar_id, code=code, key=new_id())
    unit.session.add(row)
    return row


async def remove(unit: Unit, webinar_id: str, language_id: str) -> None:
    """Take a language away, with the places of its interpreters."""
    row = await one(unit.session, webinar_id, language_id)
    await unit.session.execute(delete(Presenter).where(Presenter.webinar_id == webinar_id, Presenter.language == row.id))
    await unit.session.delete(row)


async def renew(unit: Unit, webinar_id: str, language_id: str) -> None:
    """Make the link anew: the old one opens nothing any more."""
    (await one(unit.session, webinar_id, language_id)).key = new_id()


async def one(session: AsyncSession, webinar_id: str, language_id: str) -> Language:
    """One of a webinar. Raises 404."""
    row = await session.get(Language, language_id)
    if row is None or row.webinar_id != webinar_id:
        raise not_found("language")
    return row


def link(tokens: Tokens, row: Language) -> str:
    """Path of the interpreters' page."""
    return "/interpret/" + tokens.sign("interpret", InterpreterLink(row.id, row.key))


async def by_link(session: AsyncSession, tokens: Tokens, token: str) -> Language:
    """The language a link opens. Raises 404."""
    try:
        said = tokens.read("interpret", token, InterpreterLink, max_age=LINK_AGE)
    except (TokenExpired, TokenInvalid):
        raise not_found("language") from None
    row = await session.get(Language, said.language)
    if row is None or row.key != said.key:
        raise not_found("language")
    return row


def own_name(code: str) -> str:
    """A language's name in itself; empty for what is none."""
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return ""
    name = locale.get_display_name(code.replace("-", "_")) or ""
    return name[:1].upper() + name[1:]


def offered() -> list[tuple[str, str]]:
    """Languages to choose from: code and name in itself, by name."""
    return sorted(((code, own_name(code)) for code in OFFERED), key=lambda one: one[1])
