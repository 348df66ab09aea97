"""The demo's webinar with registration: a form worth looking at, and people who filled it in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from app.consent.items import ShownItem
from app.core.jobs import Job
from app.core.unit import Unit
from app.demo import consents
from app.privacy.vault import Vault
from app.registration import answers, fields, policy, signup
from app.registration.form import Choice, Field, Policy, load
from app.registration.jobs import MAIL
from app.rooms.models import Webinar

FIRST = ("Ada", "Benoît", "Chioma", "Daan", "Eleni", "Farid", "Greta", "Hiroshi", "Inês", "Jonas", "Katarzyna", "Liam")
LAST = ("Lindqvist", "Lefèvre", "Okafor", "de Vries", "Papadaki", "Haddad", "Nowak", "Tanaka", "Sousa")
FORM = (
    Field(
        identifier="garden",
        kind="choice",
        labels={"en": "Where do you grow?"},
        purpose="to choose examples",
        need="required",
        choices=(
            Choice("balcony", {"en": "Balcony or window"}),
            Choice("garden", {"en": "Garden"}),
            Choice("field", {"en": "Field or allotment"}),
            Choice("nowhere", {"en": "Nowhere yet"}),
        ),
    ),
    Field(
        identifier="size",
        kind="number",
        labels={"en": "How large is it, in square metres?"},
        purpose="to choose examples",
        low="1",
        high="100000",
        when_field="garden",
        when_values=("garden", "field"),
        retention_days=7,
    ),
    Field(identifier="swap", kind="boolean", labels={"en": "I bring seeds to swap"}, purpose="to plan the exchange"),
    Field(
        identifier="wishes",
        kind="text",
        labels={"en": "What would you like to hear about?"},
        helps={"en": "A line or two is enough."},
        purpose="to prepare the webinar",
        high="600",
        seen_by="crew",
    ),
)
WISHES = ("Tomatoes that keep their taste.", "How to dry beans.", "", "Which seeds travel by post?", "", "Old lettuce sorts.")
PLOTS = ("garden", "balcony", "field", "garden", "nowhere", "balcony", "garden")


async def fill(unit: Unit, vault: Vault, webinar: Webinar, people: int = 64) -> None:
    """Policy, questions and ``people`` registrants in every state."""
    wanted = Policy(mode="approval", ask_name="required", ask_email="required", capacity=60, attendance=True)
    await policy.save(unit, webinar, wanted)
    await fields.save(unit, webinar.id, FORM)
    asked = await consents.fill(unit, webinar)
    now, person = unit.now, ""
    for number in range(people):
        unit.now = now - timedelta(hours=3 * (people - number))
        person = await _one(unit, vault, webinar, number, asked)
    unit.now = now
    await consents.ask(unit, vault, webinar, person)
    # Their mails were read long ago.
    await unit.session.execute(delete(Job).where(Job.kind == MAIL, Job.about == webinar.id))


async def _one(unit: Unit, vault: Vault, webinar: Webinar, number: int, asked: list[ShownItem]) -> str:
    first, last = FIRST[number % len(FIRST)], LAST[(number * 5) % len(LAST)]
    plan = await load(unit.session, webinar.id)
    plot = PLOTS[number % len(PLOTS)]
    raw = {
        "name": [f"{first} {last}"],
        "email": [f"{first}.{last}.{number}@demo.example".lower().replace(" ", "")],
        "q_garden": [plot],
        "q_size": [str(20 + 13 * number)],
        "q_swap": ["on"] if number % 3 else [],
        "q_wishes": [WISHES[number % len(WISHES)]],
    }
    found = answers.read(plan, raw, answers.Context(now=unit.now, lang="en"))
    who = signup.Newcomer(source="form", lang="en", zone="Europe/Brussels", mails=False)
    done = await signup.register(unit, vault, webinar, plan, found, who, consents.chosen(asked, number))
    if done.row is None:
        return ""
    if number % 9:
        await signup.decide(unit, webinar.id, [done.row.id], approve=number % 23 != 0)
    return done.row.id
