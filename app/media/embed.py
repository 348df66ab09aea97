"""Where a webinar may be embedded: a list of sites, nowhere by default."""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid
from app.core.unit import Unit
from app.media.models_embed import Embed

MOST_HOSTS = 50
_HOST = re.compile(r"https?://(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}(?::\d{1,5})?")


async def of_webinar(session: AsyncSession, webinar_id: str) -> Embed:
    """The setting; nowhere and without interaction when nobody set it."""
    return await session.get(Embed, webinar_id) or Embed(webinar_id=webinar_id, hosts=[], interaction=False)


async def change(unit: Unit, webinar_id: str, hosts: str, *, interaction: bool) -> None:
    """``hosts``: one origin a line, such as ``https://www.example.org`` or ``https://*.example.org``."""
    lines = [line.strip().lower().rstrip("/") for line in hosts.splitlines() if line.strip()]
    if len(lines) > MOST_HOSTS or any(not _HOST.fullmatch(line) for line in lines):
        raise invalid({"hosts": "Write one address a line, without a path: https://www.example.org"})
    row = await unit.session.get(Embed, webinar_id)
    if row is None:
        row = Embed(webinar_id=webinar_id)
        unit.session.add(row)
    row.hosts, row.interaction = sorted(set(lines)), interaction


def ancestors(row: Embed) -> str:
    """The value of ``frame-ancestors``."""
    return " ".join(["'self'", *row.hosts])
