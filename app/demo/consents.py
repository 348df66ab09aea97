"""The demo's notice, its two consents, and a question somebody asked about their data."""

from __future__ import annotations

from datetime import timedelta

from app.consent import items, notices, requests
from app.consent.items import Choices, ItemDetails, ShownItem, Words
from app.core.unit import Unit
from app.privacy.vault import Vault
from app.rooms.models import Webinar

CONTROLLER = "Meadow Institute, 1 Field Lane, 9000 Ghent, Belgium\nhello@meadow.example"
NOBODY = {"en": "We have none; write to the address above.", "nl": "Die hebben we niet; schrijf naar het adres hierboven."}
RULES = """\
Be kind to one another.

Swap only seeds you grew yourself or bought for swapping, and say what they are.

Send nothing that may not travel: some plants are protected."""
ITEMS = (
    ItemDetails(
        "dialog",
        "terms",
        True,
        {
            "en": Words("I keep to the rules of the seed swap.", dialog=RULES),
            "nl": Words("Ik houd me aan de regels van de zadenruil.", dialog=RULES),
        },
    ),
    ItemDetails(
        "text",
        "marketing",
        False,
        {
            "en": Words("Yes, tell me by mail about the next webinars of the Meadow Institute, about once a month."),
            "nl": Words("Ja, mail mij over de volgende webinars van het Meadow Institute, zo'n keer per maand."),
        },
    ),
)


async def fill(unit: Unit, webinar: Webinar) -> list[ShownItem]:
    """Notices in two languages and what the form asks people to agree to."""
    for lang, none in NOBODY.items():
        slots = notices.starting(lang, webinar.retention_days) | {"controller": CONTROLLER, "dpo": none}
        await notices.publish(unit, webinar.id, lang, slots, stores=True)
    for details in ITEMS:
        await items.save(unit, webinar.id, details)
    return await items.shown(unit.session, webinar.id, "en")


def chosen(asked: list[ShownItem], number: int) -> Choices:
    """Everybody keeps to the rules, every second one wants news."""
    return Choices(tuple(asked), frozenset(item.id for item in asked if item.required or number % 2))


async def ask(unit: Unit, vault: Vault, webinar: Webinar, person: str) -> None:
    """A question that is waiting for an answer since three weeks."""
    now, unit.now = unit.now, unit.now - timedelta(days=24)
    await requests.ask(unit, vault, webinar.id, person, "question", "Who sees what I wrote about my garden?")
    unit.now = now
