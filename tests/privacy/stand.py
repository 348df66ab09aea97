"""A small installation for the proofs of this folder: real tables, real files, real keys, no web server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import app.accounts.models
import app.core.jobs
from app.core.clock import SetClock
from app.core.db import Base, Database
from app.core.ids import new_id
from app.core.unit import Work
from app.privacy.certificate import Signer
from app.privacy.erase import Pipeline, Target
from app.privacy.files import Shelf, ShelfEraser
from app.privacy.ledger import Ledger
from app.privacy.map import DataMap
from app.privacy.scan import Files
from app.privacy.vault import Vault
from app.privacy.voters import VoterEraser
from app.rooms.eraser import RoomEraser
from app.rooms.models import Message, Webinar
from app.settings import Settings, complete

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Account = app.accounts.models.Account


class Stand:
    """One account, as many webinars as the test wants."""

    def __init__(
        self, folder: Path, database_url: str = "", on_step: Callable[[str, str], None] | None = None, **options: Any
    ) -> None:
        self.settings = complete(Settings(data_dir=folder / "data", database_url=database_url))
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.clock = SetClock(NOW)
        self.database = Database(self.settings)
        self.work = Work(self.database, self.clock)
        self.vault = Vault(self.settings)
        self.ledger = Ledger(self.settings.keys_path)
        self.signer = Signer(self.settings.keys_path)
        shelf = ShelfEraser(Shelf(self.settings.data_dir), Base.metadata)
        options.setdefault("erasers", [RoomEraser(self.vault), VoterEraser(self.vault), shelf])
        options.setdefault("places", [Files([self.settings.data_dir])])
        self.map = DataMap(Base.metadata)
        self.pipeline = Pipeline(self.work, self.vault, self.map, self.ledger, self.signer, on_step=on_step, **options)
        self.account_id = "account-of-the-tests"

    async def make_tables(self) -> None:
        """Empty tables and one account."""
        async with self.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with self.work.unit() as unit:
            unit.session.add(Account(id=self.account_id, name="Tests", colour="", made_at=NOW))

    async def webinar(self) -> str:
        """A webinar that is over."""
        webinar_id = new_id()
        async with self.work.unit() as unit:
            unit.session.add(
                Webinar(
                    id=webinar_id,
                    account_id=self.account_id,
                    slug=webinar_id.lower(),
                    title="Test",
                    starts_at=NOW,
                    ends_at=NOW + timedelta(hours=1),
                    state_texts={},
                    hls_token=new_id(),
                    crew_token=new_id(),
                    epoch=new_id(),
                    made_at=NOW,
                )
            )
        return webinar_id

    async def say(self, webinar_id: str, person: str, text: str, number: int = 1, *, seal: bool = True) -> None:
        """``number`` messages of a person."""
        box = await self.vault.box(webinar_id, person)
        async with self.work.unit() as unit:
            row = await unit.session.get_one(Webinar, webinar_id)
            for _ in range(number):
                row.seq += 1
                message_id = new_id()
                aad = f"message.%s|{message_id}"
                unit.session.add(
                    Message(
                        id=message_id,
                        webinar_id=webinar_id,
                        seq=row.seq,
                        person=person,
                        role="participant",
                        name=box.seal("Ada", aad % "name") if seal else b"Ada",
                        text=box.seal(text, aad % "text") if seal else text.encode(),
                        ref=message_id,
                        at=NOW,
                    )
                )

    async def erase(self, target: Target) -> str:
        """Ask and run; returns the erasure's id."""
        async with self.work.unit() as unit:
            erasure_id = await self.pipeline.ask(unit, target, "organiser")
        await self.pipeline.run(erasure_id)
        return erasure_id

    async def close(self) -> None:
        await self.database.close()
