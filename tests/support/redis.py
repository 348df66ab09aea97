"""A Redis server of our own: free port, nothing on disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import find_free_port
from tests.support.processes import Child, need
from tests.support.until import wait_until


class RedisServer:
    """A server that tests may stop and start again on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = find_free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.program = need("redis-server", "redis-server")
        self.child: Child | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        options += self.options
        self.child = Child([self.program, *options], self.folder / "redis.log")
        wait_until(lambda: self.ask("PING") == "PONG", what="redis answers PING")

    def stop(self) -> None:
        """End it; what it held is gone, as the product expects of it."""
        if self.child:
            self.child.stop()
            self.child = None

    def flush(self) -> None:
        """Forget everything, between two tests."""
        self.ask("FLUSHALL")

    def ask(self, *words: str) -> str:
        """The answer to one command."""
        client = need("redis-cli", "redis-tools")
        command = [client, "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout.strip()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests of this worker; use ``redis_url``."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """Address of an empty Redis."""
    shared_redis.flush()
    return shared_redis.url


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of this test alone, which it may stop and start."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
