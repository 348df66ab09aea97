"""The events that webhooks tell of. Each is about something that was committed; what it carries are ids."""

from __future__ import annotations

EVENTS: dict[str, str] = {
    "registration.created": "Somebody registered.",
    "registration.updated": "A registrant changed answers, or somebody changed them for the registrant.",
    "registration.approved": "A registrant was approved.",
    "registration.cancelled": "A registration was cancelled.",
    "consent.given": "A consent was given.",
    "consent.withdrawn": "A consent was withdrawn.",
    "webinar.scheduled": "A webinar was published, or its time changed while it was published.",
    "webinar.live": "A webinar went live.",
    "webinar.ended": "A webinar ended.",
    "question.asked": "A question was asked.",
    "question.answered": "A question was answered.",
    "poll.closed": "A poll was closed.",
    "participant.attended": "A registrant was in the room.",
    "recording.available": "A recording can be watched.",
    "participant.erased": "A participant was erased; delete your copy.",
    "participant.rectified": "A participant's data was corrected; correct your copy.",
    "participant.restricted": "A participant's data is restricted or free again, or they object to its use or do not any more; hold your copy likewise.",
    "webinar.purged": "Everything of a webinar's participants, or the webinar, was erased; delete your copies.",
    "account.breach": "The operator reports a breach of personal data.",
}
"""Kind → meaning, as docs/webhooks.md has them."""

ALWAYS = frozenset({"participant.erased", "participant.rectified", "participant.restricted", "webinar.purged"})
"""Told to every endpoint that ever received the person, whatever it chose (Art. 19 GDPR)."""
