"""Registration for programs: the form, and registrants with upsert by e-mail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import select

from app.consent import items, marks, records
from app.consent.items import Choices
from app.core.api import Answer, Body, Call, Content, Endpoint, Listing, cursor_of
from app.core.errors import Problem, invalid, not_found
from app.core.permissions import Permission
from app.privacy.erase.ask import By, erase_persons
from app.privacy.erase.pipeline import Pipeline
from app.privacy.vault import Vault
from app.registration import fields, policy, registrants, signup
from app.registration.answers import Raw
from app.registration.form import Field, Plan, Policy, load, may_see
from app.registration.links import Links
from app.registration.models import Registrant
from app.registration.signup import Newcomer
from app.rooms.api import ErasureStarted, own
from app.rooms.models import Webinar

Line = Annotated[str, Meta(max_length=300)]
Lang = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")]
Text = Annotated[str, Meta(max_length=5000)]
Value = Text | Annotated[list[Line], Meta(max_length=60)]
Answers = Annotated[dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Value], Meta(max_length=60)]


class FormContent(Content, frozen=True, kw_only=True):
    """Who may register, and what is asked. A file cannot be sent by the API."""

    policy: Policy
    fields: list[Field]


class FormChange(Body, frozen=True, kw_only=True):
    """The whole policy, the whole form, or both. A question that is left out goes with all its answers."""

    policy: Policy | None = None
    fields: Annotated[list[Field], Meta(max_length=60)] | None = None


class RegistrantContent(Content, frozen=True, kw_only=True):
    """A registrant with the answers this key may see; `link` leads into the room and is theirs alone."""

    person: str
    name: str
    email: str
    state: str
    source: str
    lang: str
    registered_at: datetime
    attended_at: datetime | None
    answers: dict[str, str]
    link: str


class RegistrantPage(Content, frozen=True, kw_only=True):
    """A page of registrants."""

    items: list[RegistrantContent]
    next: str | None


class RegistrantQuery(Listing, frozen=True, kw_only=True):
    """Which registrants."""

    state: Literal["", "pending", "approval", "waiting", "confirmed", "denied", "cancelled"] = ""
    email: Annotated[str, Meta(max_length=254)] = ""


class ConsentGiven(Body, frozen=True, kw_only=True):
    """A decision made in a form of yours."""

    item: Annotated[str, Meta(min_length=1, max_length=20)]
    given: bool


class RegistrantNew(Body, frozen=True, kw_only=True):
    """Somebody to register. With an address that is registered already their answers are changed instead."""

    name: Line = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    answers: Answers = msgspec.field(default_factory=dict)
    agreed: Annotated[tuple[Line, ...], Meta(max_length=60)] = ()
    """Questions about special categories whose storing they agreed to in the words of the form."""
    consents: Annotated[tuple[ConsentGiven, ...], Meta(max_length=20)] = ()
    age_ok: bool | None = None
    lang: Lang = "en"
    zone: Annotated[str, Meta(max_length=64)] = "UTC"


class RegistrantChange(Body, frozen=True, kw_only=True):
    """What to correct; what is left out stays."""

    name: Line | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    answers: Answers | None = None


class StateChange(Body, frozen=True, kw_only=True):
    """Where they go."""

    state: Literal["approved", "denied", "cancelled"]


class RegistrationApi:
    """Endpoints of registration."""

    def __init__(self, vault: Vault, pipeline: Pipeline, links: Links) -> None:
        self._vault = vault
        self._pipeline = pipeline
        self._links = links

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        see, manage = Permission.REGISTRANTS_SEE, Permission.REGISTRANTS_MANAGE
        form, many, one = (
            "/webinars/{webinar}/registration",
            "/webinars/{webinar}/registrants",
            "/webinars/{webinar}/registrants/{person}",
        )
        return [
            Endpoint(method="GET", path=form, name="readForm", summary="Registration policy and form", tag="Registration", needs=see,
                     handler=self.form, answer=FormContent),
            Endpoint(method="PUT", path=form, name="changeForm", summary="Set policy or form", tag="Registration",
                     needs=Permission.WEBINAR_EDIT, handler=self.change_form, again=self.form, current=self.form, body=FormChange,
                     answer=FormContent),
            Endpoint(method="GET", path=many, name="listRegistrants", summary="Registrants, by their ids; or the one with an address",
                     tag="Registrants", needs=see, handler=self.everybody, query=RegistrantQuery, answer=RegistrantPage),
            Endpoint(method="POST", path=many, name="upsertRegistrant", summary="Register somebody, or change who has this address",
                     tag="Registrants", needs=manage, handler=self.upsert, again=self.read, body=RegistrantNew, answer=RegistrantContent,
                     status=201, also={200: "They were registered already; what was sent is kept."}),
            Endpoint(method="GET", path=one, name="readRegistrant", summary="One registrant", tag="Registrants", needs=see,
                     handler=self.read, answer=RegistrantContent),
            Endpoint(method="GET", path=one + "/files/{identifier}", name="downloadAnswerFile", summary="A file somebody sent as an answer",
                     tag="Registrants", needs=see, handler=self.file, media_types=("application/octet-stream",)),
            Endpoint(method="PATCH", path=one, name="correctRegistrant", summary="Correct name, address or answers", tag="Registrants",
                     needs=manage, handler=self.correct, again=self.read, current=self.read, body=RegistrantChange,
                     answer=RegistrantContent),
            Endpoint(method="POST", path=one + "/state", name="moveRegistrant", summary="Approve, deny or cancel", tag="Registrants",
                     needs=manage, handler=self.move, again=self.read, current=self.read, body=StateChange, answer=RegistrantContent),
            Endpoint(method="POST", path=one + "/link", name="renewLink", summary="A new personal link; the old one stops", tag="Registrants",
                     needs=manage, handler=self.renew, again=self.read, answer=RegistrantContent),
            Endpoint(method="DELETE", path=one, name="eraseRegistrant", summary="Erase a registrant for good", tag="Registrants",
                     needs=Permission.PARTICIPANTS_ERASE, handler=self.erase, again=self.erasing, answer=ErasureStarted, status=202),
        ]  # fmt: skip

    async def form(self, call: Call[Any]) -> Answer:
        """Without a policy nobody registers, and nothing about participants is stored."""
        plan = await load(call.session, (await own(call)).id)
        shown = [field for field in plan.fields if may_see(field, call.caller.permissions)]
        return Answer(content=FormContent(policy=plan.policy, fields=shown))

    async def change_form(self, call: Call[FormChange]) -> Answer:
        """The checks are those of the form builder."""
        row = await own(call)
        _check_moments(call.body)
        if call.body.policy is not None:
            # Through the parser of the page, so that a rule stands once; it also sees to what belongs together.
            wanted = policy.read(policy.values_of(call.body.policy, "UTC"))
            exact = {"opens_at": call.body.policy.opens_at, "closes_at": call.body.policy.closes_at}
            await policy.save(call.unit, row, msgspec.structs.replace(wanted, **exact))
        if call.body.fields is not None:
            await self._keep_hidden(call, row)
            await fields.save(call.unit, row.id, call.body.fields)
        await call.session.flush()
        return await self.form(call)

    async def everybody(self, call: Call[Any]) -> Answer:
        """Restricted persons are left out."""
        row = await own(call)
        held = await marks.restricted(call.session, row.id)
        query = select(Registrant).where(Registrant.webinar_id == row.id)
        if call.query.state:
            query = query.where(Registrant.state == call.query.state)
        if call.query.email:
            index = (await self._vault.box(row.id)).blind(call.query.email, "registrant.email")
            query = query.where(Registrant.email_index == index)
        if (after := call.query.after(str)) is not None:
            query = query.where(Registrant.id > after)
        rows = (await call.session.execute(query.order_by(Registrant.id).limit(call.query.number + 1))).scalars().all()
        shown = rows[: call.query.number]
        more = cursor_of(shown[-1].id) if len(rows) > len(shown) else None
        found = await self._contents(call, row, [one for one in shown if one.id not in held])
        return Answer(content=RegistrantPage(items=found, next=more))

    async def read(self, call: Call[Any]) -> Answer:
        """As this key may see them."""
        row = await own(call)
        found = await self._contents(call, row, [await self._known(call, row)])
        return Answer(content=found[0], person=call.path["person"])

    async def file(self, call: Call[Any]) -> Answer:
        """Of a question whose answers this key may see."""
        row, person = await own(call), call.path["person"]
        seen = (await self._contents(call, row, [await self._known(call, row)]))[0].answers
        field = (await load(call.session, row.id)).field(call.path["identifier"])
        if field is None or field.kind != "file" or field.identifier not in seen:
            raise not_found()
        found = await registrants.sent_file(call.session, self._vault, row.id, person, field.id)
        return Answer(stream=_once(found.data), media_type="application/octet-stream", file_name="answer")

    async def upsert(self, call: Call[RegistrantNew]) -> Answer:
        """The program vouches for the address: nothing has to be confirmed. Consents are recorded as it says."""
        row, said = await own(call), call.body
        plan = await load(call.session, row.id)
        choices = await self._choices(call, row.id)
        who = Newcomer(source="api", lang=said.lang, zone=said.zone)
        raw = _raw(plan, said.name, said.email, said.answers, said.agreed)
        outcome, new = await registrants.upsert(call.unit, self._vault, row, raw, who, plan=plan)
        if outcome.row is None:
            raise Problem("registration.taken", "Somebody has this address already.", status=409)
        person = outcome.row.id
        if new:
            await records.record(call.unit, row.id, person, choices, lang=said.lang, method="api")
        else:
            for item in choices.shown:
                given = item.id in choices.given
                await records.decide(call.unit, row.id, person, item.id, given, lang=said.lang, method="api")
        await call.session.flush()
        call.path = {**call.path, "person": person}
        answer = await self.read(call)
        location = f"/api/v1/webinars/{row.id}/registrants/{person}"
        return Answer(content=answer.content, status=201 if new else 200, location=location, person=person)

    async def correct(self, call: Call[RegistrantChange]) -> Answer:
        """Answers this key may not see stay as they are."""
        row, person = await own(call), call.path["person"]
        before = await self.read(call)
        plan = await load(call.session, row.id)
        raw: dict[str, Any] = dict(await registrants.raw_of(call.session, self._vault, row.id, person))
        raw = {name: value for name, value in raw.items() if name in ("name", "email") or _text_field(plan, name)}
        if call.body.name is not None:
            raw["name"] = [call.body.name]
        if call.body.email is not None:
            raw["email"] = [call.body.email]
        for name, value in (call.body.answers or {}).items():
            field = plan.field(name)
            if field is None or not may_see(field, call.caller.permissions):
                raise invalid({name: "There is no such question."})
            raw[field.name] = [value] if isinstance(value, str) else list(value)
        raw |= {f"a_{field.identifier}": ["on"] for field in plan.fields if field.special and field.name in raw}
        assert before.content is not None  # noqa: S101 - read() answers with content or raises
        await registrants.correct(call.unit, self._vault, row, person, raw, staff=True)
        await call.session.flush()
        return await self.read(call)

    async def move(self, call: Call[StateChange]) -> Answer:
        """The same verbs as the list's: mails and places follow."""
        row, person = await own(call), call.path["person"]
        await self.read(call)
        if call.body.state == "cancelled":
            await signup.cancel(call.unit, row.id, person)
        else:
            await signup.decide(call.unit, row.id, [person], approve=call.body.state == "approved")
        await call.session.flush()
        return await self.read(call)

    async def renew(self, call: Call[Any]) -> Answer:
        """They get it by mail too."""
        await self.read(call)
        await registrants.renew_link(call.unit, call.path["webinar"], call.path["person"])
        await call.session.flush()
        return await self.read(call)

    async def erase(self, call: Call[Any]) -> Answer:
        """The same pipeline as everywhere."""
        row, person = await own(call), call.path["person"]
        known = await call.session.get(Registrant, person)
        if known is None or known.webinar_id != row.id:
            raise not_found()
        by = By(call.caller.account_id, call.caller.key_id, call.caller.role)
        erasure = await erase_persons(call.unit, self._pipeline, by, row.id, [person])
        return Answer(content=ErasureStarted(id=erasure, state="waiting"), location=f"/api/v1/erasures/{erasure}", thing=erasure)

    async def erasing(self, call: Call[Any]) -> Answer:
        """The erasure that the same request asked for before."""
        return Answer(content=ErasureStarted(id=call.path["thing"], state="waiting"))

    async def _known(self, call: Call[Any], row: Webinar) -> Registrant:
        """A registrant of this webinar whose data may be used. Raises 404."""
        known = await call.session.get(Registrant, call.path["person"])
        if known is None or known.webinar_id != row.id or known.id in await marks.restricted(call.session, row.id):
            raise not_found()
        if known.id not in await self._vault.boxes_of(row.id, [known.id]):
            raise not_found()
        return known

    async def _choices(self, call: Call[RegistrantNew], webinar_id: str) -> Choices:
        """Decisions about items of this webinar; required ones must be there, as on the form."""
        said = call.body
        asked = await items.shown(call.session, webinar_id, said.lang)
        setup = await items.setup(call.session, webinar_id)
        known = {item.id: item for item in asked}
        if unknown := [one.item for one in said.consents if one.item not in known]:
            raise invalid({"consents": "There is no such consent here."}, f"Unknown: {unknown[0][:20]}")
        values = {known[one.item].field: "on" for one in said.consents if one.given}
        if said.age_ok is not None:
            values["age_ok"] = "yes" if said.age_ok else "no"
        checked = items.read_choices(asked, setup, values)
        told = {one.item for one in said.consents}
        return msgspec.structs.replace(checked, shown=tuple(item for item in asked if item.id in told))

    async def _keep_hidden(self, call: Call[FormChange], row: Webinar) -> None:
        """A key that may not see a question cannot take it away either."""
        plan = await load(call.session, row.id)
        sent = {field.id for field in call.body.fields or ()}
        if any(not may_see(field, call.caller.permissions) and field.id not in sent for field in plan.fields):
            raise Problem("form.hidden", "The form has questions this key may not see, so it cannot set the form.", status=403)

    async def _contents(self, call: Call[Any], webinar: Webinar, rows: Sequence[Registrant]) -> list[RegistrantContent]:
        plan = await load(call.session, webinar.id)
        seen = {field.identifier for field in plan.fields if may_see(field, call.caller.permissions)}
        against = await marks.objected(call.session, webinar.id)
        interests = {field.identifier for field in plan.fields if field.basis == "legitimate_interests"}
        links = {row.id: self._links.enter(webinar.slug, row) for row in rows}
        found = await registrants.of_persons(call.session, self._vault, webinar.id, [row.id for row in rows])
        return [
            RegistrantContent(
                person=one.person,
                name=one.name,
                email=one.email,
                state=one.state,
                source=one.source,
                lang=one.lang,
                registered_at=one.made_at,
                attended_at=one.attended_at,
                answers={
                    name: text
                    for name, text in one.answers.items()
                    if name in seen and not (name in interests and one.person in against)
                },
                link=links[one.person] if one.state == "confirmed" else "",
            )
            for one in found
        ]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _check_moments(body: FormChange) -> None:
    """A time without a zone is no moment."""
    at = [body.policy.opens_at, body.policy.closes_at] if body.policy else []
    at += [field.need_after for field in body.fields or ()]
    if any(one is not None and one.tzinfo is None for one in at):
        raise invalid({"opens_at": "Say the zone of each time, such as 2027-01-15T14:00:00Z."})


def _raw(plan: Plan, name: str, email: str, given: Mapping[str, str | list[str]], agreed: Sequence[str]) -> Raw:
    """What a form would have sent."""
    raw: dict[str, list[str]] = {"name": [name], "email": [email]}
    for identifier, value in given.items():
        field = plan.field(identifier)
        if field is None or field.kind == "file":
            raise invalid({identifier: "There is no such question."})
        raw[field.name] = [value] if isinstance(value, str) else list(value)
    raw |= {f"a_{identifier}": ["on"] for identifier in agreed if plan.field(identifier)}
    return raw


def _text_field(plan: Plan, name: str) -> bool:
    return any(field.name == name and field.kind != "file" for field in plan.fields)
