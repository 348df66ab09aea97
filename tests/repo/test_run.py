"""``bin/run``: one command that serves, takes another port when its own is taken, and says what it did."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import httpx2

from tests.support.processes import Child
from tests.support.until import wait_until

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, name: str, *options: str) -> Child:
    """Start it with its data in ``folder``."""
    command = [str(ROOT / "bin" / "run"), "--data", str(folder / "data"), *options]
    return Child(command, folder / f"{name}.log", env=dict(os.environ))


def address(child: Child) -> str:
    """What it printed as its address, once it answers there."""
    found = wait_until(
        lambda: not child.running or re.search(r"Lectern is at (\S+)", child.output()),
        within=120,
        what="bin/run prints its address",
    )
    assert isinstance(found, re.Match), child.output()
    url = str(found[1])
    wait_until(lambda: ready(url), within=30, what=f"{url}/readyz answers")
    return url


def ready(url: str) -> bool:
    """Whether it can serve people."""
    try:
        return httpx2.get(f"{url}/readyz").text == "ok"
    except httpx2.TransportError:
        return False


def test_it_serves_a_demo_prints_the_sign_ins_and_starts_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        first = run(tmp_path, "first", "--port", str(port))
        try:
            url = address(first)
            assert url != f"http://127.0.0.1:{port}"
            assert f"Port {port} is taken" in first.output()
            assert "organiser@demo.example" in first.output()
            assert "How bees find their way home" in httpx2.get(f"{url}/").text
        finally:
            assert first.stop(signal.SIGINT, within=20) in (0, 130), first.output()
    again = run(tmp_path, "again", "--port", str(port))
    try:
        assert address(again) == f"http://127.0.0.1:{port}"
        assert "is taken" not in again.output()
    finally:
        again.stop(signal.SIGINT, within=20)


def test_without_the_demo_the_first_person_makes_the_account(tmp_path: Path) -> None:
    plain = run(tmp_path, "plain", "--port", "8500", "--no-demo")
    try:
        answer = httpx2.get(f"{address(plain)}/sign-in")
        assert (answer.status_code, answer.headers["location"]) == (303, "/first-run")
        assert "organiser@demo.example" not in plain.output()
    finally:
        plain.stop(signal.SIGINT, within=20)


def test_an_unknown_option_is_answered_with_what_there_is(tmp_path: Path) -> None:
    wrong = run(tmp_path, "wrong", "--prot", "9000")
    assert wrong.process.wait(30) == 1
    assert "bin/run [--port N]" in wrong.output()
