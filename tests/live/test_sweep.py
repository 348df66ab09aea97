"""The loop that writes one frame to many: compiled and in Python the same bytes, in order, also where the kernel takes only a part."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from array import array
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import websockets

from app.live.connection import Connection
from app.live.sweep import LIBRARY, Roll, Write, compiled, fastest, write_in_python
from app.live.wire import DOOR, LiveProtocol, text_frame
from tests.live.test_hub import SEAT
from tests.live.test_rfc6455 import make_certificate
from tests.support.server import Serve
from tests.support.until import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["python", "compiled"])
def write(request: pytest.FixtureRequest) -> Write:
    if request.param == "python":
        return write_in_python
    assert shutil.which("cc") or shutil.which("gcc"), "the tests need a C compiler"
    subprocess.run([ROOT / "bin" / "native"], check=True)
    made = compiled()
    assert made is not None
    return made


async def test_many_sockets_get_the_same_frames_and_nothing_is_cut_into(serve_app: Serve, write: Write) -> None:
    connections: list[Connection] = []

    async def crowd(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connections.append(Connection(scope["extensions"][DOOR], send, SEAT))
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message["text"]})

    served = await serve_app(crowd, ws=LiveProtocol, lifespan="off", log_level="critical")
    sockets = [await websockets.connect(served.ws_url, proxy=None, max_size=None) for _ in range(8)]
    await until(lambda: len(connections) == 8, what="all are in")
    roll = Roll(write)
    for connection in connections:
        roll.add(connection)
    # Larger than what the kernel takes at once, so that parts go through the transport; small ones come right behind.
    texts = [f"{number}:" + "x" * (size := 700_000 if number % 4 == 0 else 200) + f":{size}" for number in range(24)]

    async def read(socket: websockets.ClientConnection) -> list[str]:
        return [str(await socket.recv()) for _ in texts]

    reading = [asyncio.create_task(read(socket)) for socket in sockets]
    partly = 0
    for text in texts:
        roll.tell(text_frame(text.encode()), text.encode())
        partly += sum(c.door.waiting_bytes() > 0 for c in connections if c.door)
        await until(lambda: all(c.door and c.door.waiting_bytes() < 500_000 for c in connections), what="the kernel took it")
    assert await asyncio.wait_for(asyncio.gather(*reading), 30) == [texts] * 8
    assert partly, "the control: some frames did not go out at once"
    for socket in sockets:
        await socket.close()
    await until(lambda: all(c.door and c.door.fd == -1 for c in connections), what="no number of a closed socket is kept")


def test_a_broken_socket_is_said_to_be_broken(write: Write) -> None:
    import socket

    here, there = socket.socketpair()
    good, other = socket.socketpair()
    there.close()
    assert write(array("i", [here.fileno(), -1, good.fileno()]), b"frame") == [(0, -1)]
    assert other.recv(10) == b"frame"
    for one in (here, good, other):
        one.close()


def test_without_the_library_python_does_it() -> None:
    assert LIBRARY.parent.joinpath("sweep.c").exists()
    assert fastest() is not None


@pytest.mark.parametrize("tls", [False, True])
async def test_own_words_stay_before_the_next_frame_and_who_leaves_gets_nothing(
    serve_app: Serve, write: Write, tls: bool, tmp_path: Path
) -> None:
    """The list of those that can simply be written to is right after answers, after some were left out, and after some went."""
    options: dict[str, Any] = {}
    context, url = None, "ws://localhost:{port}/"
    if tls:
        certificate, key = make_certificate(tmp_path)
        options = {"ssl_certfile": certificate, "ssl_keyfile": key}
        context, url = ssl.create_default_context(cafile=str(certificate)), "wss://localhost:{port}/"
    connections: list[Connection] = []

    async def crowd(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connections.append(Connection(scope["extensions"][DOOR], send, SEAT))
        while (await receive())["type"] != "websocket.disconnect":
            pass

    served = await serve_app(crowd, ws=LiveProtocol, lifespan="off", log_level="critical", **options)
    sockets = [await websockets.connect(url.format(port=served.port), ssl=context, proxy=None) for _ in range(4)]
    await until(lambda: len(connections) == 4, what="all are in")
    roll = Roll(write)
    for connection in connections:
        roll.add(connection)

    def tell(text: str, without: Collection[Connection] = ()) -> None:
        roll.tell(text_frame(text.encode()), text.encode(), without)

    tell("1")
    assert not roll._unsettled, "the control: all can simply be written to"
    assert len(roll._pours) == (4 if tls else 0)
    connections[1].write(b"own")
    tell("2")
    tell("3", {connections[2]})
    roll.discard(connections[0])
    assert list(roll.connections) == connections[1:], "oldest first, also when the last has moved to the place that is free"
    tell("4")
    connections[3].close(4001, "bye")
    tell("5")
    assert [str(await sockets[0].recv()) for _ in range(3)] == ["1", "2", "3"]
    assert [str(await sockets[1].recv()) for _ in range(6)] == ["1", "own", "2", "3", "4", "5"]
    assert [str(await sockets[2].recv()) for _ in range(4)] == ["1", "2", "4", "5"]
    assert [str(await sockets[3].recv()) for _ in range(4)] == ["1", "2", "3", "4"]
    with pytest.raises(websockets.ConnectionClosed):
        await sockets[3].recv()
    connections[0].write(b"alone")
    assert str(await sockets[0].recv()) == "alone"
    for socket in sockets:
        await socket.close()
