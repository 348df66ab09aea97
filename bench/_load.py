"""The load client and the servers it measures: built with the system's compiler, pinned to cores, CPU read from /proc."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, CLIENT_CORE = 0, max(0, (os.cpu_count() or 1) - 1)


@functools.cache
def built(name: str, *libraries: str) -> Path:
    """A program of ``bench/c``, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The bench needs a C compiler. Debian: apt install gcc libc6-dev libssl-dev")
    to = Path(tempfile.mkdtemp(prefix="lectern-bench-")) / name
    command = [compiler, "-O2", "-o", str(to), str(HERE / "c" / f"{name}.c"), *(f"-l{library}" for library in libraries)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}.c was not built (Debian: apt install libssl-dev):\n{done.stderr}")
    return to


def need_nchan() -> str | None:
    """nginx with nchan, installed where that is possible; None when it cannot be had."""
    if shutil.which("nginx") and Path("/usr/lib/nginx/modules/ngx_nchan_module.so").exists():
        return shutil.which("nginx")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing nginx with nchan …", file=sys.stderr)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        wanted = ["install", "-y", "--no-install-recommends", "nginx-light", "libnginx-mod-nchan"]
        for words in (["update", "-qq"], wanted):
            subprocess.run(["apt-get", *words], env=environ, capture_output=True, check=False)
    found = shutil.which("nginx")
    return found if found and Path("/usr/lib/nginx/modules/ngx_nchan_module.so").exists() else None


class Server:
    """A program being measured, with its children."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None, core: int | None = SERVER_CORE
    ) -> None:
        self.name = name
        pin = ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []
        self._log = tempfile.NamedTemporaryFile(prefix=f"{name}-", suffix=".log")  # noqa: SIM115 - lives as long as the server
        environ = {**os.environ, **(env or {})}
        self.process = subprocess.Popen(
            [*pin, *command], env=environ, cwd=ROOT, stdout=self._log, stderr=self._log, preexec_fn=_many_files
        )

    def cpu(self) -> float:
        """CPU seconds of user and kernel, all threads and children."""
        return sum(_cpu(pid) for pid in self.pids())

    def rss(self) -> int:
        """Resident memory in bytes."""
        return sum(_rss(pid) for pid in self.pids())

    def pids(self) -> list[int]:
        """The process and what it started."""
        found, more = [], [self.process.pid]
        while more:
            pid = more.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                more += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return found

    def wait(self, port: int, seconds: float = 120) -> None:
        """Until somebody listens on ``port``."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.name} did not start:\n{self.log()}")

    def log(self) -> str:
        """What it printed."""
        return Path(self._log.name).read_text()[-4000:]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Load:
    """The C client: joins at once, then does what it is told and answers in JSON."""

    def __init__(self, port: int, core: int | None = CLIENT_CORE, **options: Any) -> None:
        flags: list[str] = []
        for name, value in options.items():
            flags += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        pin = ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []
        command = [*pin, str(built("load", "ssl", "crypto")), "--port", str(port), *flags]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            preexec_fn=_many_files,
        )
        self.joined = self._read()

    def ask(self, line: str) -> dict[str, Any]:
        """One task and its result."""
        self.tell(line)
        return self._read()

    def tell(self, line: str) -> None:
        """One task; read the result with :meth:`result`."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """The result of what was told."""
        return self._read()

    def cpu(self) -> float:
        """CPU seconds used."""
        return _cpu(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the load client ended early")
        return dict(msgspec.json.decode(line))


@contextlib.contextmanager
def stopping(*things: Server | Load) -> Iterator[None]:
    """Ends them afterwards, last first."""
    try:
        yield
    finally:
        for thing in reversed(things):
            thing.stop()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def steal() -> float:
    """CPU seconds that the host took from this machine so far."""
    return float(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / TICKS


def _many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
