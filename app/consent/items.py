"""Consent items: what a participant may agree to, each with a purpose of its own, in the words of the organiser per language.

Three kinds: the words alone, words with a link, words with a text that opens in a dialog. Boxes are never ticked beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import ConsentItem, ConsentSetup, ConsentText
from app.consent.notices import hashed, wordings
from app.core.errors import Problem, invalid, not_found
from app.core.i18n import languages, translate, words
from app.core.ids import new_id
from app.core.unit import Unit

KINDS = ("text", "link", "dialog")
PURPOSES = ("terms", "marketing", "partner", "recording", "special", "other")
AGE, RECORDING = "age", "recording"
"""What stands in place of an item's id for the two questions of the set-up."""
LABEL_MAX, DIALOG_MAX, ITEMS_MAX = 1000, 20_000, 20
YOUNGEST, OLDEST = 13, 18
AGE_QUESTION = words("Are you {age} years or older?")
RECORDING_QUESTION = words("This webinar is recorded. I agree that what I write, say or show in it is part of the recording.")


class Words(msgspec.Struct, frozen=True):
    """An item's words in one language."""

    label: str
    url: str = ""
    dialog: str = ""

    @property
    def whole(self) -> str:
        """The exact text a hash is made of."""
        return "\n".join(part for part in (self.label, self.url, self.dialog) if part)


class ItemDetails(msgspec.Struct, frozen=True):
    """What an organiser sets of an item."""

    kind: str
    purpose: str
    required: bool
    words: dict[str, Words]


class Setup(msgspec.Struct, frozen=True):
    """What a webinar asks before anything else."""

    age_min: int | None = None
    ask_recording: bool = False


class ShownItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a form shows it."""

    id: str
    kind: str
    purpose: str
    required: bool
    lang: str
    label: str
    url: str
    dialog: str
    text_hash: str

    @property
    def field(self) -> str:
        """Name of its box in a form."""
        return f"consent_{self.id}"


class Choices(msgspec.Struct, frozen=True):
    """What somebody answered."""

    shown: tuple[ShownItem, ...] = ()
    given: frozenset[str] = frozenset()
    age_min: int | None = None


def age_text(age: int, lang: str) -> str:
    """The question about age in the reader's language, as it is shown and hashed."""
    return translate(lang, AGE_QUESTION, {"age": age})


def recording_text(lang: str) -> str:
    """The question about being recorded in the reader's language, as it is shown and hashed."""
    return translate(lang, RECORDING_QUESTION)


async def setup(session: AsyncSession, webinar_id: str) -> Setup:
    """Age gate and recording question of a webinar."""
    row = await session.get(ConsentSetup, webinar_id)
    return Setup(row.age_min, row.ask_recording) if row else Setup()


async def save_setup(unit: Unit, webinar_id: str, wanted: Setup) -> None:
    """Set age gate and recording question."""
    if wanted.age_min is not None and not YOUNGEST <= wanted.age_min <= OLDEST:
        raise invalid({"age_min": "Choose an age from 13 to 18."})
    row = await unit.session.get(ConsentSetup, webinar_id)
    if row is None:
        row = ConsentSetup(webinar_id=webinar_id)
        unit.session.add(row)
    row.age_min, row.ask_recording = wanted.age_min, wanted.ask_recording
    for lang in languages():
        if wanted.age_min is not None:
            await _keep_text(unit, webinar_id, webinar_id, lang, age_text(wanted.age_min, lang))
        if wanted.ask_recording:
            await _keep_text(unit, webinar_id, webinar_id, lang, recording_text(lang))


async def of_webinar(session: AsyncSession, webinar_id: str) -> list[ConsentItem]:
    """All items that are asked, in their order."""
    query = select(ConsentItem).where(ConsentItem.webinar_id == webinar_id, ConsentItem.active).order_by(ConsentItem.position)
    return list((await session.execute(query)).scalars())


async def one_of(session: AsyncSession, webinar_id: str, item_id: str) -> ConsentItem:
    """An item of this webinar, also one no longer asked. Raises 404."""
    row = await session.get(ConsentItem, item_id)
    if row is None or row.webinar_id != webinar_id:
        raise not_found()
    return row


async def shown(session: AsyncSession, webinar_id: str, lang: str) -> list[ShownItem]:
    """The items as the form shows them to a reader of ``lang``."""
    return [shown_item(row, lang) for row in await of_webinar(session, webinar_id)]


def shown_item(row: ConsentItem, lang: str) -> ShownItem:
    """One item in ``lang``, or in the first language it has words in."""
    lang = lang if lang in row.texts else ("en" if "en" in row.texts else next(iter(row.texts)))
    said = msgspec.convert(row.texts[lang], Words)
    return ShownItem(
        id=row.id,
        kind=row.kind,
        purpose=row.purpose,
        required=row.required,
        lang=lang,
        label=said.label,
        url=said.url,
        dialog=said.dialog,
        text_hash=hashed(said.whole),
    )


async def save(unit: Unit, webinar_id: str, details: ItemDetails, item_id: str = "") -> ConsentItem:
    """Make an item or change it. Every text it ever had is kept, so that old records can still be read."""
    _check(details)
    if item_id:
        row = await one_of(unit.session, webinar_id, item_id)
    else:
        row = await _fresh(unit, webinar_id)
    row.kind, row.purpose, row.required = details.kind, details.purpose, details.required
    row.texts = {lang: msgspec.to_builtins(said) for lang, said in details.words.items()}
    await unit.session.flush()
    for lang, said in details.words.items():
        await _keep_text(unit, webinar_id, row.id, lang, said.whole)
    return row


async def move(unit: Unit, webinar_id: str, item_id: str, by: int) -> None:
    """Move an item up (-1) or down (1)."""
    rows = await of_webinar(unit.session, webinar_id)
    at = next((i for i, row in enumerate(rows) if row.id == item_id), None)
    if at is None:
        raise not_found()
    rows.insert(max(0, min(len(rows) - 1, at + by)), rows.pop(at))
    for position, row in enumerate(rows):
        row.position = position


async def drop(unit: Unit, webinar_id: str, item_id: str) -> None:
    """Ask no more. The records of it stay, and can still be withdrawn."""
    (await one_of(unit.session, webinar_id, item_id)).active = False


def warnings(row: ConsentItem) -> list[str]:
    """What an organiser should think about once more."""
    found = []
    if row.required and row.purpose in ("marketing", "partner"):
        found.append(
            words(
                "Consent to this is not free when it is the price of a seat (Art. 7(4) GDPR), so it may not count. Make it optional."
            )
        )
    if row.required and row.purpose == "other":
        found.append(words("Ask only for what the webinar cannot do without. If it can, make this optional."))
    return found


def read_choices(asked: Sequence[ShownItem], wanted: Setup, values: Mapping[str, str]) -> Choices:
    """The answers of a form. Raises with a message at each field when a required one is missing or somebody is too young."""
    wrong = {
        item.field: "You need to agree to this to take part." for item in asked if item.required and not values.get(item.field)
    }
    age = values.get("age_ok", "")
    if wanted.age_min is not None and age == "no":
        raise Problem(
            "age.too_young",
            "This webinar is for people of {age} years and older. Nothing you typed was stored.",
            status=403,
            params={"age": wanted.age_min},
        )
    if wanted.age_min is not None and age != "yes":
        wrong["age_ok"] = "Say whether you are old enough."
    if wrong:
        raise invalid(wrong)
    return Choices(tuple(asked), frozenset(item.id for item in asked if values.get(item.field)), wanted.age_min)


def fields(asked: Sequence[ShownItem], wanted: Setup) -> set[str]:
    """Names of the boxes, for a form that refuses unknown fields."""
    return {item.field for item in asked} | ({"age_ok"} if wanted.age_min is not None else set())


def _check(details: ItemDetails) -> None:
    wrong: dict[str, str] = {}
    if details.kind not in KINDS:
        wrong["kind"] = "Choose a kind."
    if details.purpose not in PURPOSES:
        wrong["purpose"] = "Choose what it is for."
    if not details.words:
        wrong["label_en"] = "Write the words people agree to, in one language at least."
    for lang, said in details.words.items():
        if lang not in wordings():
            wrong["lang"] = "Choose a language from the list."
        if not 3 <= len(said.label) <= LABEL_MAX:
            wrong[f"label_{lang}"] = "Write the words people agree to, in 3 to 1000 characters."
        if details.kind == "link" and not _address(said.url):
            wrong[f"url_{lang}"] = "Give an address that begins with https:// or /."
        if details.kind == "dialog" and not 1 <= len(said.dialog) <= DIALOG_MAX:
            wrong[f"dialog_{lang}"] = "Write the text that opens, in at most 20000 characters."
    if wrong:
        raise invalid(wrong)


def _address(url: str) -> bool:
    if len(url) > 500 or not url.isprintable() or any(c in url for c in ' "<>\\'):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.username is None


async def _fresh(unit: Unit, webinar_id: str) -> ConsentItem:
    rows = await of_webinar(unit.session, webinar_id)
    if len(rows) >= ITEMS_MAX:
        raise Problem("consent.many", "A form has room for {max} consents.", status=409, params={"max": ITEMS_MAX})
    position = rows[-1].position + 1 if rows else 0
    row = ConsentItem(id=new_id(), webinar_id=webinar_id, position=position, active=True, texts={}, made_at=unit.now)
    unit.session.add(row)
    return row


async def _keep_text(unit: Unit, webinar_id: str, item_id: str, lang: str, text: str) -> None:
    """Words that are shown; those of age and recording belong to the webinar itself."""
    digest = hashed(text)
    query = select(ConsentText.id).where(ConsentText.item_id == item_id, ConsentText.hash == digest)
    if (await unit.session.execute(query)).first() is None:
        unit.session.add(
            ConsentText(id=new_id(), webinar_id=webinar_id, item_id=item_id, lang=lang, text=text, hash=digest, since=unit.now)
        )
        await unit.session.flush()
