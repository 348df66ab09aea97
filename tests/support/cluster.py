"""``bin/cluster``: two web processes, one media and one worker on a Redis and a PostgreSQL that live as long as they do."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.support.ports import answers, find_free_port
from tests.support.postgres import PostgresServer
from tests.support.processes import Child
from tests.support.redis import RedisServer
from tests.support.until import wait_until

APP = [sys.executable, "-m", "app"]


def main() -> None:
    """Start everything, say where it is, and wait for Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the first web process; the second has the next one")
    first = parser.parse_args().port
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="lectern-cluster-")))
        settings = shared_settings(folder, ending)
        for command in ("migrate", "demo"):
            run(command, settings, folder)
        for name, port in {"web": first, "second web": first + 1}.items():
            # The simulated audience comes once, with the first.
            demo = "1" if port == first else "0"
            own = {"LECTERN_PORT": str(port), "LECTERN_PUBLIC_URL": f"http://127.0.0.1:{port}", "LECTERN_DEMO": demo}
            start(name, "serve", settings | own, folder, ending)
            wait_until(partial(answers, port), within=30, what=f"{name} answers")
            print(f"{name:<10} http://127.0.0.1:{port}")
        for name in ("media", "work"):
            start(name, name, settings, folder, ending)
        print(f"logs       {folder}\nCtrl-C ends it.", flush=True)
        ending.callback(print, "Ending …")
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()


def shared_settings(folder: Path, ending: ExitStack) -> dict[str, str]:
    """Settings all processes share; the two servers are started on the way."""
    redis, postgres = RedisServer(folder), PostgresServer()
    ending.callback(redis.stop)
    redis.start()
    ending.callback(postgres.stop)
    postgres.start()
    media = find_free_port()
    return {
        "LECTERN_DATA_DIR": str(folder / "data"),
        "LECTERN_DATABASE_URL": postgres.url(postgres.create()),
        "LECTERN_BROKER_URL": redis.url,
        "LECTERN_MEDIA_PORT": str(media),
        "LECTERN_MEDIA_URL": f"http://127.0.0.1:{media}",
        "LECTERN_WORKERS_EMBEDDED": "0",
        "LECTERN_DEMO": "1",
    }


def start(name: str, command: str, settings: dict[str, str], folder: Path, ending: ExitStack) -> Child:
    """One process of the product, ended with the others."""
    child = Child([*APP, command], folder / f"{name.replace(' ', '-')}.log", env={**os.environ, **settings})
    ending.callback(child.stop)
    return child


def run(command: str, settings: dict[str, str], folder: Path) -> None:
    """A command that ends by itself."""
    with ExitStack() as ending:
        child = start(command, command, settings, folder, ending)
        if child.process.wait(60):
            raise SystemExit(f"python -m app {command} failed:\n{child.output()}")
        print(child.output(), end="", flush=True)


if __name__ == "__main__":
    main()
