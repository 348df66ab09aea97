"""Importing registrants: the file waits sealed between its steps, is checked as often as one likes, then its good rows come in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from app.core.errors import Problem, not_found
from app.core.ids import is_id, new_id
from app.core.unit import Unit, Work
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.registration import answers, jobs, signup, tables
from app.registration.answers import Context
from app.registration.form import Plan
from app.registration.tables import Checked
from app.rooms.models import Webinar

KEPT = timedelta(hours=24)
AT_ONCE = 100


class Cleared(msgspec.Struct, frozen=True):
    """Payload of the job that removes a file nobody imported."""

    webinar: str
    file: str


class Report(msgspec.Struct, frozen=True):
    """What came of an import: rows that came in, and those that did not with the reason."""

    new: int
    known: int
    problems: list[Checked]


class Imports:
    """Keeps files between the steps, and brings rows in."""

    def __init__(self, work: Work, vault: Vault, shelf: Shelf) -> None:
        self._work = work
        self._vault = vault
        self._shelf = shelf

    async def keep(self, unit: Unit, webinar_id: str, data: bytes) -> str:
        """Seal the file and keep it for a day at most; returns its id. Raises for what is no table."""
        await asyncio.to_thread(tables.read, data)
        file = new_id()
        sealed = (await self._vault.box(webinar_id)).seal(data, f"import|{file}")
        folder = self._shelf.people(webinar_id)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread((folder / f"{file}.import").write_bytes, sealed)
        unit.enqueue(jobs.CLEAR, Cleared(webinar_id, file), after=KEPT, about=webinar_id)
        return file

    async def table(self, webinar_id: str, file: str) -> tables.Table:
        """The file again. Raises 404 when its time is over."""
        if not is_id(file):
            raise not_found()
        try:
            sealed = await asyncio.to_thread((self._shelf.people(webinar_id) / f"{file}.import").read_bytes)
        except FileNotFoundError:
            raise Problem("import.gone", "This file is not here any more. Choose it again.", status=404) from None
        data = (await self._vault.box(webinar_id)).open(sealed, f"import|{file}")
        return await asyncio.to_thread(tables.read, data)

    async def clear(self, payload: bytes) -> None:
        """Job handler: remove what was never imported."""
        job = msgspec.json.decode(payload, type=Cleared)
        await self.drop(job.webinar, job.file)

    async def drop(self, webinar_id: str, file: str) -> None:
        """Remove a file."""
        path = self._shelf.people(webinar_id) / f"{file}.import"
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def bring_in(self, webinar: Webinar, plan: Plan, rows: Sequence[Checked], *, tell: bool) -> Report:
        """Register every good row. Known addresses stay as they are; each hundred rows are one commit."""
        good = [row for row in rows if not row.errors]
        problems = [row for row in rows if row.errors]
        persons = [new_id() for _ in good]
        await self._vault.make(webinar.id, persons)
        new = known = 0
        for start in range(0, len(good), AT_ONCE):
            async with self._work.unit() as unit:
                for at in range(start, min(start + AT_ONCE, len(good))):
                    came = await self._one(unit, webinar, plan, good[at], persons[at], tell=tell)
                    if isinstance(came, Checked):
                        problems.append(came)
                    elif came:
                        new += 1
                    else:
                        known += 1
        return Report(new, known, sorted(problems, key=lambda row: row.number))

    async def _one(self, unit: Unit, webinar: Webinar, plan: Plan, row: Checked, person: str, *, tell: bool) -> bool | Checked:
        found = answers.read(plan, row.raw, Context(now=unit.now, lang=webinar.lang, staff=True))
        if found.email:
            index = (await self._vault.box(webinar.id)).blind(found.email, "registrant.email")
            if await signup.by_index(unit, webinar.id, index) is not None:
                return False
        who = signup.Newcomer(source="import", lang=webinar.lang, person=person, tell=tell)
        try:
            await signup.register(unit, self._vault, webinar, plan, found, who)
        except Problem as problem:
            return msgspec.structs.replace(row, errors={"": problem.text})
        return True
