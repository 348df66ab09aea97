"""What each stored value is: ``personal(...)`` or ``not_personal("why")``, written on the column itself.

The data register, the subject's export, the erasure plan, the residue scan and the log filter are all derived from these words
(see ``app/privacy``). Category names are those of Fideslang. The tests fail for a column that says nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Subject = Literal["participant", "staff", "controller"]
Basis = Literal[
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests", "organiser_declares"
]
Erase = Literal["row", "clear", "key", "expires"]

KEY = "lectern"


class Personal(msgspec.Struct, frozen=True):
    """A stored value that says something about a person."""

    category: str
    """Fideslang data category, such as ``user.contact.email``."""
    subject: Subject
    purpose: str
    """Why it is kept, in plain words (Art. 30(1)(b) GDPR)."""
    basis: Basis
    retention: str
    """How long, in plain words; ``webinar`` means until the webinar's retention ends."""
    sealed: bool = False
    """Stored as AES-256-GCM ciphertext under a key of the webinar or participant."""
    erase: Erase = "row"
    """How it goes: with its row, by clearing the column, by destroying its key, or by itself."""
    export: bool = True
    """Part of the subject's own export (Art. 15)."""


class NotPersonal(msgspec.Struct, frozen=True):
    """A stored value that says nothing about a person, and why."""

    why: str


def personal(
    category: str,
    *,
    subject: Subject,
    purpose: str,
    basis: Basis = "organiser_declares",
    retention: str = "webinar",
    sealed: bool = False,
    erase: Erase = "row",
    export: bool = True,
) -> dict[str, Personal]:
    """The ``info`` of a column that holds personal data."""
    return {KEY: Personal(category, subject, purpose, basis, retention, sealed, erase, export)}


def not_personal(why: str) -> dict[str, NotPersonal]:
    """The ``info`` of a column that holds none; ``why`` is for the reader of the register."""
    return {KEY: NotPersonal(why)}
