"""A real WebKit, the engine of Safari, as GTK has it: MiniBrowser on a screen of its own, driven by WebDriver (W3C)."""

from __future__ import annotations

import asyncio
import json
import math
import os
from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.page import Page
from tests.support.ports import find_free_port
from tests.support.processes import Child, need
from tests.support.until import until

BROWSERS = [Path(f"/usr/lib/{machine}-linux-gnu/webkit2gtk-4.1") for machine in (os.uname().machine, "aarch64", "x86_64")]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""How WebDriver says that something is an element."""


class View(Page):
    """One page in a window of its own, with nothing kept from any other."""

    def __init__(self, client: httpx2.AsyncClient, session: str) -> None:
        self._client = client
        self._at = f"/session/{session}"

    async def ask(self, what: str, **given: Any) -> Any:
        """A command of the protocol; its result."""
        answer = await self._client.post(f"{self._at}/{what}", json=given)
        said = answer.json()["value"]
        assert answer.status_code == 200, said
        return said

    async def goto(self, url: str) -> None:
        """Load a page."""
        await self.ask("url", url=url)

    async def evaluate(self, expression: str, *arguments: Any) -> Any:
        called = ", ".join(json.dumps(one) for one in arguments)
        script = f"const it = ({expression}); return JSON.stringify((typeof it === 'function' ? it({called}) : it) ?? null)"
        return json.loads(await self.ask("execute/sync", script=script, args=[]))

    async def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        await self.there(selector)
        found = await self.ask("element", using="css selector", value=selector)
        await self.ask(f"element/{found[ELEMENT]}/value", text=text)

    async def press(self, selector: str) -> None:
        """Click as a person does, so that the browser knows somebody is there."""
        await self.there(selector)
        found = await self.ask("element", using="css selector", value=selector)
        await self.ask(f"element/{found[ELEMENT]}/click")

    async def close(self) -> None:
        """Close the window."""
        await self._client.delete(self._at)


class WebKit:
    """Opens windows."""

    def __init__(self, client: httpx2.AsyncClient, program: str, sound: Path) -> None:
        self._client = client
        self._program = program
        self._sound = sound
        self.views: list[View] = []

    async def loudness(self, seconds: float = 1) -> float:
        """Root mean square of what comes out of the sound card, 1 being the loudest there is."""
        process = await asyncio.create_subprocess_exec(
            need("parec", "pulseaudio-utils"),
            f"--server=unix:{self._sound}",
            "--device=ear.monitor",
            "--format=float32le",
            "--channels=1",
            "--rate=48000",
            "--latency-msec=20",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            heard = array("f", await process.stdout.readexactly(4 * round(48000 * seconds)))
        finally:
            process.terminate()
            await process.wait()
        return math.sqrt(sum(one * one for one in heard) / len(heard))

    async def open(self, url: str) -> View:
        """A page for somebody new."""
        options = {"webkitgtk:browserOptions": {"binary": self._program, "args": ["--automation"]}}
        answer = await self._client.post("/session", json={"capabilities": {"alwaysMatch": options}})
        said = answer.json()["value"]
        assert answer.status_code == 200, said
        view = View(self._client, said["sessionId"])
        self.views.append(view)
        await view.goto(url)
        return view


@pytest.fixture
async def webkit(tmp_path: Path) -> AsyncIterator[WebKit]:
    """A browser of this test alone."""
    driver = need("WebKitWebDriver", "webkit2gtk-driver")
    program = need("MiniBrowser", "webkit2gtk-driver", also=BROWSERS)
    number, port = os.getpid() % 20000 + 100, find_free_port()
    async with AsyncExitStack() as ending:
        screen = Child(
            [need("Xvfb", "xvfb"), f":{number}", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], tmp_path / "screen.log"
        )
        ending.callback(screen.stop)
        # A sound card that plays in real time: with sinks of GStreamer alone WebKit forgets that it is muted.
        sound = Child(
            [need("pulseaudio", "pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1", "-L", "module-null-sink sink_name=ear", "-L", f"module-native-protocol-unix socket={tmp_path}/sound auth-anonymous=1"],
            tmp_path / "sound.log",
            env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        )  # fmt: skip
        ending.callback(sound.stop)
        await until((tmp_path / "sound").exists, within=30, what="the sound card")
        environ = {
            **os.environ,
            "DISPLAY": f":{number}",
            "HOME": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
            "GDK_BACKEND": "x11",
            "NO_AT_BRIDGE": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "PULSE_SERVER": f"unix:{tmp_path}/sound",
        }
        running = Child([driver, f"--port={port}", "--host=127.0.0.1"], tmp_path / "webkit.log", env=environ)
        ending.callback(running.stop)
        client = await ending.enter_async_context(
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        )
        await until(lambda: _answers(client), within=30, what="WebKit answers")
        browser = WebKit(client, program, tmp_path / "sound")
        yield browser
        for view in browser.views:
            await view.close()


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/status")).status_code == 200
    except httpx2.TransportError:
        return False


__all__ = ["View", "WebKit", "webkit"]
