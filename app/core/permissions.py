"""Who may do what: one enumeration and one table of roles, for pages, API and sockets alike."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Roles of staff in an account, and of the audience in a room."""

    OWNER = "owner"
    ADMIN = "admin"
    REGISTRATION_MANAGER = "registration_manager"
    MODERATOR = "moderator"
    PRESENTER = "presenter"
    INTERPRETER = "interpreter"
    AUDITOR = "auditor"
    PARTICIPANT = "participant"


class Permission(StrEnum):
    """One thing somebody may do. Values are stable: they are sent to browsers and written in API keys."""

    ACCOUNT_MANAGE = "account.manage"
    ACCOUNT_ERASE = "account.erase"
    TEAM_MANAGE = "team.manage"
    WEBINAR_SEE = "webinar.see"
    WEBINAR_EDIT = "webinar.edit"
    WEBINAR_ERASE = "webinar.erase"
    BROADCAST_CONTROL = "broadcast.control"
    STAGE_PUBLISH = "stage.publish"
    STAGE_CONTROL = "stage.control"
    STAGE_INTERPRET = "stage.interpret"
    CREW_SEE = "crew.see"
    CREW_CHAT = "crew.chat"
    CHAT_READ = "chat.read"
    CHAT_SAY = "chat.say"
    CHAT_MODERATE = "chat.moderate"
    QUESTIONS_READ = "questions.read"
    QUESTIONS_ASK = "questions.ask"
    QUESTIONS_VOTE = "questions.vote"
    QUESTIONS_MODERATE = "questions.moderate"
    POLLS_VOTE = "polls.vote"
    POLLS_MANAGE = "polls.manage"
    REACT = "reactions.send"
    HAND_RAISE = "hands.raise"
    PEOPLE_MODERATE = "people.moderate"
    ROOM_SETTINGS = "room.settings"
    REGISTRANTS_SEE = "registrants.see"
    REGISTRANTS_MANAGE = "registrants.manage"
    REGISTRANTS_EXPORT = "registrants.export"
    PARTICIPANTS_ERASE = "participants.erase"
    CONSENT_MANAGE = "consent.manage"
    REGISTER_SEE = "register.see"
    AUDIT_SEE = "audit.see"
    STATISTICS_SEE = "statistics.see"
    WEBHOOKS_MANAGE = "webhooks.manage"
    API_KEYS_MANAGE = "api_keys.manage"


P = Permission

_AUDIENCE = {P.CHAT_READ, P.CHAT_SAY, P.QUESTIONS_READ, P.QUESTIONS_ASK, P.QUESTIONS_VOTE, P.POLLS_VOTE, P.REACT, P.HAND_RAISE}
_CREW = _AUDIENCE | {P.WEBINAR_SEE, P.CREW_SEE, P.CREW_CHAT}
_MODERATE = {P.CHAT_MODERATE, P.QUESTIONS_MODERATE, P.POLLS_MANAGE, P.PEOPLE_MODERATE, P.ROOM_SETTINGS}
_REGISTRANTS = {P.REGISTRANTS_SEE, P.REGISTRANTS_MANAGE, P.REGISTRANTS_EXPORT, P.PARTICIPANTS_ERASE, P.CONSENT_MANAGE}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission) - {P.STAGE_INTERPRET},
    Role.ADMIN: frozenset(Permission) - {P.STAGE_INTERPRET, P.ACCOUNT_ERASE},
    Role.REGISTRATION_MANAGER: frozenset({P.WEBINAR_SEE, P.STATISTICS_SEE, P.REGISTER_SEE} | _REGISTRANTS),
    Role.MODERATOR: frozenset(_CREW | _MODERATE | {P.BROADCAST_CONTROL, P.STAGE_CONTROL, P.STAGE_PUBLISH, P.STATISTICS_SEE}),
    Role.PRESENTER: frozenset(_CREW | {P.STAGE_PUBLISH, P.BROADCAST_CONTROL}),
    Role.INTERPRETER: frozenset(_CREW | {P.STAGE_INTERPRET}),
    Role.AUDITOR: frozenset({P.REGISTER_SEE, P.AUDIT_SEE}),
    Role.PARTICIPANT: frozenset(_AUDIENCE),
}


def permissions_of(role: Role) -> frozenset[Permission]:
    """All that ``role`` may do."""
    return ROLES[role]
