"""Seeds a lively demo account into an empty database: one webinar to come, one live, one over."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.accounts import staff
from app.accounts.models import Account
from app.accounts.passwords import Passwords
from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.permissions import Role
from app.core.unit import Unit, Work
from app.demo.script import ENDED_CHAT
from app.live.seat import Seat
from app.privacy.vault import Vault
from app.rooms import broadcast, chat, webinars
from app.rooms.models import Webinar
from app.rooms.room import open_room
from app.settings import Settings

PASSWORD = "a calm webinar"  # noqa: S105 - printed for everyone who tries the demo
LIVE_SLUG = "how-bees-find-home"
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
    for name, email, role in PEOPLE:
        await staff.add_staff(unit, passwords, account.id, name=name, email=email, password=PASSWORD, role=role)
        await unit.session.flush()
    vault = Vault(settings)
    hour = unit.now.replace(minute=0, second=0, microsecond=0)
    live = await _webinar(unit, account.id, "How bees find their way home", hour, LIVE_SLUG)
    await _webinar(unit, account.id, "A garden that needs no watering", hour + timedelta(days=3), "dry-garden")
    over = await _webinar(unit, account.id, "What the soil remembers", hour - timedelta(days=2), "what-the-soil-remembers")
    await unit.session.flush()
    await _go(unit, vault, live, "live")
    await _go(unit, vault, over, "live")
    await _talk(unit, vault, over)
    await _go(unit, vault, over, "ended")


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


async def _talk(unit: Unit, vault: Vault, row: Webinar) -> None:
    room = await open_room(unit, vault, row.id)
    for number, (name, text) in enumerate(ENDED_CHAT):
        seat = Seat(row.id, new_id(), Role.PARTICIPANT, None, frozenset(), "audience")
        await chat.say(room, seat, text=text, name=name, ref=f"demo-{number}", reply_to=None, crew=False)
