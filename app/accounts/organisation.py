"""Name and colour of an organisation."""

from __future__ import annotations

import re

from app.accounts.models import Account
from app.core.errors import invalid
from app.core.unit import Unit

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


async def change(unit: Unit, account_id: str, *, name: str, colour: str) -> Account:
    """Set both; an empty colour is the platform's own. Raises with a message for each that does not fit."""
    name = " ".join(name.split())
    wrong = {}
    if not 1 <= len(name) <= 120:
        wrong["name"] = "Say a name of at most 120 characters."
    if colour and not _COLOUR.fullmatch(colour):
        wrong["colour"] = "Use a colour of the form #3457d5."
    if wrong:
        raise invalid(wrong)
    row = await unit.session.get_one(Account, account_id)
    row.name, row.colour = name, colour
    return row
