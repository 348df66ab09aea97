"""The pipeline: asked in one transaction, run as a job, each step done once more without harm, so a killed process changes nothing.

Order: nobody gets in and sockets close, the ledger knows, keys go, features remove what is theirs, rows go, files are rewritten,
everything is searched, a certificate is signed. The same pipeline runs for retention, for the end of a plan and after a restore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import msgspec
import structlog
from sqlalchemy import delete, select

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.jobs import JobLater
from app.core.unit import Unit, Work
from app.privacy.certificate import Claim, Scan, Signer
from app.privacy.erase.compact import compact, empty_journal
from app.privacy.erase.eraser import Closing, Eraser, Erasing, Telling
from app.privacy.erase.plan import concerned, preview, rows_left, sample
from app.privacy.erase.rows import erase_rows
from app.privacy.ledger import Ledger, LedgerEntry
from app.privacy.map import DataMap
from app.privacy.models import Erasure, LedgerMark
from app.privacy.scan import Place, forms_of, scan
from app.privacy.scope import Owners, Target
from app.privacy.vault import SealBroken, Vault

log = structlog.get_logger(__name__)

JOB = "privacy.erase"
STEPS = ("begin", "ledger", "keys", "features", "rows", "compact", "scan")
ATTEMPTS = 3
"""Times the last three steps are tried when the scan still finds something."""
TELL_WITHIN = timedelta(minutes=2)
"""For so long after the ask a last word is tried again; then the certificate waits no more, and it stays unsaid."""
TELL_AGAIN = 20
_MEMORY = "erasure.memory"


class EraseJob(msgspec.Struct, frozen=True):
    """Payload of the job."""

    erasure_id: str


class _Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure must know until it is done; sealed under a key that goes with the last step."""

    target: Target
    webinars: tuple[str, ...] = ()
    needles: tuple[bytes, ...] = ()
    values: int = 0
    whole: bool = False
    """The needles are every byte that is sealed: if the scan finds none, the file need not be rewritten."""
    tables: tuple[str, ...] = ()
    """Which held something."""
    replayed: bool = False
    letters: dict[str, bytes] = {}
    """Last words to those who are erased, by name of the eraser that says them."""


_Step = Callable[[Erasure, _Memory], Awaitable[dict[str, int]]]


class Pipeline:
    """Asks for, runs and replays erasures."""

    def __init__(
        self,
        work: Work,
        vault: Vault,
        data_map: DataMap,
        ledger: Ledger,
        signer: Signer,
        *,
        erasers: Sequence[Eraser] = (),
        places: Sequence[Place] = (),
        on_step: Callable[[str, str], None] | None = None,
    ) -> None:
        self._work = work
        self._vault = vault
        self._map = data_map
        self._owners = Owners(data_map.metadata)
        self._ledger = ledger
        self._signer = signer
        self._erasers = erasers
        self._places = places
        self._on_step = on_step
        self._steps: Mapping[str, _Step] = {
            "begin": self._begin,
            "ledger": self._note,
            "keys": self._keys,
            "features": self._features,
            "rows": self._rows,
            "compact": self._compact,
            "scan": self._scan,
        }

    @property
    def signer(self) -> Signer:
        """Who signs the certificates."""
        return self._signer

    async def preview(self, target: Target) -> dict[str, int]:
        """Numbers of stored values per category that would go."""
        async with self._work.read() as session:
            return await preview(session, self._owners, target)

    async def ask(self, unit: Unit, target: Target, role: str) -> str:
        """Ask for an erasure: a row and a job in this transaction; sockets close right after the commit. Returns its id."""
        _check(target)
        erasure_id = new_id()
        letters = {one.name: await one.remember(unit, target) for one in self._erasers if isinstance(one, Telling)}
        unit.session.add(await self._row(erasure_id, _Memory(target=target, letters=letters), role, unit))
        unit.enqueue(JOB, EraseJob(erasure_id), key=f"{JOB}:{erasure_id}")
        unit.announce(Erasing(target))
        for eraser in self._erasers:
            eraser.ask(unit, target)
        return erasure_id

    async def handle(self, payload: bytes) -> None:
        """Job handler of :data:`JOB`."""
        await self.run(msgspec.json.decode(payload, type=EraseJob).erasure_id)

    async def run(self, erasure_id: str) -> None:
        """Run what is left of an erasure. Raises :class:`JobLater` when it is worth another try: the scan found something, a last mail did not go."""
        while True:
            row = await self._load(erasure_id)
            if row is None or row.state != "waiting":
                return
            if row.step == len(STEPS):
                await self._finish(row)
                return
            name = STEPS[row.step]
            result = await self._steps[name](row, await self._remembered(row))
            await self._done(row, result)
            if self._on_step:
                self._on_step(erasure_id, name)

    async def replay(self, entries: Sequence[LedgerEntry]) -> None:
        """See erasures of the ledger through again, in a database that came out of a backup."""
        for entry in entries:
            if not await self._can_go_on(entry.id):
                async with self._work.unit() as unit:
                    await unit.session.execute(delete(Erasure).where(Erasure.id == entry.id))
                    unit.session.add(await self._row(entry.id, _Memory(target=entry.target, replayed=True), entry.role, unit))
            log.warning("erasure.replay", erasure=entry.id, n=entry.n)
            await self.run(entry.id)

    async def _can_go_on(self, erasure_id: str) -> bool:
        """False for a row that came out of a backup: what it remembered cannot be read any more."""
        row = await self._load(erasure_id)
        if row is None or row.state != "waiting":
            return False
        try:
            await self._remembered(row)
        except SealBroken:
            return False
        return True

    async def _begin(self, row: Erasure, memory: _Memory) -> dict[str, int]:
        await self._work.tell([Erasing(memory.target)])
        for eraser in self._erasers:
            await eraser.begin(self._work, memory.target)
        async with self._work.read() as session:
            tables = await concerned(session, self._owners, memory.target)
            counts = await preview(session, self._owners, memory.target, tables)
            found = await sample(session, self._owners, memory.target, tables)
            webinars = await self._webinars(memory.target)
        fresh = msgspec.structs.replace(
            memory,
            webinars=tuple(webinars),
            needles=found.needles,
            values=found.values,
            whole=found.whole,
            tables=tuple(str(table.name) for table in tables),
        )
        row.counts = counts
        row.memory = await self._sealed(row.id, fresh)
        return {}

    async def _note(self, row: Erasure, memory: _Memory) -> dict[str, int]:
        await asyncio.to_thread(self._ledger.append, row.id, row.asked_at, memory.target, row.role)
        return {}

    async def _keys(self, row: Erasure, memory: _Memory) -> dict[str, int]:
        target, gone = memory.target, 0
        if target.kind in ("participant", "selection"):
            gone = await self._vault.destroy_persons(target.webinar_id, target.persons)
        elif target.kind == "participants":
            gone = await self._vault.renew(target.webinar_id, row.id)
        else:
            for webinar_id in memory.webinars:
                gone += await self._vault.destroy(webinar_id)
            if target.kind == "account":
                gone += await self._vault.destroy_account(target.account_id)
        return {"keys": gone}

    async def _features(self, _row: Erasure, memory: _Memory) -> dict[str, int]:
        result: dict[str, int] = {}
        for eraser in self._erasers:
            result |= {f"{eraser.name}.{what}": n for what, n in (await eraser.erase(self._work, memory.target)).items() if n}
        return result

    async def _rows(self, _row: Erasure, memory: _Memory) -> dict[str, int]:
        gone = await erase_rows(self._work, self._owners, memory.target)
        return {f"rows.{table}": number for table, number in gone.items()}

    async def _compact(self, row: Erasure, memory: _Memory) -> dict[str, int]:
        if memory.whole and self._work.database.sqlite:
            # Freed bytes are overwritten already; should the scan find a copy somewhere, it rewrites the file.
            await empty_journal(self._work.database)
        else:
            await self._rewrite(row, memory)
        return {}

    async def _rewrite(self, row: Erasure, memory: _Memory) -> None:
        emptied = {name.removeprefix("rows.") for name in row.result if name.startswith("rows.")}
        await compact(self._work.database, sorted({*memory.tables, *emptied, Erasure.__tablename__}))

    async def _scan(self, row: Erasure, memory: _Memory) -> dict[str, int]:
        forms = forms_of(memory.needles)
        looked = await scan(self._places, forms)
        if looked.findings and memory.whole:
            await self._rewrite(row, memory)
            looked = await scan(self._places, forms)
        async with self._work.read() as session:
            left = await rows_left(session, self._owners, memory.target)
        attempt = row.result.get("scan.attempts", 0) + 1
        result = {
            "scan.attempts": attempt,
            "scan.values": memory.values,
            "scan.forms": len(forms),
            "scan.files": looked.files,
            "scan.bytes": looked.bytes,
            "scan.rows_left": left,
            "scan.found": len(looked.findings),
        }
        if looked.findings or left:
            log.error("erasure.residue", erasure=row.id, rows=left, places=[finding.place for finding in looked.findings][:20])
            if attempt < ATTEMPTS:
                async with self._work.unit() as unit:
                    known = await unit.session.get_one(Erasure, row.id)
                    known.step = STEPS.index("features")
                    known.result = {**known.result, "scan.attempts": attempt}
                raise JobLater(5 * attempt)
        return result

    async def _finish(self, row: Erasure) -> None:
        memory = await self._remembered(row)
        if not row.result["scan.found"] and not row.result["scan.rows_left"]:
            await self._tell(row, memory)
        entry = await asyncio.to_thread(self._ledger.append, row.id, row.asked_at, memory.target, row.role)
        async with self._work.unit() as unit:
            row = await unit.session.get_one(Erasure, row.id)
            clean = not row.result["scan.found"] and not row.result["scan.rows_left"]
            row.state = "done" if clean else "residue"
            row.done_at = unit.now
            row.certificate = self._signer.sign(_claim(row, memory, entry.n))
            row.memory = None
            if await unit.session.get(LedgerMark, row.id) is None:
                unit.session.add(LedgerMark(entry_id=row.id, n=entry.n))
            for eraser in self._erasers:
                if isinstance(eraser, Closing):
                    await eraser.close(unit, row.id, memory.target)
        await self._vault.forget_erasure(row.id)
        log.info("erasure.done", erasure=row.id, kind=row.kind, clean=clean)

    async def _tell(self, row: Erasure, memory: _Memory) -> None:
        """Last words, before the certificate says that nothing is left. A crash after them says them twice rather than never."""
        left: dict[str, bytes] = {}
        for eraser in self._erasers:
            if isinstance(eraser, Telling) and (words := memory.letters.get(eraser.name)):
                left[eraser.name] = await eraser.tell(words)
        if any(left.values()) and self._work.clock.now() - row.asked_at < TELL_WITHIN:
            async with self._work.unit() as unit:
                known = await unit.session.get_one(Erasure, row.id)
                known.memory = await self._sealed(row.id, msgspec.structs.replace(memory, letters=left))
            raise JobLater(TELL_AGAIN)

    async def _done(self, row: Erasure, result: Mapping[str, int]) -> None:
        async with self._work.unit() as unit:
            known = await unit.session.get_one(Erasure, row.id)
            known.step = max(known.step, row.step + 1)
            known.counts = row.counts or known.counts
            known.memory = row.memory
            # A step that was begun before a crash has counted some already; what it found then is not counted twice.
            known.result = {**known.result, **{k: max(v, known.result.get(k, 0)) for k, v in result.items() if k[:4] != "scan"}}
            known.result = {**known.result, **{k: v for k, v in result.items() if k[:4] == "scan"}}

    async def _webinars(self, target: Target) -> list[str]:
        table = self._map.metadata.tables.get("webinar")
        if target.kind != "account" or table is None:
            return [target.webinar_id] if target.webinar_id else []
        async with self._work.read() as session:
            query = select(table.c.id).where(table.c.account_id == target.account_id)
            return list((await session.execute(query)).scalars())

    async def _row(self, erasure_id: str, memory: _Memory, role: str, unit: Unit) -> Erasure:
        target = memory.target
        return Erasure(
            id=erasure_id,
            kind=target.kind,
            of_account=target.account_id,
            of_webinar=target.webinar_id,
            role=role,
            state="waiting",
            step=0,
            counts={},
            result={},
            memory=await self._sealed(erasure_id, memory),
            asked_at=unit.now,
        )

    async def _load(self, erasure_id: str) -> Erasure | None:
        async with self._work.read() as session:
            return await session.get(Erasure, erasure_id)

    async def _sealed(self, erasure_id: str, memory: _Memory) -> bytes:
        box = await self._vault.erasure_box(erasure_id)
        return box.seal(msgspec.msgpack.encode(memory), f"{_MEMORY}|{erasure_id}")

    async def _remembered(self, row: Erasure) -> _Memory:
        box = await self._vault.erasure_box(row.id)
        return msgspec.msgpack.decode(box.open(row.memory or b"", f"{_MEMORY}|{row.id}"), type=_Memory)


def _check(target: Target) -> None:
    persons = {"participant": len(target.persons) == 1, "selection": bool(target.persons)}.get(target.kind, not target.persons)
    if not persons or (target.kind != "account") != bool(target.webinar_id) or not target.account_id:
        raise Problem("erase.target", "Say what is to be erased.", status=422)


def _claim(row: Erasure, memory: _Memory, ledger: int) -> Claim:
    numbers = {name.removeprefix("scan."): number for name, number in row.result.items() if name.startswith("scan.")}
    numbers.pop("attempts", None)
    return Claim(
        id=row.id,
        kind=row.kind,
        account=row.of_account,
        webinar=row.of_webinar,
        role=row.role,
        asked_at=row.asked_at,
        done_at=row.done_at or row.asked_at,
        replayed=memory.replayed,
        counts=row.counts,
        removed={name: number for name, number in row.result.items() if not name.startswith("scan.")},
        scan=Scan(**numbers),
        ledger=ledger,
    )
