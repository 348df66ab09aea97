"""Every text that the public can send is filled with a canary; where one is stored, the column says that it is personal.

The addresses come from the URL map, the inputs from the pages, the commands from the table of commands: what is added later is filled
too. Sealing is switched off, so that the look sees what would be sealed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import select
from starlette.routing import Route

from app.core.db import Base
from app.core.declare import Personal
from app.core.permissions import Role, permissions_of
from app.privacy.scope import said
from app.privacy.vault import Box
from app.registration import fields, policy
from app.registration.form import Field, Policy
from app.rooms.models import Webinar
from app.routes import url_map
from tests.support.product import Product

NOT_PUBLIC = (
    "/admin",
    "/static",
    "/api",
    "/healthz",
    "/readyz",
    "/.well-known",
    "/sign-out",
    "/styleguide",
    "/whip",
    "/whep",
    "/hls",
)
QUESTIONS = tuple(
    Field(identifier=kind, kind=kind, labels={"en": kind}, purpose="to see what is stored") for kind in ("line", "text", "url")
)


class Forms(HTMLParser):
    """The forms of a page: action, and its controls as (name, type, value)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str, str]]]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method", "get").lower() == "post"
            if self._open:
                self.found.append((given.get("action", ""), []))
        elif self._open and tag in ("input", "textarea") and given.get("name"):
            kind = given.get("type", "text") if tag == "input" else "textarea"
            self.found[-1][1].append((given["name"], kind, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


class Canaries:
    """A new one for each input, and which input it was for."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def make(self, where: str) -> str:
        canary = f"canary{secrets.token_hex(10)}"
        self.of[canary] = where
        return canary

    def fill(self, path: str, controls: list[tuple[str, str, str]]) -> dict[str, str]:
        """Values of a form: a canary in whatever takes text, the page's own value in the rest."""
        values = {}
        for name, kind, value in controls:
            where = f"{path} {name}"
            if kind in ("text", "textarea", "search", "tel", "password"):
                values[name] = self.make(where)
            elif kind == "email":
                values[name] = f"{self.make(where)}@example.org"
            elif kind == "url":
                values[name] = f"https://example.org/{self.make(where)}"
            elif kind in ("hidden", "radio", "checkbox", "number", "date", "time"):
                values.setdefault(name, value or ("on" if kind == "checkbox" else ""))
        return values


def addresses(product: Product, given: dict[str, str]) -> Iterator[str]:
    """Every address of the public surface that can be opened with what is ``given``."""
    for route in url_map(product.parts):
        if not isinstance(route, Route) or route.path.startswith(NOT_PUBLIC):
            continue
        try:
            yield route.path.format(**given)
        except KeyError:
            continue


async def fill_pages(product: Product, client: httpx2.AsyncClient, paths: Iterator[str], canaries: Canaries) -> list[str]:
    """Open pages, fill their forms, send them; the names of the forms."""
    sent: list[str] = []
    for path in paths:
        page = await client.get(path)
        if page.status_code != 200 or "html" not in page.headers.get("content-type", ""):
            continue
        forms = Forms()
        forms.feed(page.text)
        for action, controls in forms.found:
            target = action or path
            await client.post(target, data=canaries.fill(target, controls), headers={"origin": product.url})
            sent.append(target)
    return sent


async def fill_commands(product: Product, webinar: Webinar, canaries: Canaries) -> list[str]:
    """Send every command that a participant may, a canary in each field that takes text; their names."""
    allowed = permissions_of(Role.PARTICIPANT)
    sent: list[str] = []
    for struct, command in product.parts.table._by_struct.items():
        if command.needs not in allowed:
            continue
        tag = str(struct.__struct_config__.tag)
        # All that takes text; and, as that may be refused for one odd choice, what must be given and what people write.
        for lean in (False, True):
            order = {"id": 1, "type": tag, **filled(struct, tag, canaries, lean=lean)}
            # A new person each time: nobody may send so much at once.
            async with product.join(webinar.id) as guest:
                await guest.socket.send(json.dumps(order))
                while not any(frame["type"] in ("ok", "error") for frame in guest.frames):
                    await guest.read()
        sent.append(tag)
    return sent


def filled(struct: type[msgspec.Struct], tag: str, canaries: Canaries, *, lean: bool) -> dict[str, Any]:
    """Fields of a command."""
    order: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if field.name == "id" or (lean and not field.required and field.name not in ("text", "name", "ref")):
            continue
        if "str" in str(field.type) and "list" not in str(field.type):
            order[field.name] = canaries.make(f"{tag} {field.name}")
        elif field.required:
            order[field.name] = {bool: True, int: 1}.get(field.type, [])
    return order


async def stored(product: Product, canaries: Canaries) -> dict[str, set[str]]:
    """Column → inputs whose canary is in it."""
    found: dict[str, set[str]] = {}
    async with product.work.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in (await session.execute(select(table))).mappings():
                for column, value in row.items():
                    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    for canary, where in canaries.of.items():
                        if canary in text or canary in text.lower():
                            found.setdefault(f"{table.name}.{column}", set()).add(where)
    return found


def undeclared(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Those columns that do not say they are personal."""
    tables = Base.metadata.tables
    columns = {name: tables[name.split(".")[0]].c[name.split(".")[1]] for name in found}
    return {name: found[name] for name, column in columns.items() if not isinstance(said(column), Personal)}


@pytest.fixture
def open_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing off: what would be ciphertext is seen."""
    monkeypatch.setattr(Box, "seal", lambda _box, value, _aad: value if isinstance(value, bytes) else value.encode())
    monkeypatch.setattr(Box, "open", lambda _box, blob, _aad: blob)


@pytest.mark.usefixtures("open_seals")
async def test_whatever_the_public_sends_is_stored_in_personal_columns_only(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    free, form = await product.webinar(account), await product.webinar(account, title="With a form")
    async with product.work.unit() as unit:
        row = await unit.session.get_one(Webinar, form.id)
        await policy.save(unit, row, Policy(mode="open", ask_name="required", ask_email="required", confirm_email=False))
        await fields.save(unit, row.id, QUESTIONS)
        (await unit.session.get_one(Webinar, free.id)).broadcast = "live"
    canaries = Canaries()
    async with product.client() as visitor:
        pages = await fill_pages(product, visitor, addresses(product, {"slug": form.slug}), canaries)
        person = new_person = await last_registrant(product)
        mine = product.parts.my_data.path(form.id, person)
        pages += await fill_pages(product, visitor, iter([mine]), canaries)
    commands = await fill_commands(product, free, canaries)
    found = await stored(product, canaries)
    assert new_person
    assert undeclared(found) == {}
    # The proof is not empty: forms and commands were there, and what they took was seen where it belongs.
    assert {f"/w/{form.slug}", "/sign-in"} <= set(pages)
    assert {"chat.say", "question.ask"} <= set(commands)
    assert {"registrant.name", "registrant.email", "answer.value", "message.text", "question.text"} <= set(found)


async def last_registrant(product: Product) -> str:
    """Whoever filled the form."""
    from app.registration.models import Registrant

    async with product.work.read() as session:
        return (await session.execute(select(Registrant.id))).scalars().first() or ""


@pytest.mark.usefixtures("open_seals")
async def test_a_text_in_a_column_that_says_it_is_not_personal_is_noticed(product: Product) -> None:
    """Negative control."""
    canaries = Canaries()
    webinar = await product.webinar(await product.account(), summary=canaries.make("the summary"))
    async with product.join(webinar.id) as guest:
        await guest.ask("chat.say", text=canaries.make("chat.say text"), name="")
    found = await stored(product, canaries)
    assert undeclared(found) == {"webinar.summary": {"the summary"}}
    assert "message.text" in found
