"""What an answer means for a delivery and its endpoint: done, again later, given up, switched off."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from app.core.outbound import Answer
from app.core.unit import Unit
from app.webhooks.endpoints import FAILED, GONE, ON
from app.webhooks.models import Delivery, Endpoint
from app.webhooks.schedule import next_try

WITHHELD = "withheld"
OFF_MAIL = "mail.webhook_off"
ACKNOWLEDGED = "webhooks.acknowledged"
LONG = timedelta(days=3)
"""An endpoint that failed this long and lost a delivery is switched off."""


class OffMail(msgspec.Struct, frozen=True):
    """What the job is told."""

    endpoint: str


class Acknowledged(msgspec.Struct, frozen=True):
    """An erasure whose recipients answered or were given up: its certificate is renewed."""

    erasure: str


async def settle(unit: Unit, endpoint: Endpoint, row: Delivery, answer: Answer | None) -> None:
    """Only 2xx is a success (Standard Webhooks); a redirect is none, and 410 means never again."""
    row.tries += 1
    if answer is not None and 200 <= answer.status < 300:
        row.state, endpoint.failing_since = "done", None
        _end(unit, row)
        return
    endpoint.failing_since = endpoint.failing_since or unit.now
    if answer is not None and answer.status == 410:
        row.state = "dead"
        _end(unit, row)
        _switch_off(unit, endpoint, GONE)
        return
    wait = next_try(row.tries, answer.headers if answer else {}, unit.now)
    if wait is not None:
        row.due_at = unit.now + wait
        return
    row.state = "dead"
    _end(unit, row)
    if unit.now - endpoint.failing_since >= LONG:
        _switch_off(unit, endpoint, FAILED)


def _end(unit: Unit, row: Delivery) -> None:
    row.ended_at = unit.now
    row.body = None
    if row.erasure:
        unit.enqueue(ACKNOWLEDGED, Acknowledged(row.erasure), about=row.account_id)


def _switch_off(unit: Unit, endpoint: Endpoint, why: str) -> None:
    if endpoint.state == ON:
        endpoint.state = why
        unit.enqueue(OFF_MAIL, OffMail(endpoint.id), about=endpoint.account_id)
