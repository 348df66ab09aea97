"""The worker of webhooks: hands events on, sends what is due, several at once, and writes the outcomes down together.

A slow receiver holds its own few places and nobody else's. Whatever dies in between, the lease ends and the same delivery is tried
again under the same ``webhook-id``: at least once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import datetime, timedelta

import structlog

from app.core.outbound import NotSent, Outbound
from app.core.unit import Work
from app.privacy.vault import KeyDestroyed, SealBroken, Vault
from app.webhooks import signing
from app.webhooks.compose import compose
from app.webhooks.endpoints import keys_of
from app.webhooks.fanout import fan_out
from app.webhooks.farewell import Farewells
from app.webhooks.fields import Fields
from app.webhooks.outcome import WITHHELD
from app.webhooks.queue import Claimed, Result, claim, clear, record

log = structlog.get_logger(__name__)

AT_ONCE = 32
POLL = 0.5
CLEARING = timedelta(hours=1)


class Dispatcher:
    """Runs beside the jobs, in every worker."""

    def __init__(self, work: Work, vault: Vault, outbound: Outbound, fields: Fields) -> None:
        self._work = work
        self._vault = vault
        self._outbound = outbound
        self._fields = fields
        self._farewells = Farewells(work, vault, outbound)
        self._flying: dict[asyncio.Task[Result], str] = {}
        self._cleared: datetime | None = None
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Take no more; what is on its way is waited for."""
        self._stop.set()

    async def run(self) -> None:
        """Work until :meth:`stop`."""
        while not self._stop.is_set():
            try:
                worked = await self._turn()
            except Exception:
                log.exception("webhooks.trouble")
                worked = False
            if not worked:
                await self._wait()
        await self._land(asyncio.ALL_COMPLETED)

    async def run_due(self) -> int:
        """Send everything that is due now; returns how many attempts were made."""
        count = 0
        await fan_out(self._work)
        while started := await self._start():
            count += started
            await self._land(asyncio.ALL_COMPLETED)
        while more := await self._farewells.run_due():
            count += more
        return count

    async def _turn(self) -> bool:
        now = self._work.clock.now()
        if self._cleared is None or now - self._cleared >= CLEARING:
            self._cleared = now
            await clear(self._work)
            await self._farewells.clear()
        await self._farewells.look()
        worked = await fan_out(self._work) > 0
        worked = await self._start() > 0 or worked
        if self._flying and any(task.done() for task in self._flying):
            await self._land(asyncio.FIRST_COMPLETED)
            worked = True
        return worked

    async def _wait(self) -> None:
        if self._flying:
            await asyncio.wait(self._flying, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), POLL)

    async def _start(self) -> int:
        places = Counter(self._flying.values())
        free = AT_ONCE - len(self._flying)
        claimed = await claim(self._work, free, places) if free else []
        for one in claimed:
            self._flying[asyncio.create_task(self._send(one))] = one.endpoint.id
        return len(claimed)

    async def _land(self, until: str) -> None:
        """Everything that came back is one commit."""
        while self._flying:
            done, _ = await asyncio.wait(self._flying, return_when=until)
            for task in done:
                self._flying.pop(task, None)
            results = [task.result() for task in done if not task.cancelled() and task.exception() is None]
            for task in done:
                if not task.cancelled() and (error := task.exception()) is not None:
                    log.error("webhooks.attempt", exc_info=error)
            if results:
                await record(self._work, self._vault, results)
            if until == asyncio.FIRST_COMPLETED:
                return

    async def _send(self, claimed: Claimed) -> Result:
        row, endpoint = claimed.delivery, claimed.endpoint
        now = self._work.clock.now()
        begun = self._work.clock.monotonic()
        try:
            box = await self._vault.account_box(row.account_id)
            async with self._work.read() as session:
                body = await compose(session, self._fields, box, endpoint, row)
            if body is None:
                return Result(claimed, None, WITHHELD)
            keys = keys_of(endpoint, box, now)
            fields = {
                "content-type": "application/json",
                "user-agent": "Lectern",
                **signing.headers(row.event_id, now, body, keys),
            }
            answer = await self._outbound.post(endpoint.url, body, fields)
        except NotSent as failure:
            return Result(claimed, None, failure.why, self._work.clock.monotonic() - begun)
        except (KeyDestroyed, SealBroken):
            return Result(claimed, None, WITHHELD)
        return Result(claimed, answer, seconds=answer.seconds)

    async def close(self) -> None:
        """Drop what is on its way; its lease ends and it is tried again."""
        await self._farewells.close()
        for task in self._flying:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._flying, return_exceptions=True)
