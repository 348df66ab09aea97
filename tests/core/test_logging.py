"""No canary gets into a log line, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

import app.main
from app.core.db import Base
from app.core.logging import configure
from app.privacy.logfilter import LogFilter
from app.privacy.map import DataMap

CANARY = "canary-7f3a"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What was logged; the logging of the tests comes back afterwards."""
    assert app.main.create_app is not None, "every table is known"
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("debug", LogFilter(DataMap(Base.metadata)), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("app", "lectern"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def fail(password: str) -> None:
    secret_local = password
    raise ValueError(f"could not use {secret_local!r}")


def test_a_fault_shows_where_and_never_with_what(lines: io.StringIO) -> None:
    try:
        fail(CANARY)
    except ValueError:
        structlog.get_logger("app.test").exception("it.failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    ours, theirs = (json.loads(line) for line in lines.getvalue().splitlines())
    for said in (ours, theirs):
        assert "builtins.ValueError" in said["exception"]
        assert "in fail" in said["exception"]
    assert CANARY not in lines.getvalue()


def test_the_cause_of_a_fault_is_shown(lines: io.StringIO) -> None:
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        structlog.get_logger("app.test").exception("it.failed")
    said = json.loads(lines.getvalue())["exception"]
    assert "builtins.ConnectionRefusedError: Connection refused" in said
    assert CANARY not in said


def test_addresses_personal_names_and_line_breaks_do_not_pass(lines: io.StringIO) -> None:
    structlog.get_logger("app.test").info(
        "seen", email=CANARY, ip=CANARY, note="from 203.0.113.9 by ada@example.org", agent='a\r\n{"event":"forged"}'
    )
    text = lines.getvalue()
    assert len(text.splitlines()) == 1
    said = json.loads(text)
    assert said["note"] == "from [left out] by [left out]"
    assert CANARY not in text
    assert said["event"] == "seen"


def test_libraries_do_not_speak_below_a_warning(lines: io.StringIO) -> None:
    for name in ("aiosqlite", "websockets.server", "python_multipart.multipart", "uvicorn.access"):
        logging.getLogger(name).info("a frame with %s", CANARY)
        logging.getLogger(name).debug("a frame with %s", CANARY)
    assert lines.getvalue() == ""
    structlog.get_logger("app.test").debug("the control: our own are heard")
    assert len(lines.getvalue().splitlines()) == 1
