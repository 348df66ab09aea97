"""A sender whose network changes restarts ICE (RFC 9725 section 4.3.3): the session goes on from another socket, and nothing is missing."""

from __future__ import annotations

import asyncio
from functools import partial

import httpx2
from aioice.ice import Connection

from app.media.looper import Looper
from app.media.rtc.network import Network
from app.media.rtc.restart import Restart, candidates_of
from app.media.stage import Stage
from app.media.whip import FRAGMENT, credentials
from app.settings import Settings
from tests.media.stand import WEBINAR, Stand, small_clip, stand
from tests.support.until import until


def ice(looper: Looper) -> Connection:
    return looper.connection.getTransceivers()[0].sender.transport.transport._connection


async def patch(here: Stand, looper: Looper, connection: Connection, tag: str = "*") -> httpx2.Response:
    lines = [f"a=ice-ufrag:{connection.local_username}", f"a=ice-pwd:{connection.local_password}"]
    lines += [f"a=candidate:{one.to_sdp()}" for one in connection.local_candidates]
    headers = {"Authorization": "Bearer seat-a", "Content-Type": FRAGMENT, "If-Match": tag}
    return await here.client.patch(looper._location, content="".join(f"{line}\r\n" for line in lines), headers=headers)


async def begun(looper: Looper) -> Restart:
    """The client's side of a restart, with sockets of its own."""
    restart = Restart(looper.connection.getTransceivers()[0].sender.transport.transport, Network(Settings()), controlling=True)
    await restart.connection.gather_candidates()
    return restart


async def moved(looper: Looper, restart: Restart) -> bool:
    return ice(looper) is restart.connection


async def closed(connection: Connection) -> bool:
    return not connection._protocols


async def goes_on(here: Stand, lines: int) -> None:
    """The playlist grows by so much."""
    count = len((await here.playlist("crew", "video")).splitlines())
    await here.until(lambda text: len(text.splitlines()) > count + lines)


async def elsewhere(stage: Stage, address: tuple[str, int]) -> bool:
    return sender_at(stage)[1] != address


def sender_at(stage: Stage) -> tuple[str, tuple[str, int]]:
    """The session, and the address its packets come from."""
    [session] = stage.sessions.values()
    return session.id, session.peer.ice._connection._nominated[1].remote_addr


async def test_the_session_goes_on_from_another_socket_and_no_frame_is_missing() -> None:
    async with stand() as here, here.sending(small_clip()) as looper:
        await here.until(lambda text: "#EXTINF" in text)
        stage = here.studio.stages[WEBINAR]
        tag, before = looper.answer_headers["etag"], sender_at(stage)
        for match in ("*", None):
            restart = await begun(looper)
            answer = await patch(here, looper, restart.connection, match or tag)
            assert (answer.status_code, answer.headers["content-type"]) == (200, FRAGMENT)
            known = credentials(answer.text)
            assert known is not None
            assert answer.headers["etag"] != tag
            stale, tag = tag, answer.headers["etag"]
            assert (await patch(here, looper, restart.connection, stale)).status_code == 412, "the tag of before is of no use"
            old = ice(looper)
            await restart.meet(*known, candidates_of(answer.text))
            await until(partial(moved, looper, restart), what="the client moves")
            await until(partial(closed, old), what="the old socket is closed, so nothing can come from it")
            await until(partial(elsewhere, stage, before[1]), what="the server hears it from there")
            assert sender_at(stage)[0] == before[0], "the same session"
            before = sender_at(stage)
            await goes_on(here, 8)
        order = stage.sessions[before[0]].peer.receivers["video"].order
        assert (order.dropped, stage.program.breaks) == (0, 0), "every frame came, and players noticed nothing"
        # The control: without a restart, a lost socket ends what is sent.
        seen = stage.sessions[before[0]].peer.receivers["video"].packets
        for protocol in ice(looper)._protocols:
            protocol.transport.abort()
        await asyncio.wait_for(looper.ended.wait(), 20)
        assert stage.sessions == {} or seen <= stage.sessions[before[0]].peer.receivers["video"].packets


async def test_what_is_no_restart_is_refused_and_harms_nothing() -> None:
    async with stand() as here, here.sending(small_clip()) as looper:
        await here.until(lambda text: "#EXTINF" in text)
        stage = here.studio.stages[WEBINAR]
        before = sender_at(stage)
        same = await patch(here, looper, ice(looper))
        assert (same.status_code, same.json()["code"]) == (422, "ice.same")
        # Somebody who asks and never comes: the session stays where it is, and a second question replaces the first.
        for _ in range(2):
            lost = await begun(looper)
            assert (await patch(here, looper, lost.connection)).status_code == 200
            await lost.stop()
        await goes_on(here, 4)
        assert sender_at(stage) == before
        assert stage.program.breaks == 0
