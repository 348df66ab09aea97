"""What a first version would be: Starlette, and ``await socket.send_text`` for each socket. Says every text to everybody.

python -m bench._plain PORT
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

sockets: set[WebSocket] = set()


async def room(socket: WebSocket) -> None:
    """Enter, and say what is said to all others."""
    await socket.accept()
    sockets.add(socket)
    try:
        while True:
            text = await socket.receive_text()
            for other in list(sockets):
                if other is not socket:
                    await other.send_text(text)
    except WebSocketDisconnect:
        pass
    finally:
        sockets.discard(socket)


if __name__ == "__main__":
    app = Starlette(routes=[WebSocketRoute("/", room)])
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        loop="uvloop",
        log_level="warning",
        access_log=False,
    )
