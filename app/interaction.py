"""What happens in a room, joined: the commands people send, the entities a copy is made of, the things that are due, and pages."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.clock import Clock
from app.core.ice import IceServers
from app.core.tokens import Tokens
from app.core.unit import Work
from app.live.commands import CommandTable
from app.media import clips, scheduled
from app.media.captions import CaptionSource
from app.media.live import StageCommands
from app.media.state import StageSource
from app.moderation import people
from app.moderation import polls as poll_desk
from app.moderation import questions as desk
from app.moderation.decisions import DecisionSource
from app.moderation.live import ChatDesk
from app.moderation.live_polls import PollDesk
from app.moderation.live_questions import QuestionDesk
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms import chat, handout_pages, notices, polls, questions, schedule
from app.rooms.audited import audited
from app.rooms.chat_view import MessageSource
from app.rooms.handout_pages import HandoutPages
from app.rooms.handouts import HandoutSource
from app.rooms.hands import HandSource
from app.rooms.live import RoomCommands
from app.rooms.live_extras import ExtraCommands
from app.rooms.live_polls import PollCommands
from app.rooms.live_questions import QuestionCommands
from app.rooms.mine import MineSource
from app.rooms.notices import NoticeSource
from app.rooms.poll_view import PollSource
from app.rooms.pulse import Doer, Pulse
from app.rooms.question_view import QuestionSource
from app.rooms.restrictions import RestrictionSource
from app.rooms.snapshot import RoomState
from app.rooms.sources import EntitySource
from app.rooms.view import WebinarSource
from app.settings import Settings

UPLOADS = handout_pages.UPLOADS


def commands(vault: Vault, settings: Settings, clock: Clock) -> CommandTable:
    """What can be asked over a socket: each feature's list."""
    tokens, shelf = Tokens(settings.secret), Shelf(settings.data_dir)
    asking = (QuestionCommands(vault), QuestionDesk(vault), PollCommands(vault), PollDesk(vault))
    extras = (ExtraCommands(vault, tokens, shelf), StageCommands(vault, tokens, settings.origin, IceServers(settings)))
    features = (RoomCommands(vault, clock), ChatDesk(vault), *asking, *extras)
    return CommandTable([audited(command, vault) for feature in features for command in feature.commands()])


def room_state(work: Work, vault: Vault) -> RoomState:
    """What a copy of a room is made of: each feature's source."""
    said, asked, polled, raised = MessageSource(vault), QuestionSource(vault), PollSource(vault), HandSource(vault)
    stage = StageSource(vault)
    crew = (RestrictionSource(vault), DecisionSource(vault), stage, CaptionSource())
    sources: list[EntitySource] = [WebinarSource(), said, asked, polled, raised, NoticeSource(), HandoutSource(), *crew]
    return RoomState(work, vault, own=[said, asked, polled, raised, stage, MineSource(vault)], sources=sources)


def room_features(settings: Settings, work: Work, vault: Vault) -> Sequence[HandoutPages]:
    """Pages that belong to a room."""
    return [HandoutPages(work, vault, Tokens(settings.secret), Shelf(settings.data_dir))]


def pulse(work: Work, vault: Vault) -> Pulse:
    """What rooms have to do at a certain second."""
    doers: dict[str, Doer] = {
        chat.RELEASE: chat.release_due,
        chat.REACTIONS: chat.count_reactions,
        people.UNMUTE: people.mute_over,
        people.AGAIN: people.ban_again,
        questions.VOTES: questions.count_votes,
        desk.CLAIM: desk.lease_over,
        polls.TALLY: polls.tally,
        poll_desk.OPEN: poll_desk.due_open,
        poll_desk.CLOSE: poll_desk.due_close,
        notices.OVER: notices.over,
        schedule.LOOK: scheduled.look,
        schedule.CLIP: clips.over,
    }
    return Pulse(work, vault, doers)
