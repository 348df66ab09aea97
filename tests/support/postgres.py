"""A PostgreSQL cluster of our own in a temporary folder, and a fresh database for each test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.ports import find_free_port
from tests.support.processes import Child, need
from tests.support.until import wait_until

QUICK = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses=127.0.0.1"]


class PostgresServer:
    """A cluster that lives as long as the tests. Its folder is outside pytest's, which only root may enter."""

    def __init__(self, settings: Sequence[str] = QUICK) -> None:
        self.settings = settings
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
        self.bin = Path(need("initdb", "postgresql", also=versions)).resolve().parent
        self.folder = Path(tempfile.mkdtemp(prefix="lectern-postgres-"))
        self.port = find_free_port()
        self.user: str | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            self.user = "postgres"
            owner = pwd.getpwnam(self.user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.child: Child | None = None
        self.count = 0

    def start(self) -> None:
        """Make the cluster and wait until it accepts connections."""
        data = str(self.folder / "data")
        options = ["--username=lectern", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", "-D", data, *options, as_owner=True)
        settings = [word for setting in self.settings for word in ("-c", setting)]
        command = [str(self.bin / "postgres"), "-D", data, "-p", str(self.port), "-k", str(self.folder), *settings]
        log = self.folder / "postgres.log"
        self.child = Child(command, log, cwd=self.folder, user=self.user)
        wait_until(self._ready, within=30, what="PostgreSQL accepts connections")

    def stop(self) -> None:
        """End it and remove its folder."""
        if self.child:
            self.child.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, template: str = "template1") -> str:
        """Name of a new database, a copy of ``template``."""
        self.count += 1
        name = f"test_{self.count}"
        self._run("createdb", *self._where(), "-T", template, name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run("dropdb", *self._where(), "--force", name)

    def url(self, name: str) -> str:
        """SQLAlchemy address of a database."""
        return f"postgresql+asyncpg://lectern@127.0.0.1:{self.port}/{name}"

    def _where(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "lectern"]

    def _ready(self) -> bool:
        command = [str(self.bin / "pg_isready"), *self._where(), "-q"]
        return subprocess.run(command, check=False, timeout=10).returncode == 0

    def _run(self, program: str, *words: str, as_owner: bool = False) -> None:
        done = subprocess.run(
            [str(self.bin / program), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=self.user if as_owner else None,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One cluster for all tests of this worker; use ``postgres_url``."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of an empty database of this test alone."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)
