"""The media process under its supervisor, against a real database: restarted when it dies, gone when its parent is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx2
import msgspec

from app.media.supervise import MediaProcess, free_port
from app.settings import load


async def until_gone(pid: int) -> bool:
    for _ in range(150):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():  # noqa: ASYNC240 - /proc does not block
            return True
        await asyncio.sleep(0.1)
    return False


async def test_the_media_process_is_started_again_when_it_dies_and_ends_with_its_supervisor(tmp_path: Path) -> None:
    settings = load({"LECTERN_DATA_DIR": str(tmp_path / "data")})
    (tmp_path / "data").mkdir(exist_ok=True)
    child = MediaProcess(msgspec.structs.replace(settings, media_port=0))
    child.start()
    assert await child.ready()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        while child.restarts == 0 or child.pid is None:  # noqa: ASYNC110 - a killed child says nothing
            await asyncio.sleep(0.05)
    assert await child.ready()
    second = child.pid
    assert second not in (None, first)
    await child.stop()
    assert await until_gone(second or 0)


async def test_the_media_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    port = free_port("127.0.0.1")
    settings = load({"LECTERN_DATA_DIR": str(tmp_path / "data")})
    (tmp_path / "data").mkdir(exist_ok=True)
    child = MediaProcess(msgspec.structs.replace(settings, media_port=port))
    child.start()
    assert await child.ready()
    assert child._child is not None
    assert child._child.stdin is not None
    pid = child.pid
    assert child._task is not None
    child._task.cancel()
    child._child.stdin.close()  # what the system does with a killed parent's pipe
    assert await until_gone(pid or 0)
    async with httpx2.AsyncClient(trust_env=False) as client:
        try:
            await client.get(f"{child.url}/healthz")
            answered = True
        except httpx2.ConnectError:
            answered = False
    assert answered is False


async def test_what_will_not_end_does_not_keep_the_process() -> None:
    stubborn = "import threading; from app.media.process import leave_within; leave_within(0.2); threading.Event().wait()"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", stubborn)
    async with asyncio.timeout(30):
        assert await child.wait() == 0
