"""What is kept outside the database's columns, for the data map."""

from __future__ import annotations

from app.privacy.map import Store

STORES = (
    Store(
        name="broker messages",
        kind="broker",
        where="lectern:{keyed hash of the room}",
        holds="changes of a room on their way between processes, sealed; never kept",
        category="user.content.public",
        purpose="show a room's changes to everybody in it",
        sealed=True,
        retention="not kept",
        erased="passes on at once; the broker stores nothing",
    ),
    Store(
        name="viewer counts",
        kind="broker",
        where="count:lectern:{keyed hash of the room}",
        holds="number of sockets of each process",
        erased="expires after 15 seconds",
    ),
    Store(
        name="sign-in throttle",
        kind="limits",
        where="memory of the web process",
        holds="counts under a keyed hash of an address, whose key changes every day and is never written",
        category="user.device.ip_address",
        subject="staff",
        purpose="slow down guessing of passwords",
        basis="legitimate_interests",
        retention="15 minutes",
        erased="forgotten by itself",
    ),
    Store(
        name="chat that is not stored",
        kind="memory",
        where="memory of the web process",
        holds="the last 200 messages of a room whose chat is not stored",
        category="user.content.public",
        purpose="show them to people who come back",
        retention="until the room is empty or the process ends",
        erased="with the room's epoch, or with the process",
    ),
    Store(
        name="live picture",
        kind="memory",
        where="memory of the media process",
        holds="about 30 seconds of picture and sound of who presents",
        category="user.biometric.voice",
        purpose="show the webinar to its audience",
        retention="about 30 seconds",
        erased="dropped as the window moves on, and at the end",
    ),
    Store(
        name="browser storage",
        kind="browser",
        where="session storage: lectern.theme, volume, muted, captions, language, quality, keys, seat",
        holds="settings of the player and, for the visit, the random id of the seat; linked to nobody",
        category="user.unique_id.pseudonymous",
        purpose="keep volume and seat over a reload",
        retention="until the tab is closed",
        erased="by the browser, with the tab",
    ),
    Store(
        name="logs",
        kind="log",
        where="standard output",
        holds="what the server did, without addresses of people, query strings or personal values",
        erased="by the operator's log rotation",
    ),
)
