"""Fixtures for every test. Services are real, started when first asked for, stopped at the end; each worker has its own."""

from __future__ import annotations

import os

import pytest
import structlog

from tests.support.chromium import chromium
from tests.support.firefox import firefox
from tests.support.order import pytest_collection_modifyitems, pytest_runtest_protocol
from tests.support.ports import find_free_port
from tests.support.postgres import postgres_server, postgres_url
from tests.support.product import lectern, product
from tests.support.redis import redis_server, redis_url, shared_redis
from tests.support.server import serve_app
from tests.support.smtp import smtp_server
from tests.support.until import until, wait_until
from tests.support.webkit import webkit

__all__ = [
    "chromium",
    "firefox",
    "lectern",
    "postgres_server",
    "postgres_url",
    "product",
    "pytest_collection_modifyitems",
    "pytest_runtest_protocol",
    "redis_server",
    "redis_url",
    "serve_app",
    "shared_redis",
    "smtp_server",
    "until",
    "wait_until",
    "webkit",
]

SCREENSHOTS = os.environ.get("LECTERN_SCREENSHOTS") == "1"
"""Pictures for the documentation are wanted; it is a wish to the tests, no setting of the product."""

# A setting of the person who runs the tests must not change what they prove.
for name in [name for name in os.environ if name.startswith("LECTERN_")]:
    del os.environ[name]


# A traceback with every variable drawn in a box takes a second to print, in the very loop whose patience is tested.
plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture
def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    return find_free_port()
