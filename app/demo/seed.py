"""Seeds a lively demo account into an empty database: one webinar to come, one live, one over."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.accounts import agreement, staff
from app.accounts.models import Account
from app.accounts.passwords import Passwords
from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.permissions import Role
from app.core.subprocessors import digest
from app.core.unit import Unit, Work
from app.demo import interaction, registrants
from app.demo.script import ENDED_CHAT
from app.live.minutes import JOINS, WATCHING
from app.live.models import MinuteCount, StayCount
from app.live.seat import Seat
from app.privacy.vault import Vault
from app.rooms import broadcast, chat, webinars
from app.rooms.models import Webinar
from app.rooms.room import open_room
from app.settings import Settings

PASSWORD = "a calm webinar"  # noqa: S105 - printed for everyone who tries the demo
LIVE_SLUG = "how-bees-find-home"
SWAP_SLUG = "seeds-to-swap"
PEOPLE = (
    ("Olivia Organiser", "organiser@demo.example", Role.OWNER),
    ("Max Moderator", "moderator@demo.example", Role.MODERATOR),
    ("Petra Presenter", "presenter@demo.example", Role.PRESENTER),
)


async def seed(settings: Settings) -> list[str]:
    """Seed, unless somebody has access already; returns lines to print."""
    database = Database(settings)
    work = Work(database, Clock())
    try:
        async with work.unit() as unit:
            if await staff.any_staff(unit):
                return []
            await _fill(unit, settings)
    finally:
        await database.close()
    return sign_ins()


def sign_ins() -> list[str]:
    """What somebody needs to look around."""
    lines = [f"  {role.value:<10} {email}" for _, email, role in PEOPLE]
    return ["Demo sign-ins (password for all: " + PASSWORD + ")", *lines]


async def _fill(unit: Unit, settings: Settings) -> None:
    account = Account(id=new_id(), name="Meadow Institute", colour="", made_at=unit.now)
    unit.session.add(account)
    await unit.session.flush()
    passwords = Passwords()
    vault = Vault(settings)
    moderator = ("", "")
    for name, email, role in PEOPLE:
        member = await staff.add_staff(unit, passwords, account.id, name=name, email=email, password=PASSWORD, role=role)
        await unit.session.flush()
        if role is Role.MODERATOR:
            moderator = (member.id, name)
        if role is Role.OWNER:
            read = {"hash_read": agreement.current().hash, "processors": digest(settings)}
            await agreement.accept(unit, vault, account.id, staff_id=member.id, name=name, role=role, **read)
            await unit.session.flush()
    hour = unit.now.replace(minute=0, second=0, microsecond=0)
    live = await _webinar(unit, account.id, "How bees find their way home", hour, LIVE_SLUG)
    await _webinar(unit, account.id, "A garden that needs no watering", hour + timedelta(days=3), "dry-garden")
    over = await _webinar(unit, account.id, "What the soil remembers", hour - timedelta(days=2), "what-the-soil-remembers")
    await unit.session.flush()
    await _go(unit, vault, live, "live")
    await interaction.fill(unit, vault, live, moderator)
    await _go(unit, vault, over, "live")
    await _talk(unit, vault, over)
    await _go(unit, vault, over, "ended")
    _count(unit, over)
    swap = await _webinar(unit, account.id, "Seeds to keep and seeds to swap", hour + timedelta(days=6), SWAP_SLUG)
    await unit.session.flush()
    await registrants.fill(unit, vault, swap)


async def _webinar(unit: Unit, account_id: str, title: str, starts_at: datetime, slug: str) -> Webinar:
    details = webinars.Details(
        title=title,
        summary="Forty minutes of pictures and stories, then your questions.\nNothing to prepare; bring a cup of tea.",
        starts_at=starts_at,
        minutes=60,
        zone="Europe/Brussels",
        publication="public",
        chat_mode="stored",
        slug=slug,
    )
    return await webinars.make(unit, account_id, details, "en")


async def _go(unit: Unit, vault: Vault, row: Webinar, to: str) -> None:
    broadcast.move(await open_room(unit, vault, row.id), to)


def _count(unit: Unit, row: Webinar) -> None:
    """Statistics of an hour: people come, stay, and go."""
    here = 0
    for minute in range(68):
        came = max(0, 14 - abs(minute - 6) * 2) + (minute % 7 == 0) * (minute < 50)
        left = 0 if minute < 50 else (minute - 48) // 2
        here = max(0, here + came - left)
        at = row.starts_at + timedelta(minutes=minute - 5)
        for what, n in ((WATCHING, here), (JOINS, came)):
            if n:
                unit.session.add(MinuteCount(webinar_id=row.id, at=at, what=what, n=n))
    for minutes, n in ((0, 3), (1, 6), (5, 9), (15, 14), (30, 41), (60, 32)):
        unit.session.add(StayCount(webinar_id=row.id, minutes=minutes, n=n))


async def _talk(unit: Unit, vault: Vault, row: Webinar) -> None:
    room = await open_room(unit, vault, row.id)
    for number, (name, text) in enumerate(ENDED_CHAT):
        seat = Seat(row.id, new_id(), Role.PARTICIPANT, None, frozenset(), "audience")
        await chat.say(room, seat, chat.Words(text, name, f"demo-{number}"))
