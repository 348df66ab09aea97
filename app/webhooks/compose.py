"""What is sent: type, time and ids; of a person's fields those that the endpoint was given, as they are at this moment."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent import marks
from app.privacy.vault import Box
from app.protocol.events import ALWAYS
from app.webhooks.fields import Fields
from app.webhooks.models import Delivery, Endpoint


class Payload(msgspec.Struct, frozen=True):
    """The body of every webhook."""

    type: str
    timestamp: datetime
    data: dict[str, object]


async def compose(session: AsyncSession, fields: Fields, box: Box, endpoint: Endpoint, delivery: Delivery) -> bytes | None:
    """The body as it may be now; None when nothing may be said about this person."""
    if delivery.body is not None:
        return box.open(delivery.body, f"webhook_delivery.body|{delivery.id}")
    data: dict[str, object] = dict(delivery.ids)
    if delivery.webinar_id:
        data["webinar"] = delivery.webinar_id
    if delivery.person:
        held = await marks.of_person(session, delivery.webinar_id, delivery.person)
        if marks.RESTRICTED in held and delivery.kind not in ALWAYS:
            return None
        data["participant"] = delivery.person
        if endpoint.fields and not held:
            data["fields"] = await fields.read(session, delivery.webinar_id, delivery.person, endpoint.fields)
    return encoded(delivery.kind, delivery.at, data)


def encoded(kind: str, at: datetime, data: dict[str, object]) -> bytes:
    """A body."""
    return msgspec.json.encode(Payload(kind, at, data))
