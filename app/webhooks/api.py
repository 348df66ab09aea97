"""Webhooks for programs: endpoints with their secrets shown once, the log, testing and sending once more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.core.api import Answer, Body, Call, Content, Listing, cursor_of
from app.core.api import Endpoint as Operation
from app.core.errors import invalid
from app.core.outbound import Outbound
from app.core.permissions import Permission
from app.privacy.vault import Vault
from app.webhooks import endpoints, farewell, journal
from app.webhooks.endpoints import CHOICES, ON, Wanted
from app.webhooks.fields import Fields
from app.webhooks.journal import Line, Tried
from app.webhooks.models import Endpoint

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Address = Annotated[str, Meta(min_length=8, max_length=2000)]
Kind = Annotated[str, Meta(max_length=40, extra_json_schema={"enum": list(CHOICES)})]
Kinds = Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=len(CHOICES))]
WebinarIds = Annotated[tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{20}$")], ...], Meta(max_length=500)]
FieldNames = Annotated[tuple[Annotated[str, Meta(max_length=60)], ...], Meta(max_length=200)]
Purpose = Annotated[str, Meta(max_length=200)]


class WebhookContent(Content, frozen=True, kw_only=True):
    """An endpoint. `webinars` empty: all of them. `fields` are given besides ids; participants read name, fields and purpose."""

    id: str
    name: str
    url: str
    events: list[str]
    webinars: list[str]
    fields: list[str]
    purpose: str
    public_key: str
    state: str
    failing_since: datetime | None
    made_at: datetime


class WebhookMade(Content, frozen=True, kw_only=True):
    """An endpoint with its signing secret, which is shown this once; a repeated request has none."""

    webhook: WebhookContent
    secret: str


class WebhookList(Content, frozen=True, kw_only=True):
    """All endpoints, and the personal fields that can be opted in: name → what people call it."""

    items: list[WebhookContent]
    fields: dict[str, str]


class WebhookNew(Body, frozen=True, kw_only=True):
    """What an endpoint is told."""

    name: Name
    url: Address
    events: Kinds
    webinars: WebinarIds = ()
    fields: FieldNames = ()
    purpose: Purpose = ""
    asymmetric: bool = False
    """Sign with Ed25519 too."""


class WebhookState(Body, frozen=True, kw_only=True):
    """Off, what happens waits no longer for it; on again, what waits goes out."""

    state: Literal["on", "off"]


class TriedContent(Content, frozen=True, kw_only=True):
    """One attempt: `status` 0 means no answer, `trouble` why; `answer` has its first bytes."""

    at: datetime
    status: int
    trouble: str
    millis: int
    answer: str


class DeliveryContent(Content, frozen=True, kw_only=True):
    """One event on its way to an endpoint; `event` is what it was sent as `webhook-id`."""

    id: str
    event: str
    kind: str
    at: datetime
    state: str
    due_at: datetime
    attempts: list[TriedContent]


class DeliveryPage(Content, frozen=True, kw_only=True):
    """A page of the log of 30 days, newest first."""

    items: list[DeliveryContent]
    next: str | None


class DeliveriesAgain(Content, frozen=True, kw_only=True):
    """How many deliveries that were given up go out once more."""

    number: int


class WebhookApi:
    """Endpoints of the API about endpoints of webhooks."""

    def __init__(self, vault: Vault, outbound: Outbound, fields: Fields) -> None:
        self._vault = vault
        self._outbound = outbound
        self._fields = fields

    def endpoints(self) -> Sequence[Operation]:
        """For the API."""
        may, tag, many, one = Permission.WEBHOOKS_MANAGE, "Webhooks", "/webhooks", "/webhooks/{endpoint}"
        log = one + "/deliveries"
        return [
            Operation(method="GET", path=many, name="listWebhooks", summary="Endpoints, and which fields can be opted in", tag=tag,
                      needs=may, handler=self.all, answer=WebhookList),
            Operation(method="POST", path=many, name="makeWebhook", summary="Make an endpoint; its secret is shown once", tag=tag,
                      needs=may, handler=self.make, again=self.made, body=WebhookNew, answer=WebhookMade, status=201),
            Operation(method="GET", path=one, name="readWebhook", summary="One endpoint", tag=tag, needs=may, handler=self.read,
                      answer=WebhookContent),
            Operation(method="PUT", path=one, name="changeWebhook", summary="Change an endpoint; its secret stays", tag=tag, needs=may,
                      handler=self.change, again=self.read, current=self.read, body=WebhookNew, answer=WebhookContent),
            Operation(method="DELETE", path=one, name="removeWebhook", summary="Remove an endpoint with queue and log", tag=tag,
                      needs=may, handler=self.remove, current=self.read, status=204),
            Operation(method="POST", path=one + "/rotate", name="rotateWebhook", summary="A new secret; for a day both sign", tag=tag,
                      needs=may, handler=self.rotate, again=self.made, answer=WebhookMade),
            Operation(method="POST", path=one + "/state", name="switchWebhook", summary="Switch an endpoint on or off", tag=tag,
                      needs=may, handler=self.switch, again=self.read, current=self.read, body=WebhookState, answer=WebhookContent),
            Operation(method="POST", path=one + "/test", name="testWebhook", summary="Send `webhook.test`", tag=tag, needs=may,
                      handler=self.test, again=self.delivery, answer=DeliveryContent, status=202),
            Operation(method="GET", path=log, name="listDeliveries", summary="The log of an endpoint", tag=tag, needs=may,
                      handler=self.log, query=Listing, answer=DeliveryPage),
            Operation(method="GET", path=log + "/{thing}", name="readDelivery", summary="One delivery with its attempts", tag=tag,
                      needs=may, handler=self.delivery, answer=DeliveryContent),
            Operation(method="POST", path=log + "/{thing}/replay", name="replayDelivery", summary="Send it once more, under the same id",
                      tag=tag, needs=may, handler=self.replay, again=self.delivery, answer=DeliveryContent, status=202),
            Operation(method="POST", path=one + "/replay-dead", name="replayDeadDeliveries", summary="Send all once more that were given up",
                      tag=tag, needs=may, handler=self.replay_dead, again=self.replayed, answer=DeliveriesAgain, status=202),
        ]  # fmt: skip

    async def all(self, call: Call[Any]) -> Answer:
        """By name."""
        rows = await endpoints.of_account(call.session, call.caller.account_id)
        fields = await self._fields.known(call.session, call.caller.account_id)
        return Answer(content=WebhookList(items=[_content(row) for row in rows], fields=fields))

    async def make(self, call: Call[WebhookNew]) -> Answer:
        """Checked like the page's form; nothing is sent yet."""
        wanted = await self._checked(call, ())
        row, keys = await endpoints.make(call.unit, self._vault, call.caller.account_id, wanted)
        await call.session.flush()
        made = WebhookMade(webhook=_content(row), secret=keys.secret)
        return Answer(content=made, location=f"/api/v1/webhooks/{row.id}", thing=row.id)

    async def made(self, call: Call[Any]) -> Answer:
        """The same endpoint without its secret, which is not shown twice."""
        return Answer(content=WebhookMade(webhook=_content(await self._one(call, call.path["thing"])), secret=""))

    async def read(self, call: Call[Any]) -> Answer:
        """As it is now."""
        return Answer(content=_content(await self._one(call)))

    async def change(self, call: Call[WebhookNew]) -> Answer:
        """All settings at once."""
        row = await self._one(call)
        wanted = await self._checked(call, row.fields)
        row = await endpoints.change(call.unit, self._vault, call.caller.account_id, row.id, wanted)
        await call.session.flush()
        return Answer(content=_content(row))

    async def remove(self, call: Call[Any]) -> Answer:
        """For good."""
        await farewell.remove(call.unit, self._vault, call.caller.account_id, call.path["endpoint"])
        return Answer()

    async def rotate(self, call: Call[Any]) -> Answer:
        """Shown once."""
        row = await self._one(call)
        keys = await endpoints.rotate(call.unit, self._vault, call.caller.account_id, row.id)
        return Answer(content=WebhookMade(webhook=_content(row), secret=keys.secret), thing=row.id)

    async def switch(self, call: Call[WebhookState]) -> Answer:
        """Also one that was switched off after failing for long."""
        await endpoints.switch(call.unit, call.caller.account_id, call.path["endpoint"], on=call.body.state == ON)
        return await self.read(call)

    async def test(self, call: Call[Any]) -> Answer:
        """An event that means nothing."""
        row = await self._one(call)
        made = await journal.test(call.unit, row)
        return await self._delivery(call, row, made)

    async def log(self, call: Call[Any]) -> Answer:
        """With the first bytes of what was answered."""
        row, number = await self._one(call), call.query.number
        lines = await journal.lines(call.session, self._vault, row, call.query.after(tuple[datetime, str]), number + 1)
        shown = lines[:number]
        more = cursor_of((shown[-1].at, shown[-1].id)) if len(lines) > number else None
        return Answer(content=DeliveryPage(items=[_line(line) for line in shown], next=more))

    async def delivery(self, call: Call[Any]) -> Answer:
        """Waiting, done, dead or withheld."""
        return await self._delivery(call, await self._one(call), call.path["thing"])

    async def replay(self, call: Call[Any]) -> Answer:
        """With what may be said now."""
        row = await self._one(call)
        await journal.replay(call.unit, row, call.path["thing"])
        return await self._delivery(call, row, call.path["thing"])

    async def replay_dead(self, call: Call[Any]) -> Answer:
        """News of erasures is sent by itself."""
        return Answer(content=DeliveriesAgain(number=await journal.replay_dead(call.unit, await self._one(call))))

    async def replayed(self, _call: Call[Any]) -> Answer:
        """The same request did it before."""
        return Answer(content=DeliveriesAgain(number=0))

    async def _one(self, call: Call[Any], endpoint_id: str = "") -> Endpoint:
        return await endpoints.one_of(call.session, call.caller.account_id, endpoint_id or call.path["endpoint"])

    async def _delivery(self, call: Call[Any], row: Endpoint, delivery_id: str) -> Answer:
        await call.session.flush()
        return Answer(content=_line(await journal.line(call.session, self._vault, row, delivery_id)), thing=delivery_id)

    async def _checked(self, call: Call[WebhookNew], before: Sequence[str]) -> Wanted:
        account, said = call.caller.account_id, call.body
        fresh, may = set(said.fields) - set(before), call.caller.permissions
        shut = set() if Permission.ACCOUNT_MANAGE in may else await self._fields.for_admins(call.session, account)
        # What a key may not read it must not have sent to an address of its own choice either.
        if fresh & shut or (fresh and Permission.REGISTRANTS_SEE not in may):
            raise invalid({"fields": "This key may not see these fields, so it cannot pass them on."})
        values = {name: getattr(said, name) for name in said.__struct_fields__}
        wanted = msgspec.structs.replace(
            Wanted(**values), name=" ".join(said.name.split()), purpose=" ".join(said.purpose.split())
        )
        return await endpoints.check(call.session, self._outbound, self._fields, account, wanted)


def _content(row: Endpoint) -> WebhookContent:
    return WebhookContent(
        id=row.id,
        name=row.name,
        url=row.url,
        events=list(row.events),
        webinars=list(row.webinars),
        fields=list(row.fields),
        purpose=row.purpose,
        public_key=row.public_key,
        state=row.state,
        failing_since=row.failing_since,
        made_at=row.made_at,
    )


def _line(line: Line) -> DeliveryContent:
    return DeliveryContent(
        id=line.id,
        event=line.event,
        kind=line.kind,
        at=line.at,
        state=line.state,
        due_at=line.due_at,
        attempts=[_tried(one) for one in line.attempts],
    )


def _tried(one: Tried) -> TriedContent:
    return TriedContent(at=one.at, status=one.status, trouble=one.trouble, millis=one.millis, answer=one.answer)
