"""Keeps one media process running beside ``serve``: starts it, starts it again when it dies, ends it at the end."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Sequence

import httpx2

from app.settings import PREFIX, Settings

log = logging.getLogger("lectern.media")

COMMAND = (sys.executable, "-m", "app.media.process", "--with-parent")
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY = 30.0
"""Seconds of life after which the next pause is short again."""


class MediaProcess:
    """The child. ``url`` is where it answers; the port stays the same over restarts."""

    def __init__(self, settings: Settings, *, command: Sequence[str] = COMMAND) -> None:
        self.port = free_port(settings.media_host) if settings.media_port == 0 else settings.media_port
        self.url = f"http://{settings.media_host}:{self.port}"
        self.restarts = 0
        self._command = command
        self._environ = {**os.environ, f"{PREFIX}MEDIA_PORT": str(self.port), f"{PREFIX}DATA_DIR": str(settings.data_dir)}
        self._environ[f"{PREFIX}PUBLIC_URL"] = settings.public_url
        self._child: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child, while it runs."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    def start(self) -> None:
        """Start it and keep it running."""
        self._task = asyncio.create_task(self._keep())

    async def ready(self, within: float = 20.0) -> bool:
        """Wait until it answers."""
        end = time.monotonic() + within
        async with httpx2.AsyncClient(trust_env=False, timeout=2) as client:
            while time.monotonic() < end:
                try:
                    if (await client.get(f"{self.url}/healthz")).status_code == 200:
                        return True
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        return False

    async def stop(self) -> None:
        """End it, politely first."""
        if self._task is not None:
            self._task.cancel()
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), 6)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            # The child reads this pipe and ends when it closes, so it never outlives a parent that was killed.
            self._child = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.PIPE, env=self._environ)
            code = await self._child.wait()
            self.restarts += 1
            pause = FIRST_PAUSE if time.monotonic() - started > STEADY else min(LONGEST_PAUSE, pause * 2)
            log.error("the media process ended with code %s; starting it again in %.1f s", code, pause)
            await asyncio.sleep(pause)


def free_port(host: str) -> int:
    """A TCP port nobody listens on now."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
