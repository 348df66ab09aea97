"""The media process: its own event loop, so a sweep over sockets never disturbs sound, nor a key frame the chat."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading

import uvicorn
import uvloop

from app.core.db import Base, Database
from app.core.logging import configure
from app.media.directory import Directory
from app.media.directory_db import DatabaseDirectory
from app.media.server import create_media_app
from app.privacy.logfilter import LogFilter
from app.privacy.map import DataMap
from app.settings import Settings, SettingsError, load

LEAVING = 5.0
"""Seconds for connections and threads to end after the server has."""


async def serve_media(settings: Settings, directory: Directory, *, with_parent: bool = False) -> None:
    """Serve until told to stop; ``with_parent`` also stops when standard input closes, as it does when the parent dies."""
    app = create_media_app(settings, directory)
    config = uvicorn.Config(
        app,
        host=settings.media_host,
        port=settings.media_port,
        log_config=None,  # configured once for the process, see below
        log_level=None,
        access_log=False,  # addresses of people, and tokens in paths
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    watcher = asyncio.create_task(_watch_parent(server)) if with_parent else None
    try:
        await server.serve()
    finally:
        if watcher is not None:
            watcher.cancel()


async def _watch_parent(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    server.should_exit = True


def main() -> None:
    """Entry of the supervised child; ``python -m app media`` is the same for people."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--with-parent", action="store_true")
    options = parser.parse_args()
    try:
        settings = load(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    configure(settings.log_level, LogFilter(DataMap(Base.metadata)))
    uvloop.run(child(settings, with_parent=options.with_parent))


async def child(settings: Settings, *, with_parent: bool) -> None:
    """The process as a whole: its end is bounded."""
    try:
        await run(settings, with_parent=with_parent)
    finally:
        leave_within(LEAVING)


def leave_within(seconds: float) -> None:
    """End this process by then, whatever still runs: a connection that will not be cancelled must not keep it after its parent."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


async def run(settings: Settings, *, with_parent: bool = False) -> None:
    """Serve from the database."""
    database = Database(settings)
    try:
        await serve_media(settings, DatabaseDirectory(settings, database), with_parent=with_parent)
    finally:
        await database.close()


if __name__ == "__main__":
    main()
