"""The real product for benches: a folder or database with one public webinar, tickets for its room, and the server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from app.core.ids import new_id
from app.core.permissions import Role
from app.main import join_parts
from app.settings import Settings, complete
from bench._load import ROOT, Server, free_port
from tests.support.product import Product

SECRET = "b" * 40


class BenchRoom:
    """One webinar, and people who may enter."""

    def __init__(self, folder: Path, *, chat: str = "stored", environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "LECTERN_DATA_DIR": str(folder / "data"),
            "LECTERN_SECRET": SECRET,
            "LECTERN_PORT": str(self.port),
            "LECTERN_HOST": "127.0.0.1",
            "LECTERN_PUBLIC_URL": self.origin,
            "LECTERN_MEDIA_URL": "http://127.0.0.1:9",
            "LECTERN_WORKERS_EMBEDDED": "0",
            **(environ or {}),
        }
        self.webinar, self.slug = "", ""
        subprocess.run(
            [sys.executable, "-m", "app", "migrate"],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        asyncio.run(self._make(chat))

    @property
    def path(self) -> str:
        """Where the socket is."""
        return f"/live/{self.webinar}"

    def serve(self, *extra: str, env: Mapping[str, str] | None = None) -> Server:
        """The server, once it answers; with the loop watched when ``extra`` says where to write its pauses."""
        server = Server("lectern", [sys.executable, "-m", "bench._serve", *extra], env={**self.environ, **(env or {})})
        server.wait(self.port)
        return server

    def tickets(self, guests: int, crew: int) -> tuple[Path, Path]:
        """Files with fresh tickets, one a line: for an audience, and for presenters who talk."""
        parts = join_parts(self.settings)
        seats = parts.seats
        audience = self.folder / "tickets"
        audience.write_text("".join(seats.participant(self.webinar, new_id(), "en")[0] + "\n" for _ in range(guests)))
        talking = self.folder / "crew-tickets"
        talking.write_text(
            "".join(seats.crew(self.webinar, new_id(), "Mo", Role.MODERATOR, new_id(), "en") + "\n" for _ in range(crew))
        )
        asyncio.run(parts.database.close())
        return audience, talking

    @property
    def settings(self) -> Settings:
        """As the server has them."""
        return complete(
            Settings(
                data_dir=self.folder / "data",
                secret=SECRET,
                public_url=self.origin,
                database_url=self.environ.get("LECTERN_DATABASE_URL", ""),
            )
        )

    async def _make(self, chat: str) -> None:
        parts = join_parts(self.settings)
        made = Product("", parts)
        webinar = await made.webinar(await made.account(), chat_mode=chat)
        self.webinar, self.slug = webinar.id, webinar.slug
        await parts.database.close()
