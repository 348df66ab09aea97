"""The account and its team for programs. A key makes no owners and unmakes none, and gives no role that may do more than it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.accounts import organisation, staff
from app.accounts.api_keys import SCOPES
from app.accounts.invitations import InvitationLinks
from app.accounts.jobs import enqueue_invitation
from app.accounts.models import Account, Invitation, Staff
from app.core.api import Answer, Body, Call, Content, Endpoint
from app.core.errors import forbidden, not_found
from app.core.permissions import Permission, Role, permissions_of
from app.core.unit import Unit
from app.settings import Settings

Given = Literal["admin", "registration_manager", "moderator", "presenter", "interpreter", "auditor"]


class AccountContent(Content, frozen=True, kw_only=True):
    """The organisation; `colour` is empty for the platform's own."""

    id: str
    name: str
    colour: str


class AccountChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays."""

    name: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    colour: Annotated[str, Meta(pattern=r"^(#[0-9a-fA-F]{6})?$")] | None = None


class MemberContent(Content, frozen=True, kw_only=True):
    """A colleague."""

    id: str
    name: str
    email: str
    role: str


class InvitationContent(Content, frozen=True, kw_only=True):
    """An invitation that waits; `link` is for them alone and shown only when it is made."""

    id: str
    email: str
    role: str
    link: str


class TeamContent(Content, frozen=True, kw_only=True):
    """Members by name, and open invitations."""

    members: list[MemberContent]
    invitations: list[InvitationContent]


class InvitationNew(Body, frozen=True, kw_only=True):
    """Whom to ask; they get a mail when the operator has a mail server."""

    email: Annotated[str, Meta(max_length=254)]
    role: Given


class MemberChange(Body, frozen=True, kw_only=True):
    """Another role; open rooms go on with it at once."""

    role: Given


class _Acting(msgspec.Struct, frozen=True):
    """A key acts as an admin would, never as an owner."""

    account_id: str
    role: Role = Role.ADMIN


class TeamApi:
    """Endpoints of account and team."""

    def __init__(self, settings: Settings) -> None:
        self._mailed = bool(settings.smtp_url)
        self._links = InvitationLinks(settings)

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        may, tag, member = Permission.TEAM_MANAGE, "Team", "/team/{member}"
        own = Permission.ACCOUNT_MANAGE
        return [
            Endpoint(method="GET", path="/account", name="readAccount", summary="The organisation", tag="Account", needs=own,
                     handler=self.account, answer=AccountContent),
            Endpoint(method="PATCH", path="/account", name="changeAccount", summary="Name and colour of the organisation", tag="Account",
                     needs=own, handler=self.change_account, again=self.account, current=self.account, body=AccountChange,
                     answer=AccountContent),
            Endpoint(method="GET", path="/team", name="listTeam", summary="Members and open invitations", tag=tag, needs=may,
                     handler=self.team, answer=TeamContent),
            Endpoint(method="POST", path="/team/invitations", name="inviteMember", summary="Invite a colleague", tag=tag, needs=may,
                     handler=self.invite, again=self.invited, body=InvitationNew, answer=InvitationContent, status=201),
            Endpoint(method="DELETE", path="/team/invitations/{invitation}", name="withdrawInvitation", summary="Take an invitation back",
                     tag=tag, needs=may, handler=self.withdraw, status=204),
            Endpoint(method="PATCH", path=member, name="changeMember", summary="Give a colleague another role", tag=tag, needs=may,
                     handler=self.change, again=self.member, current=self.member, body=MemberChange, answer=MemberContent),
            Endpoint(method="DELETE", path=member, name="removeMember", summary="Take a colleague's access away, and their data",
                     tag=tag, needs=may, handler=self.remove, current=self.member, status=204),
        ]  # fmt: skip

    async def account(self, call: Call[Any]) -> Answer:
        """As people see it."""
        row = await call.session.get_one(Account, call.caller.account_id)
        return Answer(content=AccountContent(id=row.id, name=row.name, colour=row.colour))

    async def change_account(self, call: Call[AccountChange]) -> Answer:
        """By the verb of the page."""
        row = await call.session.get_one(Account, call.caller.account_id)
        name = row.name if call.body.name is None else call.body.name
        colour = row.colour if call.body.colour is None else call.body.colour
        await organisation.change(call.unit, row.id, name=name, colour=colour)
        return await self.account(call)

    async def team(self, call: Call[Any]) -> Answer:
        """All of it."""
        members, open_ = await staff.team(Unit(call.session, call.now), call.caller.account_id)
        return Answer(
            content=TeamContent(members=[_member(one) for one in members], invitations=[_asked(one, "") for one in open_])
        )

    async def invite(self, call: Call[InvitationNew]) -> Answer:
        """Asked once more, an earlier invitation of the same address ends."""
        _may_give(call, call.body.role)
        made = await staff.invite(call.unit, _Acting(call.caller.account_id), email=call.body.email, role=call.body.role)
        if self._mailed:
            enqueue_invitation(call.unit, made, call.caller.account_id, "")
        await call.session.flush()
        return Answer(content=_asked(await call.session.get_one(Invitation, made), self._links.link(made)), thing=made)

    async def invited(self, call: Call[Any]) -> Answer:
        """The invitation of the same request before, while it waits."""
        row = await call.session.get(Invitation, call.path["thing"])
        if row is None or row.account_id != call.caller.account_id:
            raise not_found()
        return Answer(content=_asked(row, self._links.link(row.id)))

    async def withdraw(self, call: Call[Any]) -> Answer:
        """The link opens nothing any more."""
        await staff.take_back(call.unit, call.caller.account_id, call.path["invitation"])
        return Answer()

    async def member(self, call: Call[Any]) -> Answer:
        """One of them."""
        row = await call.session.get(Staff, call.path["member"])
        if row is None or row.account_id != call.caller.account_id:
            raise not_found()
        return Answer(content=_member(row))

    async def change(self, call: Call[MemberChange]) -> Answer:
        """By the verb of the page."""
        _may_give(call, call.body.role)
        await staff.set_role(call.unit, _Acting(call.caller.account_id), call.path["member"], call.body.role)
        await call.session.flush()
        return await self.member(call)

    async def remove(self, call: Call[Any]) -> Answer:
        """Their sessions end at once."""
        await staff.remove(call.unit, _Acting(call.caller.account_id), call.path["member"])
        return Answer()


def _may_give(call: Call[Any], role: str) -> None:
    """Who holds a key could take up the invitation themselves, so it gives no role that may do more than the key."""
    if permissions_of(Role(role)) & SCOPES.keys() - call.caller.permissions:
        raise forbidden("This role may do more than this key, so the key cannot give it.")


def _member(row: Staff) -> MemberContent:
    return MemberContent(id=row.id, name=row.name, email=row.email, role=row.role)


def _asked(row: Invitation, link: str) -> InvitationContent:
    return InvitationContent(id=row.id, email=row.email, role=row.role, link=link)
