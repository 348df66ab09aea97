"""A product with a mail server of its own, a clock the test sets, and a webinar whose form the test describes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.core.clock import SetClock
from app.core.permissions import Role
from app.live.wire import LiveProtocol
from app.main import create_app
from app.registration import fields, policy
from app.registration.form import Choice, Field, Policy
from app.registration.models import Registrant
from app.rooms.models import Webinar
from app.settings import Settings, complete
from tests.support.product import Product, make_tables
from tests.support.server import Serve, listen
from tests.support.smtp import Mailbox

OWNER = "owner@example.org"
COMPANY = Field(identifier="company", kind="line", labels={"en": "Company"}, purpose="to prepare the talk", high="40")
DIET = Field(
    identifier="diet",
    kind="choice",
    labels={"en": "Lunch"},
    purpose="to order lunch",
    choices=(Choice("none", {"en": "None"}), Choice("meat", {"en": "With meat"}), Choice("vegan", {"en": "Vegan"})),
)


class Desk:
    """One webinar with registration, as its organiser and its visitors see it."""

    def __init__(self, product: Product, webinar: Webinar, clock: SetClock, mailbox: Mailbox) -> None:
        self.product = product
        self.webinar = webinar
        self.clock = clock
        self.mailbox = mailbox
        self.path = f"/w/{webinar.slug}"

    async def set(self, *questions: Field, **wanted: Any) -> None:
        """Set policy and questions."""
        async with self.product.work.unit() as unit:
            await policy.save(unit, self.webinar, Policy(**{"mode": "open", **wanted}))
            await fields.save(unit, self.webinar.id, questions)

    async def post(self, values: dict[str, Any], **more: Any) -> Any:
        """Send the form, a moment after whoever came before; the answer."""
        self.clock.advance(timedelta(milliseconds=1))
        async with self.product.client() as visitor:
            return await visitor.post(self.path, data=values, **more)

    async def get(self, path: str) -> Any:
        """Open a page."""
        async with self.product.client() as visitor:
            return await visitor.get(path)

    async def registrants(self) -> Sequence[Registrant]:
        """All rows, oldest first."""
        async with self.product.work.read() as session:
            query = select(Registrant).where(Registrant.webinar_id == self.webinar.id)
            return (await session.execute(query.order_by(Registrant.made_at, Registrant.id))).scalars().all()

    async def states(self) -> list[str]:
        """The state of each."""
        return [row.state for row in await self.registrants()]

    async def jobs(self) -> int:
        """Do what is due."""
        return await self.product.parts.worker.run_due()

    async def confirm(self, address: str) -> Any:
        """Follow the newest mail to ``address`` and press the button; the answer."""
        path = link_in(await self.mailbox.arrives(address), "confirm")
        async with self.product.client() as visitor:
            assert (await visitor.get(path)).status_code == 200
            return await visitor.post(path)


def link_in(mail: EmailMessage, kind: str) -> str:
    """The path of a link in a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"/w/[\w-]+/{kind}/[\w.-]+", body.get_content())
    assert found is not None, body.get_content()
    return found[0]


@asynccontextmanager
async def desk_on(
    folder: Path, serve: Serve, mailbox: Mailbox, *, also: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[Desk]:
    """A desk in ``folder``; the test itself does the jobs. ``also``: more settings."""
    clock = SetClock(datetime.now(UTC).replace(microsecond=0))
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(data_dir=folder / "data", public_url=url, smtp_url=mailbox.url, workers_embedded=False, **(also or {}))
    app = create_app(complete(settings), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve(app, listener, ws=LiveProtocol, access_log=False)
    product = Product(url, app.state.parts)
    account = await product.account()
    await product.member(account, Role.OWNER, OWNER)
    given = {"starts_at": clock.now() + timedelta(days=3), "zone": "Europe/Brussels", **changes}
    yield Desk(product, await product.webinar(account, **given), clock, mailbox)
