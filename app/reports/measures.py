"""The technical and organisational measures of Annex II, read off the running server: what is in force, and what is not."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Staff
from app.core.i18n import words
from app.settings import Settings


class Measure(msgspec.Struct, frozen=True):
    """One measure. ``text`` is a catalogue key with ``{names}``."""

    on: bool
    text: str
    params: dict[str, object] = {}


async def measures(session: AsyncSession, settings: Settings, account_id: str) -> list[Measure]:
    """As they are now."""
    team = select(func.count(), func.count().filter(Staff.totp_on)).where(Staff.account_id == account_id)
    members, factors = (await session.execute(team)).one()
    apart = not settings.keys_path.is_relative_to(settings.data_dir)
    return [
        Measure(settings.secure, words("Pages and sockets are reached by HTTPS alone, with HSTS.")),
        Measure(True, words("What participants write is sealed with AES-256-GCM under keys of their webinar and of each person.")),
        Measure(apart, words("The keys lie in a folder of their own, outside of the data and its backups.")),
        Measure(True, words("Erasing destroys keys, rows and files, searches every store for what is left, and is certified with a signature.")),
        Measure(True, words("A restored backup replays every erasure it missed before it serves anybody.")),
        Measure(True, words("Passwords are hashed with argon2id; sign-ins are slowed without storing addresses.")),
        Measure(
            members > 0 and factors == members,
            words("A second factor protects {factors} of {members} members of the team."),
            {"factors": factors, "members": members},
        ),
        Measure(True, words("Roles limit what each member sees and does; every change is in a hash-chained audit log.")),
        Measure(True, words("No page asks a foreign host for anything; a strict Content-Security-Policy enforces it.")),
        Measure(True, words("Logs hold no addresses, no user agents and no values of people.")),
        Measure(settings.database_url.startswith("postgresql"), words("The database is a PostgreSQL server that can be replicated.")),
        Measure(bool(settings.metrics_port), words("The server is watched by metrics without personal labels.")),
        Measure(bool(settings.operator_contact), words("The operator named a contact for privacy: {contact}."), {"contact": settings.operator_contact or "–"}),
    ]  # fmt: skip
