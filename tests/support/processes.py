"""Child processes that are always ended, by the id we started, and whose output is kept for the report."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Child:
    """One running program, its output in a file."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Id of the process, and of its process group."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def output(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM, within: float = 10) -> int:
        """Ask it to end; kill its group when it does not. Returns the exit code."""
        if self.running:
            self.process.send_signal(how)
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
        with contextlib.suppress(ProcessLookupError):
            # What it started and did not end itself; usually nobody is left in the group.
            os.killpg(self.pid, signal.SIGKILL)
        return self.process.wait()

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


def need(program: str, package: str, *, also: Sequence[Path] = ()) -> str:
    """Path of ``program``. A missing one is an error with the remedy, never a silent skip."""
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, also)]))
    if found is None:
        raise RuntimeError(f"{program} is missing: apt-get install {package} (bin/test does this by itself as root or with sudo)")
    return found
