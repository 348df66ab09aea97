"""Exports of 100,000 registrants, every name and answer opened on the way: rows per second and memory, CSV and XLSX.

bin/bench exports [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert

from app.core.ids import new_id
from app.core.permissions import Role
from app.privacy.files import Shelf
from app.privacy.keystore import _wrap
from app.privacy.vault import Box
from app.registration.models import Answer, FormField, Registrant, RegistrationPolicy
from app.reports.export.files import Asked, Exports
from app.rooms.models import Webinar
from bench._report import finish, goal
from tests.privacy.stand import NOW, Stand

GOALS = {"memory_growth_mb": 32.0}


async def measure(number: int) -> dict[str, float]:
    """Fill one webinar, export it in both forms."""
    figures = {"registrants": float(number)}
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder))
        await stand.make_tables()
        webinar_id = await stand.webinar()
        await fill(stand, webinar_id, number)
        exports = Exports(stand.work, stand.vault, Shelf(stand.settings.data_dir))
        async with stand.work.read() as session:
            webinar = await session.get_one(Webinar, webinar_id)
        # The first pages warm up what every process holds anyway: opened keys up to their limit, statements, code.
        await drain(exports, webinar, "csv")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for form in ("csv", "xlsx"):
            started = time.perf_counter()
            first, size = await drain(exports, webinar, form)
            seconds = time.perf_counter() - started
            figures |= {
                f"{form}_rows_per_second": number / seconds,
                f"{form}_first_byte_ms": first * 1000,
                f"{form}_mb": size / 1e6,
            }
        figures["memory_growth_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        await stand.close()
    return figures


async def drain(exports: Exports, webinar: Webinar, form: str) -> tuple[float, int]:
    """Take a whole export; seconds to its first piece, and its size."""
    asked = Asked(webinar=webinar, kind="registrants", form=form, named=True, lang="en", role=Role.OWNER)
    started, first, size = time.perf_counter(), 0.0, 0
    async for piece in exports.stream(asked):
        first = first or time.perf_counter() - started
        size += len(piece)
    return first, size


async def fill(stand: Stand, webinar_id: str, number: int) -> None:
    """Registrants with a key of their own each, a name, an address and one answer."""
    await stand.vault.box(webinar_id)
    field = new_id()
    async with stand.work.unit() as unit:
        await unit.session.execute(insert(RegistrationPolicy), [policy(webinar_id)])
        await unit.session.execute(insert(FormField), [question(webinar_id, field)])
    scope, outer = f"webinar:{webinar_id}", stand.vault._store.get(f"webinar:{webinar_id}")
    for start in range(0, number, 5000):
        people, answers, keys = [], [], []
        for at in range(start, min(start + 5000, number)):
            person, key = new_id(), os.urandom(32)
            box = Box(f"{scope}|{person}", key)
            keys.append((scope, person, _wrap(AESGCM(outer), key, scope, person)))
            people.append(registrant(webinar_id, person, box, at))
            sealed = box.seal("Ghent", f"answer.value|{person},{field}")
            answers.append({"registrant_id": person, "field_id": field, "value": sealed, "file_name": b"", "agreed": ""})
        with closing(stand.vault._store._connect()) as connection:
            put(connection, keys)
        async with stand.work.unit() as unit:
            await unit.session.execute(insert(Registrant), people)
            await unit.session.execute(insert(Answer), answers)


def put(connection: sqlite3.Connection, keys: list[tuple[str, str, bytes]]) -> None:
    """Many keys in one transaction."""
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO key VALUES (?, ?, ?)", keys)
    connection.execute("COMMIT")


def registrant(webinar_id: str, person: str, box: Box, at: int) -> dict[str, object]:
    """One row."""
    return {
        "id": person, "webinar_id": webinar_id, "state": "confirmed", "source": "form", "lang": "en", "zone": "UTC", "shown_name": b"",
        "name": box.seal(f"Ada Lovelace {at}", f"registrant.name|{person}"),
        "email": box.seal(f"ada{at}@example.org", f"registrant.email|{person}"),
        "mark": new_id(), "session": "", "made_at": NOW, "changed_at": NOW,
    }  # fmt: skip


def policy(webinar_id: str) -> dict[str, object]:
    """Open registration."""
    return {
        "webinar_id": webinar_id, "mode": "open", "ask_name": "required", "ask_email": "required", "confirm_email": False,
        "late_entry": True, "waiting_list": True, "domains": [], "password": "", "attendance": False, "embed_hosts": [],
    }  # fmt: skip


def question(webinar_id: str, field: str) -> dict[str, object]:
    """One question."""
    return {
        "id": field, "webinar_id": webinar_id, "position": 0, "identifier": "city", "kind": "line", "labels": {"en": "City"},
        "helps": {}, "need": "optional", "low": "", "high": "", "choices": [], "when_field": "", "when_values": [],
        "purpose": "plan", "basis": "consent", "seen_by": "managers", "special": False,
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the size")
    figures = asyncio.run(measure(20_000 if parser.parse_args().quick else 100_000))
    goals = [goal(name, figures[name], limit, reach="at most") for name, limit in GOALS.items()]
    rows = [{"figure": name, "value": value} for name, value in figures.items()]
    finish(
        "exports", "SQLite on this disk; each row with a key of its own, name, address and answer opened", rows, figures, goals
    )


if __name__ == "__main__":
    main()
