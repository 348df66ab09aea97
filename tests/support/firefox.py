"""A real Firefox, with a fake camera and microphone, driven by WebDriver BiDi (W3C), which it speaks by itself."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.page import Page
from tests.support.ports import find_free_port
from tests.support.processes import need
from tests.support.until import until

PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    # Nothing of its own to other hosts.
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """The browser; each person opens a tab with cookies of their own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self._socket:
            said = json.loads(text)
            waits = self._waiting.pop(said.get("id") or 0, None)
            if waits is not None and not waits.done():
                waits.set_result(said)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the protocol; its result."""
        number = next(self._numbers)
        waits = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        said = await asyncio.wait_for(waits, 60)
        assert said["type"] == "success", said
        return dict(said["result"])

    async def open(self, url: str) -> Tab:
        """A page for somebody new."""
        person = (await self.ask("browser.createUserContext"))["userContext"]
        tab = Tab(self, (await self.ask("browsingContext.create", type="tab", userContext=person))["context"])
        await tab.goto(url)
        return tab

    async def close(self) -> None:
        """End it."""
        with contextlib.suppress(Exception):
            await self.ask("browser.close")
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


class Tab(Page):
    """A page of somebody."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def goto(self, url: str) -> None:
        """Load a page."""
        await self._browser.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str, *arguments: Any) -> Any:
        """The value of an expression, or of a function called with ``arguments``, as JSON has it."""
        called = ", ".join(json.dumps(one) for one in arguments)
        script = f"(async () => {{ const it = ({expression}); return JSON.stringify(await (typeof it === 'function' ? it({called}) : it)) }})()"
        said = await self._browser.ask(
            "script.evaluate", expression=script, target={"context": self._context}, awaitPromise=True, userActivation=True
        )
        assert said["type"] == "success", said
        return json.loads(said["result"]["value"]) if said["result"]["type"] == "string" else None

    async def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        await self.there(selector)
        await self.evaluate("(selector) => document.querySelector(selector).focus()", selector)
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        await self._browser.ask(
            "input.performActions", context=self._context, actions=[{"type": "key", "id": "keyboard", "actions": keys}]
        )


@pytest.fixture
async def firefox(tmp_path: Path) -> AsyncIterator[Firefox]:
    """A browser of this test alone."""
    profile = tmp_path / "firefox"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    port = find_free_port()
    process = await asyncio.create_subprocess_exec(
        need("firefox-esr", "firefox-esr"),
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        f"--remote-debugging-port={port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        socket = await until(lambda: _connected(port), within=60, what="Firefox answers")
        browser = Firefox(socket)
        await browser.ask("session.new", capabilities={})
        yield browser
        await browser.close()
        await socket.close()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _connected(port: int) -> ClientConnection | None:
    with contextlib.suppress(OSError):
        return await connect(f"ws://127.0.0.1:{port}/session", max_size=None)
    return None
