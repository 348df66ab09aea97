"""The one exception that verbs raise. Edges translate it: a page, a problem document (RFC 9457) or a socket error."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):
    """Something a person did cannot be done; says so in a way they can act on.

    ``code`` is stable and for programs (``chat.closed``). ``text`` is English and a catalogue key; ``params`` fill its
    ``{names}`` after translation. ``fields`` maps a form field to its own message. ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        status: int = 400,
        params: Mapping[str, object] | None = None,
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.params = dict(params or {})
        self.fields = dict(fields or {})
        self.retry_after = retry_after


def not_found(what: str = "page") -> Problem:
    """404, the same whether the thing does not exist or belongs to somebody else."""
    texts = {
        "page": "There is no such page.",
        "webinar": "There is no webinar at this address.",
        "link": "This link is not valid any more. Ask for a new one.",
    }
    return Problem(f"{what}.unknown", texts.get(what, texts["page"]), status=404)


def forbidden(text: str = "Your role does not allow this.") -> Problem:
    """403."""
    return Problem("not.allowed", text, status=403)


def invalid(fields: Mapping[str, str], text: str = "Please check the marked fields.") -> Problem:
    """422 with a message for each field."""
    return Problem("fields.invalid", text, status=422, fields=fields)


def too_many(retry_after: float, text: str = "Too many tries. Please wait {seconds} seconds.") -> Problem:
    """429."""
    return Problem("rate.limited", text, status=429, retry_after=retry_after, params={"seconds": max(1, round(retry_after))})
