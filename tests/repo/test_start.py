"""A start that cannot be says in a sentence what is missing and what to do, and shows no traceback."""

from __future__ import annotations

import os
import shutil
import site
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import uvicorn

from app.serve import _listener
from tests.support.ports import find_free_port

ROOT = Path(__file__).resolve().parents[2]


def start(
    command: str, folder: Path, *, cwd: Path = ROOT, flags: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> str:
    """What ``python -m app COMMAND`` says when it cannot; it must end by itself with code 1."""
    ports = {"LECTERN_PORT": str(find_free_port()), "LECTERN_MEDIA_PORT": str(find_free_port())}
    done = subprocess.run(
        [sys.executable, *flags, "-m", "app", command],
        cwd=cwd,
        env={**os.environ, "LECTERN_DATA_DIR": str(folder / "data"), **ports, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(("command", "gone"), [("serve", "click"), ("serve", "uvicorn"), ("up", "uvicorn"), ("doctor", "click")])
def test_a_library_that_is_missing_is_named(tmp_path: Path, command: str, gone: str) -> None:
    without = tmp_path / "libraries"
    without.mkdir()
    for entry in Path(next(path for path in site.getsitepackages() if Path(path, "click").is_dir())).iterdir():
        if not entry.name.startswith((gone, "_", "distutils")):
            (without / entry.name).symlink_to(entry)
    said = start(command, tmp_path, flags=("-S",), environ={"PYTHONPATH": str(without)})
    assert f": {gone}." in said
    assert "Run bin/run, which installs what is missing" in said


def test_without_any_library_the_first_five_are_named(tmp_path: Path) -> None:
    assert "aioice, aiortc" in start("serve", tmp_path, flags=("-S",))


def test_missing_browser_libraries_are_named(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "frontend", copy / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    said = start("serve", tmp_path, cwd=copy, environ={"LECTERN_MEDIA_URL": "http://127.0.0.1:9"})
    assert "The browser libraries are not installed." in said
    assert "npm ci" in said


@pytest.mark.parametrize("setting", ["LECTERN_PORT", "LECTERN_MEDIA_PORT", "LECTERN_METRICS_PORT"])
def test_a_port_that_is_taken_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = start("serve", tmp_path, environ={setting: str(port)})
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert setting in said


def test_no_child_holds_the_listening_socket() -> None:
    """A process that outlived its parent would keep the port, and the next start could not have it."""
    given = find_free_port()
    uvicorns = uvicorn.Config("app", host="127.0.0.1", port=given).bind_socket()
    assert uvicorns.get_inheritable()  # the negative control: this is what uvicorn does
    uvicorns.close()
    ours = _listener(uvicorn.Config("app", host="127.0.0.1", port=given))
    assert not ours.get_inheritable()
    ours.close()
