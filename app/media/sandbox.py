"""Takes from a process what reading a stranger's file never needs: files, network, other programs, much memory, endless time.

By limits of the kernel alone (``setrlimit(2)``, ``prctl(2)``), so that nothing has to be installed and no privilege is needed. To be
called when everything that will be needed is loaded: afterwards no file and no socket can be opened (RLIMIT_NOFILE is what is open
now), nothing can be written to a file (RLIMIT_FSIZE), no process or thread begins (RLIMIT_NPROC, which root alone passes by).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

MEMORY = 2 * 1024**3
"""Bytes of address space: a picture of 3840×2160 decoded and one of 1920×1080 encoded take about half of it."""
NICE = 10
"""Whoever broadcasts on this machine comes first."""
MOST_FILES = 1024
"""Numbers of files that are looked at: a process that has just begun has a handful."""
NOBODY = 65534
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 1, 38, 4


def shut(seconds: int) -> None:
    """Shut the door behind this process; ``seconds`` of processor time are left to it."""
    if os.geteuid() == 0:
        # Not even where all of Lectern runs as root; in a container without that right it stays what it is.
        with contextlib.suppress(PermissionError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # Whoever asked for the work may be killed: nobody would take the result.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.nice(NICE)
    files = _filled()
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, files),
    ):
        resource.setrlimit(limit, (most, most))
    # A second more to the end by force, so that the first signal says what it was.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _filled() -> int:
    """Number of the first file that could still be opened, with no gap left below it."""
    opened = {number for number in range(MOST_FILES) if _is_open(number)}
    last = max(opened)
    for number in range(last):
        if number not in opened:
            os.dup2(last, number)
    return last + 1


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
