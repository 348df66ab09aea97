"""The data register as people read it: by whom it is about, under headings in plain words, with the program's names as a detail."""

from __future__ import annotations

import msgspec

from app.core.i18n import translate, words
from app.privacy.map import Entry
from app.privacy.register import Register

GROUPS = (
    ("room", words("People in the room")),
    ("registrants", words("Registrants")),
    ("team", words("Your team")),
    ("other", words("On the way, and in passing")),
)
PLACES = {
    "message": words("Chat messages"),
    "message_reaction": words("Reactions to messages"),
    "question": words("Questions"),
    "question_vote": words("Votes for questions"),
    "ballot": words("Answers to polls with names"),
    "poll_text": words("Written answers to polls"),
    "voter_token": words("Who has voted in an open anonymous poll"),
    "hand": words("Raised hands"),
    "restriction": words("Mutes and bans"),
    "decision": words("Decisions of moderators"),
    "presenter": words("Presenters"),
    "poll": words("Who made a poll"),
    "registrant": words("Registrations"),
    "answer": words("Answers to your questions"),
    "invitee": words("Invitations to register"),
    "mail_sent": words("Mails that were sent"),
    "consent_event": words("Consents"),
    "disclosure": words("Who received somebody’s data"),
    "person_mark": words("Restrictions and objections"),
    "subject_request": words("Requests of participants"),
    "staff": words("Members"),
    "invitation": words("Invitations to the team"),
    "audit_entry": words("Audit log"),
    "operator_access": words("When the operator looked"),
    "api_key": words("API keys"),
    "api_replay": words("Answers of the API kept for retries"),
    "erasure": words("Erasures under way"),
    "happening": words("Events on their way to webhooks"),
    "webhook_delivery": words("Deliveries to webhooks"),
    "webhook_attempt": words("Tries of deliveries"),
    "webhook_told": words("Which webhook received whom"),
    "broker messages": words("Changes on their way between processes"),
    "sign-in throttle": words("Brake on guessing passwords"),
    "sign-up throttle": words("Brake on sign-ups"),
    "mailbox of the demo": words("Mailbox of the demo"),
    "registrants opened for search": words("Registrants while somebody searches"),
    "chat that is not stored": words("Chat that is not stored"),
    "sealed files": words("Recordings and handouts"),
    "sealed exports": words("Export files"),
    "live picture": words("Live picture and sound"),
    "browser storage": words("In the visitor’s browser"),
}
REGISTRANTS = frozenset(
    {"registrant", "answer", "invitee", "mail_sent", "consent_event", "disclosure", "person_mark", "subject_request"}
)
PASSING = frozenset({"api_replay", "erasure", "happening", "webhook_delivery", "webhook_attempt", "webhook_told"})
_ORDER = {name: place for place, name in enumerate(PLACES)}
RETENTION = {"webinar": words("With the webinar’s data"), "account": words("As long as the account")}


class Place(msgspec.Struct, frozen=True):
    """One place where something is stored."""

    heading: str
    name: str
    entries: list[Entry]
    sealed: bool


class Group(msgspec.Struct, frozen=True):
    """Places about the same people."""

    key: str
    heading: str
    places: list[Place]


def grouped(content: Register, lang: str) -> list[Group]:
    """The register in groups; what no heading is known for keeps its own name."""
    places: dict[tuple[str, str], list[Entry]] = {}
    for entry in content.entries:
        known = msgspec.structs.replace(entry, retention=translate(lang, RETENTION.get(entry.retention, entry.retention)))
        places.setdefault((_group_of(entry), entry.place), []).append(known)
    found = []
    for key, heading in GROUPS:
        mine = [
            Place(
                _heading(name, lang), name, entries, all(entry.sealed for entry in entries if entry.category != "user.behavior")
            )
            for (group, name), entries in places.items()
            if group == key
        ]
        if mine:
            found.append(Group(key, translate(lang, heading), mine))
    return found


def about_people(content: Register) -> Register:
    """What concerns the people of a webinar, without the account's own team."""
    entries = [entry for entry in content.entries if entry.subject == "participant"]
    return msgspec.structs.replace(content, entries=entries)


def _sealed(entries: list[Entry]) -> bool:
    """Everything that says something in words; random ids and times are not sealed, or nothing could be found and sorted."""
    words_of = [entry for entry in entries if not entry.category.startswith(("user.behavior", "user.unique_id"))]
    return bool(words_of) and all(entry.sealed for entry in words_of)


def _group_of(entry: Entry) -> str:
    if entry.kind not in ("column", "form") or entry.place in PASSING:
        return "other"
    if entry.subject != "participant":
        return "team"
    return "registrants" if entry.kind == "form" or entry.place in REGISTRANTS else "room"


def _heading(name: str, lang: str) -> str:
    if name in PLACES:
        return translate(lang, PLACES[name])
    kind, _, title = name.partition(": ")
    if kind == "form" and title:
        return translate(lang, "Form of {title}", {"title": title})
    plain = name.replace("_", " ")
    return plain[:1].upper() + plain[1:]
