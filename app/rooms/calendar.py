"""The webinar as an iCalendar file (RFC 5545), with a stable UID so that a changed date replaces the old entry."""

from __future__ import annotations

from datetime import datetime

from icalendar import Calendar, Event

from app.core.i18n import zone
from app.rooms.models import Webinar


def event(row: Webinar, origin: str, now: datetime, *, link: str = "", cancelled: bool = False) -> bytes:
    """The file. ``link``: a participant's own way in; ``cancelled``: for this reader it does not take place."""
    cancelled = cancelled or row.publication == "cancelled"
    local = zone(row.zone)
    entry = Event()
    entry.add("uid", f"{row.id}@lectern")
    entry.add("dtstamp", now)
    entry.add("sequence", row.entity_seq)
    entry.add("dtstart", row.starts_at.astimezone(local))
    entry.add("dtend", row.ends_at.astimezone(local))
    entry.add("summary", row.title)
    entry.add("url", link or f"{origin}/w/{row.slug}/room")
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    file = Calendar()
    file.add("prodid", "-//Lectern//EN")
    file.add("version", "2.0")
    file.add("method", "CANCEL" if cancelled else "PUBLISH")
    file.add_component(entry)
    file.add_missing_timezones()
    return bytes(file.to_ical())
