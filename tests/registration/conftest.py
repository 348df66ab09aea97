"""The desk of the tests in this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.registration.stand import Desk, desk_on
from tests.support.server import Serve
from tests.support.smtp import Mailbox


@pytest.fixture
async def desk(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Desk]:
    """One webinar with registration."""
    async with desk_on(tmp_path, serve_app, smtp_server) as made:
        yield made
