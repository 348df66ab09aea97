"""When a delivery that failed is tried again: the schedule of Standard Webhooks over three days, with jitter."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

HOUR = 3600
DELAYS = (5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds after the first, second, … failure."""
LONGEST = 24 * HOUR
"""Most that a receiver's Retry-After can ask for."""


def next_try(failures: int, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long to wait after the ``failures``-th failure; None when that was the last try."""
    if failures > len(DELAYS):
        return None
    ours = DELAYS[failures - 1] * random.uniform(0.9, 1.2)
    return timedelta(seconds=max(ours, min(_retry_after(headers, now), LONGEST)))


def _retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds that the receiver asks for (RFC 9110 section 10.2.3), 0 without a wish."""
    wish = headers.get("retry-after", "").strip()
    if wish.isascii() and wish.isdigit():
        return float(wish[:9])
    try:
        at = parsedate_to_datetime(wish)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
