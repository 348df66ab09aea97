"""A new epoch for every room after a restore: numbers that were given out after the backup will be given out again, for other things."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from app.core.ids import new_id
from app.core.unit import Work
from app.privacy.backup import RESTORED
from app.rooms.models import Webinar


async def after_restore(work: Work, data_dir: Path) -> int:
    """Renew the epochs once after a restore; returns of how many rooms."""
    mark = data_dir / RESTORED
    if not mark.exists():
        return 0
    async with work.unit() as unit:
        rows = (await unit.session.execute(select(Webinar).with_for_update())).scalars().all()
        for row in rows:
            row.epoch = new_id()
    mark.unlink(missing_ok=True)
    return len(rows)
