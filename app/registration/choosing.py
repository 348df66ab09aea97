"""Whom somebody chose in the list of registrants: those ticked, or everybody the search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.core.errors import Problem
from app.core.ids import is_id
from app.core.unit import Work
from app.registration import registrants, signup
from app.registration.directory import Directory
from app.registration.registrants import Query

CONTROLS = {"action", "pick", "all", "q", "state"}
"""What the list sends."""
MOST = 100_000


async def chosen(work: Work, directory: Directory, webinar_id: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids of registrants of this webinar; ids of others are dropped. Raises when nobody is left."""
    async with work.read() as session:
        if last(values, "all") == "on":
            state = last(values, "state")
            query = Query(text=last(values, "q")[:200], states=(state,) if state in signup.STATES else ())
            found = (await registrants.all_of(session, directory, webinar_id, query))[:MOST]
        else:
            found = await registrants.known(session, webinar_id, [one for one in values.get("pick", ()) if is_id(one)])
    if not found:
        raise Problem("registrants.none", "Choose somebody first.", status=422)
    return found


def last(values: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value sent under a name."""
    found = values.get(name, ())
    return found[-1] if found else ""
