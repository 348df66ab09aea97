"""Canaries through every other door: registration form, uploaded file and its name, picture and its metadata, mail, SDP, address of
the network. Looked for live, ended, erased, and restored from an earlier backup, on SQLite and on PostgreSQL with Redis.
"""

from __future__ import annotations

import io
import secrets
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiortc import RTCPeerConnection
from PIL import Image
from sqlalchemy import select

from app.core.permissions import Role
from app.live.wire import LiveProtocol
from app.main import Parts, create_app
from app.media.directory_db import DatabaseDirectory
from app.media.server import create_media_app
from app.privacy.backup import backup, restore
from app.privacy.erase.ask import By, erase_webinar
from app.privacy.guard import replay_missing
from app.privacy.models import Erasure
from app.privacy.scan import Files, Place, Redis, forms_of, scan
from app.privacy.vault import Box
from app.registration import fields, policy
from app.registration.form import Field, Policy
from app.registration.models import Registrant
from app.rooms import webinars
from app.rooms.models import Webinar
from app.settings import Settings, complete
from tests.support.product import PASSWORD, Product, make_tables
from tests.support.server import Served, listen, start
from tests.support.smtp import Mailbox

SEALED = ("reg-name", "reg-mail", "company", "file-name")
"""What is stored, sealed: without sealing, exactly these are found (the file's inside is base64 of a packed picture)."""
HEADERS = ("user-agent", "referer", "accept-language")
DOORS = (*SEALED, *HEADERS, "exif", "picture-exif", "cookie", "query", "sdp-session", "sdp-origin", "sdp-broken", "mail-subject")
QUESTIONS = (
    Field(identifier="company", kind="line", labels={"en": "Company"}, purpose="to prepare the talk"),
    Field(identifier="paper", kind="file", labels={"en": "Your paper"}, purpose="to read it before"),
)


class Town:
    """The whole product: web, media, mail, and everything it can write to."""

    def __init__(
        self, folder: Path, mailbox: Mailbox, database_url: str = "", redis_url: str = "", more: Place | None = None
    ) -> None:
        self.folder = folder
        self.mailbox = mailbox
        self.doors = listen(), listen()
        web, media = (f"http://127.0.0.1:{door.getsockname()[1]}" for door in self.doors)
        self.settings = complete(
            Settings(
                data_dir=folder / "data",
                database_url=database_url,
                broker_url=redis_url or "memory://",
                public_url=web,
                smtp_url=mailbox.url,
                workers_embedded=False,
                secret="s" * 40,
            )
        )
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.app = create_app(self.settings, media_url=media)
        self.parts: Parts = self.app.state.parts
        self.media = create_media_app(self.settings, DatabaseDirectory(self.settings, self.parts.database))
        self.places: list[Place] = [Files([self.settings.data_dir, folder / "tmp"])]
        self.places += [Redis(redis_url)] if redis_url else []
        self.places += [more] if more else []
        self.canaries = {door: f"{door.replace('-', '')}{secrets.token_hex(12)}" for door in DOORS}
        self.address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(200) + 20}.{secrets.randbelow(200) + 20}"
        self.person = ""
        self.served: list[Served] = []

    async def open(self) -> None:
        """Tables, an account with its owner, a webinar with a form; web and media serve."""
        await make_tables(self.parts.database.engine)
        product = Product(self.settings.origin, self.parts)
        self.account_id = await product.account("Acme")
        await product.member(self.account_id, Role.OWNER, "owner@example.org")
        async with self.parts.work.unit() as unit:
            details = webinars.Details("Residue", "", unit.now + timedelta(hours=1), 60, "UTC", "public", "stored", "residue")
            self.webinar: Webinar = await webinars.make(unit, self.account_id, details, "en")
            await unit.session.flush()
            await policy.save(
                unit, self.webinar, Policy(mode="open", ask_name="required", ask_email="required", confirm_email=False)
            )
            await fields.save(unit, self.webinar.id, QUESTIONS)
        await self.serve()

    async def serve(self) -> None:
        self.served = [await start(self.app, self.doors[0], ws=LiveProtocol), await start(self.media, self.doors[1])]

    async def stop(self) -> None:
        for one in self.served:
            if not one.task.done():
                await one.stop()
        self.served = []

    def browser(self) -> httpx2.AsyncClient:
        """A visitor from an address of their own, with a canary in everything their browser sends by itself."""
        said = self.canaries
        headers = {name: said[name] for name in HEADERS} | {"cookie": f"trace={said['cookie']}", "accept": "text/html"}
        way = httpx2.AsyncHTTPTransport(local_address=self.address)
        return httpx2.AsyncClient(base_url=self.served[0].url, headers=headers, transport=way)

    async def register(self) -> None:
        """Fill the form, attach a picture, follow the mail."""
        said = self.canaries
        values = {"name": said["reg-name"], "email": f"{said['reg-mail']}@example.org", "q_company": said["company"]}
        file = (f"{said['file-name']}.jpg", photo(said["exif"]), "image/jpeg")
        async with self.browser() as visitor:
            await visitor.get(f"/w/residue?utm={said['query']}")
            sent = await visitor.post(f"/w/residue?utm={said['query']}", data=values, files={"q_paper": file})
            assert sent.status_code == 303, sent.text
            await self.parts.worker.run_due()
            mail = await self.mailbox.arrives(f"{said['reg-mail']}@example.org")
            assert mail["Subject"]
            self.mailbox.refuse = f"550 {said['mail-subject']}"
            await visitor.post(f"/w/residue?utm={said['query']}", data={**values, "email": f"x{said['reg-mail']}@example.org"})
            await self.parts.worker.run_due()
            self.mailbox.refuse = ""
        async with self.parts.work.read() as session:
            self.person = (await session.execute(select(Registrant.id))).scalars().first() or ""
        assert self.person

    async def decorate(self) -> None:
        """A picture of a state, by staff, with a canary in its metadata."""
        async with httpx2.AsyncClient(base_url=self.served[0].url, headers={"accept": "text/html"}) as owner:
            await owner.post("/sign-in", data={"email": "owner@example.org", "password": PASSWORD})
            file = ("photo.jpg", photo(self.canaries["picture-exif"]), "image/jpeg")
            done = await owner.post(
                f"/admin/webinars/{self.webinar.id}/states/idle", data={"text": "Soon"}, files={"picture": file}
            )
            assert done.status_code in (200, 303), (done.status_code, done.text[:500])

    async def present(self) -> None:
        """Offer a picture by WHIP, with canaries in lines of the SDP; and one that is no SDP at all."""
        said = self.canaries
        peer = RTCPeerConnection()
        try:
            peer.addTransceiver("audio", direction="sendonly")
            await peer.setLocalDescription(await peer.createOffer())
            offer = peer.localDescription.sdp
            offer = offer.replace("s=-", f"s={said['sdp-session']}", 1).replace("o=-", f"o={said['sdp-origin']}", 1)
            assert said["sdp-session"] in offer
            assert said["sdp-origin"] in offer
            token = self.parts.seats.stage(self.webinar.id, "presenter", "Petra")
            async with self.browser() as browser:
                headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
                answers = [
                    await browser.post(f"/whip/{self.webinar.id}", content=text.encode(), headers=headers)
                    for text in (offer, f"v=0 {said['sdp-broken']}")
                ]
            assert [answer.status_code // 100 for answer in answers] == [2, 4]
        finally:
            await peer.close()

    async def found(self) -> set[str]:
        """Doors whose canary is anywhere, in any form; of PostgreSQL's many megabytes in the usual forms."""
        wide = self.settings.database_url.startswith("sqlite")
        forms: dict[bytes, str] = {}
        for door, value in {**self.canaries, "address": self.address}.items():
            forms |= dict.fromkeys(forms_of([value.encode()], wide=wide), door)
        return {finding.form.removeprefix("packed ") for finding in (await scan(self.places, forms)).findings}

    async def person_found(self) -> bool:
        return bool((await scan(self.places[:1], forms_of([self.person.encode()], wide=True))).findings)

    async def erase(self) -> str:
        async with self.parts.work.unit() as unit:
            erasure = await erase_webinar(unit, self.parts.pipeline, By(self.account_id, "me", "owner"), self.webinar.id)
        await self.parts.pipeline.run(erasure)
        return erasure


def photo(note: str) -> bytes:
    """A JPEG with ``note`` in its EXIF, its comment and behind its end."""
    exif = Image.Exif()
    exif[0x010E] = note
    out = io.BytesIO()
    Image.new("RGB", (640, 360), "#206040").save(out, "JPEG", exif=exif, comment=note.encode())
    return out.getvalue() + note.encode()


@pytest.fixture(params=["sqlite and memory", "postgresql and redis"])
async def town(
    request: pytest.FixtureRequest, tmp_path: Path, smtp_server: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    given: dict[str, Any] = {}
    if request.param != "sqlite and memory":
        server = request.getfixturevalue("postgres_server")
        # The server's own files of the newest database and its log; readable because the tests started it.
        given["database_url"] = request.getfixturevalue("postgres_url")
        newest = max((server.folder / "data" / "base").iterdir(), key=lambda folder: int(folder.name))
        given["more"] = Files([newest, server.folder / "data" / "pg_wal"])
        given["redis_url"] = request.getfixturevalue("redis_url")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    made = Town(tmp_path, smtp_server, **given)
    await made.open()
    yield made
    await made.stop()
    await made.parts.database.close()


async def test_nothing_is_found_at_any_of_the_four_moments(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    await town.register()
    await town.decorate()
    await town.present()
    assert await town.found() == set(), "live"
    assert await town.person_found() == (not town.settings.database_url.startswith("postgresql")), "the control: ids are found"
    await town.stop()
    assert await town.found() == set(), "ended"
    archive = town.folder / "backup.tar.gz"
    backup(town.settings, archive, town.parts.work.clock.now())
    town.places.append(Files([archive]))
    assert await town.found() == set(), "in the backup"
    town.places.pop()
    erasure = await town.erase()
    assert (await town.found(), await town.person_found()) == (set(), False), "erased"
    async with town.parts.work.read() as session:
        assert (await session.get_one(Erasure, erasure)).state == "done"
    await town.parts.database.close()
    restore(town.settings, archive, replace=True)
    parts = town.parts
    assert await replay_missing(parts.work, parts.ledger, parts.pipeline) == 1
    assert (await town.found(), await town.person_found()) == (set(), False), "restored"
    said = "".join(capfd.readouterr())
    assert [door for door, value in {**town.canaries, "address": town.address}.items() if value in said] == []


@pytest.mark.parametrize("town", ["sqlite and memory"], indirect=True)
async def test_with_sealing_off_exactly_what_is_stored_is_found(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the same scan finds what the form stores when it is stored in clear, and nothing else."""
    monkeypatch.setattr(Box, "seal", lambda _box, value, _aad: value if isinstance(value, bytes) else value.encode())
    monkeypatch.setattr(Box, "open", lambda _box, blob, _aad: blob)
    await town.register()
    assert await town.found() >= set(SEALED)
    assert await town.found() <= {*SEALED, "exif"}


@pytest.mark.parametrize("town", ["sqlite and memory"], indirect=True)
async def test_with_the_rows_left_the_proof_goes_red(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with one eraser off, the person's id is found, and the certificate says that something is left."""

    async def keep(*_: Any) -> dict[str, int]:
        return {}

    await town.register()
    monkeypatch.setattr("app.privacy.erase.pipeline.erase_rows", keep)
    monkeypatch.setattr("app.privacy.erase.pipeline.ATTEMPTS", 1)
    erasure = await town.erase()
    assert await town.person_found()
    async with town.parts.work.read() as session:
        assert (await session.get_one(Erasure, erasure)).state == "residue"
