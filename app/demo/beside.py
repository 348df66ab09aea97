"""Runs the lively demo as a process beside ``serve``, which so loads nothing of it."""

from __future__ import annotations

import asyncio
import os
import sys

from app.settings import Settings


async def keep_lively(settings: Settings, media_url: str) -> None:
    """Run the lively process until cancelled; it also ends when this process does."""
    environ = {**os.environ, "LECTERN_DATA_DIR": str(settings.data_dir), "LECTERN_PUBLIC_URL": settings.public_url}
    environ |= {"LECTERN_MEDIA_URL": media_url, "LECTERN_PORT": str(settings.port)}
    command = (sys.executable, "-m", "app.demo.lively")
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, env=environ)
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
