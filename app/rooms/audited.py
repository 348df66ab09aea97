"""What the crew does in a room over its socket, as entries of the account's audit log: which command, never its content."""

from __future__ import annotations

import msgspec

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.privacy.audit import Act, note
from app.privacy.vault import Vault
from app.rooms.room import open_room

NOTED = frozenset(
    {
        Permission.BROADCAST_CONTROL,
        Permission.STAGE_CONTROL,
        Permission.ROOM_SETTINGS,
        Permission.CHAT_MODERATE,
        Permission.QUESTIONS_MODERATE,
        Permission.POLLS_MANAGE,
        Permission.PEOPLE_MODERATE,
    }
)


def audited(command: Command, vault: Vault) -> Command:
    """``command``, noted in the transaction of what it does when it needs a permission of the crew."""
    if command.needs not in NOTED:
        return command
    action = str(command.struct.__struct_config__.tag)

    async def run(context: Context, order: object) -> msgspec.Struct | None:
        answer = await command.handler(context, order)
        row = (await open_room(context.unit, vault, context.seat.webinar_id)).row
        act = Act(
            account_id=row.account_id,
            actor=context.seat.person,
            role=context.seat.role,
            action=action[:60],
            object_kind="webinar",
            object_id=row.id,
        )
        await note(context.unit, act)
        return answer

    return msgspec.structs.replace(command, handler=run)
