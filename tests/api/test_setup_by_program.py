"""A program sets up, runs and looks after a webinar by the API alone, and gets no further than its key."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import httpx2
from PIL import Image
from sqlalchemy import select

from app.core.permissions import Permission, Role
from app.media.models_recordings import Recording
from app.privacy.models import AuditEntry
from tests.api.stand import ALL, program
from tests.api.test_registration import ADA, opened
from tests.support.product import Product
from tests.support.until import until

SLOTS = ("controller", "dpo", "purposes", "recipients", "transfers", "retention", "rights", "complaint", "provision", "automated")


async def test_notices_and_consents_are_written_in_languages_and_versions_that_stay(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account)
    async with program(product, account) as api:
        of = f"/webinars/{row.id}"
        draft = (await api.get(f"{of}/notices/nl")).json()
        assert (draft["lang"], draft["versions"], "controller" in draft["needed"]) == ("nl", [], True)
        missing = await api.put(f"{of}/notices/nl", json={"slots": {**draft["slots"], "controller": ""}, "publish": True})
        assert (missing.status_code, next(iter(missing.json()["fields"]))) == (422, "controller")
        slots = {slot: draft["slots"].get(slot) or "Meadow, Ghent" for slot in SLOTS}
        saved = await api.put(f"{of}/notices/nl", json={"slots": slots})
        assert (saved.status_code, saved.json()["versions"]) == (200, [])
        told = [
            (await api.put(f"{of}/notices/nl", json={"slots": {**slots, "controller": who}, "publish": True})).json()["versions"]
            for who in ("Meadow, Ghent", "Meadow, Ghent", "Meadow, Bruges")
        ]
        assert [len(versions) for versions in told] == [1, 1, 2], "the same words make no new version"
        newest, first = told[-1]
        assert ("Bruges" in newest["text"], "Ghent" in first["text"]) == (True, True)
        assert [one["sha256"] for one in (await api.get(f"{of}/notices")).json()["items"]] == [newest["sha256"]]
        assert (await api.get(f"{of}/notices/xx")).status_code == 404
        assert (await api.put(f"{of}/notices/nl", json={"slots": {"small_print": "x"}})).status_code == 422

        words = {"en": {"label": "Send me news."}, "nl": {"label": "Stuur mij nieuws."}}
        news = await api.post(f"{of}/consents/items", json={"purpose": "marketing", "required": True, "words": words})
        assert (news.status_code, len(news.json()["warnings"])) == (201, 1), "consent at the price of a seat is warned of"
        rules = (await api.post(f"{of}/consents/items", json={"purpose": "terms", "words": words})).json()
        at = f"{of}/consents/items/{news.json()['id']}"
        seen = await api.get(at)
        free = {"purpose": "marketing", "words": words}
        assert (await api.put(at, json=free, headers={"If-Match": '"old"'})).status_code == 412
        assert (await api.put(at, json=free, headers={"If-Match": seen.headers["etag"]})).json()["warnings"] == []
        moved = (await api.post(f"{at}/move", json={"to": "down"})).json()
        assert [one["id"] for one in moved["items"]] == [rules["id"], news.json()["id"]]
        setup = (await api.put(f"{of}/consents", json={"age_min": 16, "ask_recording": True})).json()
        assert (setup["age_min"], setup["ask_recording"]) == (16, True)
        assert (await api.delete(at)).status_code == 204
        assert [one["id"] for one in (await api.get(f"{of}/consents")).json()["items"]] == [rules["id"]]


async def test_a_room_is_run_by_commands_and_everybody_in_it_sees_it_at_once(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account)
    of = f"/webinars/{row.id}"
    async with program(product, account) as api, product.join(row.id) as ann:

        async def do(kind: str, status: int = 200, **fields: Any) -> dict[str, Any]:
            answer = await api.post(f"{of}/commands", json={"type": kind, **fields})
            assert answer.status_code == status, (kind, answer.text)
            return dict(answer.json())

        await do("broadcast.set", to="live")
        await ann.read_until(lambda: ann.webinar["broadcast"] == "live")
        await do("recording.set", on=True)
        await do("room.modes", phase="all", hands="free", slow=30)
        await do("room.words", words=["sell", "buy"])
        await do("notice.set", state="ended", text="Thank you for coming.")
        await do("room.modes", status=422, phase="all", volume=3)
        item = {"kind": "single", "text": "Tea?", "options": [{"text": "Yes"}, {"text": "No"}]}
        once = {"Idempotency-Key": "poll"}
        body = {"type": "poll.make", "items": [item], "title": "Tea"}
        made = [(await api.post(f"{of}/commands", json=body, headers=once)).json()["made"] for _ in range(2)]
        assert made[0] == made[1]
        await do("poll.open", poll=made[0])
        await ann.read_until(lambda: any(one["kind"] == "poll" and one["state"] == "open" for one in ann.entities.values()))
        await do("poll.close", poll=made[0])
        assert [(one["title"], one["state"]) for one in (await api.get(f"{of}/polls")).json()["items"]] == [("Tea", "closed")]
        notice = await do("notice.post", text="Lunch is at noon.")
        encoder = await do("stage.encoder", name="OBS")
        assert encoder["result"]["address"].endswith(f"/whip/{row.id}")
        (place,) = (await api.get(f"{of}/stage")).json()["presenters"]
        assert (place["name"], place["sort"]) == ("OBS", "encoder")
        await do("stage.move", presenter=place["id"], on_stage=False)
        sent = await api.post(
            f"{of}/handouts", params={"title": "Plan"}, content=b"At noon.", headers={"content-type": "text/plain"}
        )
        assert (sent.status_code, sent.json()["title"], sent.json()["type"]) == (201, "Plan", "text/plain")
        bad = await api.post(f"{of}/handouts", content=b"\x7fELF\x00", headers={"content-type": "text/plain"})
        assert (bad.status_code, bad.json()["code"]) == (422, "handout.type")
        picture = io.BytesIO()
        Image.new("RGB", (320, 180), "green").save(picture, "PNG")
        shown = await api.put(f"{of}/states/paused/picture", content=picture.getvalue(), headers={"content-type": "image/png"})
        assert shown.json()["states"]["paused"]["picture"].startswith(product.url)
        links = (await api.post(f"{of}/links")).json()["links"]
        assert set(links) == {"hall", "speaker", "overlay"}
        assert (await api.post(f"{of}/links")).json()["links"] != links
        room = (await api.get(f"{of}/room")).json()
        assert (room["broadcast"], room["recording"], room["words"]) == ("live", True, ["buy", "sell"])
        assert (room["modes"]["after"]["hands"], room["states"]["ended"]["text"]) == ("free", "Thank you for coming.")
        assert [one["id"] for one in room["notices"]] == [notice["made"]]
        await do("notice.withdraw", notice=notice["made"])
        await do("handout.remove", handout=room["handouts"][0]["id"])
        gone = (await api.delete(f"{of}/states/paused/picture")).json()
        assert (gone["notices"], gone["handouts"], gone["states"]["paused"]["picture"]) == ([], [], None)
        await do("broadcast.set", to="ended")
        await do("broadcast.set", status=409, to="live")
    async with product.work.read() as session:
        noted = set((await session.execute(select(AuditEntry.action).where(AuditEntry.account_id == account))).scalars())
    assert {"broadcast.set", "poll.make", "api.runCommand", "api.addHandout"} <= noted


async def test_mails_invitations_and_series(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account)
        kinds = (await api.get(f"{of}/mails")).json()
        assert {one["lang"] for one in kinds["items"]} >= {"en", "nl", "fr", "de", "es"}
        words = {"subject": "Welkom bij {title}", "text": "Dag {name}"}
        assert (await api.put(f"{of}/mails/confirmed/nl", json=words)).json()["subject"] == words["subject"]
        assert (await api.put(f"{of}/mails/confirmed/nl", json={"text": "{password}"})).status_code == 422
        seen = (await api.get(f"{of}/mails/confirmed/nl/preview")).json()
        assert (seen["subject"], "Dag " in seen["text"]) == ("Welkom bij How bees find home", True)
        assert (await api.get(f"{of}/mails/poetry/nl")).status_code == 404
        people = [{"email": "ann@example.org", "name": "Ann"}, {"email": "ANN@example.org"}, {"email": "nobody"}]
        added = (await api.post(f"{of}/invitations", json={"invitees": people})).json()
        assert added == {"new": 1, "known": 0, "wrong": ["nobody"]}
        (ann,) = (await api.get(f"{of}/invitations")).json()["items"]
        assert (await api.post(f"{of}/invitations/send", json={})).json() == {"number": 1}
        assert (await api.post(f"{of}/invitations/remove", json={"persons": [ann["person"]]})).json() == {"number": 1}
        person = (await api.post(f"{of}/registrants", json=ADA)).json()
        note = {"persons": [person["person"], ann["person"]], "subject": "One thing more", "text": "Bring a cup, {name}."}
        once = {"Idempotency-Key": "note"}
        numbers = [(await api.post(f"{of}/messages", json=note, headers=once)).json()["number"] for _ in range(2)]
        assert numbers == [1, 0], "only who is a registrant, and once"
        link = (await api.post(f"{of}/registrants/{person['person']}/link")).json()["link"]
        assert link != person["link"]
        more = {"title": "Bees, every week", "starts_at": "2027-03-20T14:00:00Z", "count": 3}
        drafts = (await api.post(f"{of}/duplicates", json=more)).json()["items"]
        assert [(one["publication"], one["starts_at"][:10]) for one in drafts] == [
            ("draft", "2027-03-20"), ("draft", "2027-03-27"), ("draft", "2027-04-03"),
        ]  # fmt: skip
        assert len((await api.get(f"{of}/series")).json()["items"]) == 4
        tongue = await api.post(f"{of}/languages", json={"code": "fr"})
        renewed = (await api.post(f"{of}/languages/{tongue.json()['id']}/renew")).json()
        assert (tongue.status_code, renewed["link"] != tongue.json()["link"]) == (201, True)
        assert set((await api.get(f"{of}/captions")).json()["links"]) == {"en", "fr"}
        hosts = {"hosts": ["https://www.example.org"], "interaction": True}
        assert (await api.put(f"{of}/embed", json=hosts)).json()["hosts"] == hosts["hosts"]
        assert (await api.put(f"{of}/embed", json={"hosts": ["https://a.b/c;script-src *"]})).status_code == 422


async def test_webhooks_show_a_secret_once_and_pass_on_nothing_the_key_may_not_see(product: Product) -> None:
    account = await product.account()
    new: dict[str, Any] = {"name": "Our CRM", "url": "https://crm.example.org/hook", "events": ["registration.created"]}
    shut = [scope for scope in ALL if scope is not Permission.ACCOUNT_MANAGE]
    async with program(product, account) as api, program(product, account, shut) as half:
        await opened(product, api, account)
        once = {"Idempotency-Key": "hook"}
        first, again = [await api.post("/webhooks", json=new, headers=once) for _ in range(2)]
        hook = first.json()["webhook"]
        assert (first.json()["secret"][:6], again.json()) == ("whsec_", {"webhook": hook, "secret": ""})
        at = f"/webhooks/{hook['id']}"
        listed = (await api.get("/webhooks")).json()
        assert (listed["items"], listed["fields"]["answers.salary"]) == ([hook], "Salary")
        for url in ("http://127.0.0.1/", "https://user:pw@example.org/", "ftp://example.org/x"):
            assert (await api.put(at, json={**new, "url": url})).status_code == 422, url
        fields = {**new, "fields": ["email", "answers.salary"], "purpose": "greet them"}
        refused = await half.put(at, json=fields)
        assert (refused.status_code, list(refused.json()["fields"])) == (422, ["fields"])
        assert (await half.put(at, json={**fields, "fields": ["email"]})).status_code == 200
        assert (await api.put(at, json=fields)).json()["fields"] == ["email", "answers.salary"]
        assert (await half.put(at, json=fields)).status_code == 200, "what was there may stay"
        rotated = (await api.post(f"{at}/rotate")).json()["secret"]
        assert rotated not in ("", first.json()["secret"])
        assert (await api.post(f"{at}/state", json={"state": "off"})).json()["state"] == "off"
        test = await api.post(f"{at}/test")
        assert (test.status_code, test.json()["kind"]) == (202, "webhook.test")
        assert [one["id"] for one in (await api.get(f"{at}/deliveries")).json()["items"]] == [test.json()["id"]]
        assert (await api.post(f"{at}/deliveries/{test.json()['id']}/replay")).json()["event"] == test.json()["event"]
        assert (await api.post(f"{at}/replay-dead")).json() == {"number": 0}
        assert (await api.delete(at)).status_code == 204
        assert (await api.get(at)).status_code == 404


async def test_a_key_gives_no_role_that_may_do_more_than_it_and_touches_no_owner(product: Product) -> None:
    account = await product.account()
    owner = await product.member(account, Role.OWNER, "olivia@example.org")
    mo = await product.member(account, Role.MODERATOR, "mo@example.org")
    small = [Permission.TEAM_MANAGE, Permission.WEBINAR_SEE]
    async with program(product, account) as api, program(product, account, small) as half:
        for role, status in (("registration_manager", 403), ("admin", 403), ("auditor", 403), ("interpreter", 201)):
            answer = await half.post("/team/invitations", json={"email": f"{role}@example.org", "role": role})
            assert answer.status_code == status, role
        asked = await api.post("/team/invitations", json={"email": "new@example.org", "role": "admin"})
        assert asked.json()["link"].startswith(f"{product.url}/invite/")
        assert (await api.post("/team/invitations", json={"email": "x@example.org", "role": "owner"})).status_code == 422
        assert (await api.delete(f"/team/invitations/{asked.json()['id']}")).status_code == 204
        async with httpx2.AsyncClient() as browser:
            assert (await browser.get(asked.json()["link"])).status_code == 404
        assert (await api.patch(f"/team/{mo}", json={"role": "presenter"})).json()["role"] == "presenter"
        assert (await api.patch(f"/team/{owner}", json={"role": "auditor"})).status_code == 403
        assert (await api.delete(f"/team/{owner}")).status_code == 403
        assert (await api.delete(f"/team/{mo}")).status_code == 204
        team = (await api.get("/team")).json()
        assert ([one["role"] for one in team["members"]], len(team["invitations"])) == (["owner"], 1)
        assert (await api.patch("/account", json={"colour": "#3457d5"})).json()["colour"] == "#3457d5"
        assert (await api.patch("/account", json={"colour": "red"})).status_code == 422


async def test_the_account_looks_itself_up_and_takes_everything_along(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account)
        register = (await api.get("/register")).json()["entries"]
        mine = (await api.get(f"{of}/register")).json()["entries"]
        assert {"staff", "registrant"} <= {one["place"] for one in register}
        assert {one["subject"] for one in mine} == {"participant"}
        log = (await api.get("/audit", params={"limit": 1})).json()
        assert (log["items"][0]["action"], log["broken_at"], bool(log["next"])) == ("api.changeForm", None, False)
        assert (await api.get("/agreement")).json()["accepted"] is True
        assert (await api.get("/breaches")).json() == {"items": []}
        assert (await api.get("/account/archive/file")).status_code == 404
        assert (await api.post("/account/archive")).json()["preparing"] is True

        async def ready() -> bool:
            return (await api.get("/account/archive")).json()["made_at"] is not None

        await until(ready, what="the file is there")
        assert (await api.get("/account/archive/file")).content[:2] == b"PK"


async def test_nothing_of_another_account_is_there_and_nothing_without_its_scope(product: Product) -> None:
    account, other = await product.account(), await product.account("Elsewhere")
    theirs = await product.webinar(other)
    their_member = await product.member(other, Role.MODERATOR, "mo@example.org")
    hook = {"name": "CRM", "url": "https://crm.example.org/", "events": ["webinar.live"]}
    async with program(product, other) as api:
        their_hook = (await api.post("/webhooks", json=hook)).json()["webhook"]["id"]
    words = {"purpose": "terms", "words": {"en": {"label": "I agree."}}}
    of = f"/webinars/{theirs.id}"
    cases: list[tuple[str, str, Any]] = [
        ("GET", f"{of}/room", None),
        ("POST", f"{of}/commands", {"type": "broadcast.set", "to": "live"}),
        ("GET", f"{of}/links", None),
        ("POST", f"{of}/links", None),
        ("GET", f"{of}/stage", None),
        ("GET", f"{of}/languages", None),
        ("POST", f"{of}/languages", {"code": "fr"}),
        ("GET", f"{of}/captions", None),
        ("GET", f"{of}/embed", None),
        ("PUT", f"{of}/embed", {"hosts": []}),
        ("GET", f"{of}/notices/en", None),
        ("PUT", f"{of}/notices/en", {"slots": {}}),
        ("PUT", f"{of}/consents", {}),
        ("POST", f"{of}/consents/items", words),
        ("GET", f"{of}/mails", None),
        ("PUT", f"{of}/mails/confirmed/en", {}),
        ("GET", f"{of}/mails/confirmed/en/preview", None),
        ("POST", f"{of}/messages", {"persons": ["A" * 20], "subject": "Hello", "text": "Hello"}),
        ("GET", f"{of}/invitations", None),
        ("POST", f"{of}/duplicates", {"title": "Mine now", "starts_at": "2027-03-20T14:00:00Z"}),
        ("GET", f"{of}/series", None),
        ("GET", f"{of}/register", None),
        ("DELETE", f"{of}/states/paused/picture", None),
        ("GET", f"/webhooks/{their_hook}", None),
        ("PUT", f"/webhooks/{their_hook}", hook),
        ("DELETE", f"/webhooks/{their_hook}", None),
        ("POST", f"/webhooks/{their_hook}/rotate", None),
        ("POST", f"/webhooks/{their_hook}/test", None),
        ("GET", f"/webhooks/{their_hook}/deliveries", None),
        ("PATCH", f"/team/{their_member}", {"role": "auditor"}),
        ("DELETE", f"/team/{their_member}", None),
    ]
    async with program(product, account) as api, program(product, account, [Permission.WEBINAR_SEE]) as reader:
        for method, path, body in cases:
            assert (await api.request(method, path, json=body)).status_code == 404, (method, path)
            if not path.endswith(("/series", "/commands")):
                assert (await reader.request(method, path, json=body)).status_code == 403, (method, path)
        mine = await product.webinar(account)
        live = {"type": "broadcast.set", "to": "live"}
        assert (await reader.post(f"/webinars/{mine.id}/commands", json=live)).status_code == 403
        assert (await api.post(f"/webinars/{mine.id}/mails/confirmed/en/test", json={"member": their_member})).status_code == 404
    assert (await product.row(mine.id)).broadcast == "idle"


async def test_what_a_webinar_plays_is_chosen_by_a_program(product: Product) -> None:
    account = await product.account()
    row, other = await product.webinar(account), await product.webinar(account)
    async with product.work.unit() as unit:
        for webinar in (row, other):
            video = Recording(
                id=f"video-of-{webinar.id}"[:20],
                webinar_id=webinar.id,
                token=f"of-{webinar.id}",
                made_at=unit.now,
                ended_at=unit.now,
                seconds=3600.0,
            )
            unit.session.add(video)
    async with program(product, account) as api:
        at = f"/webinars/{row.id}/plays"
        assert (await api.get(at)).json()["source"] == "live"
        mine, foreign = f"video-of-{row.id}"[:20], f"video-of-{other.id}"[:20]
        for bad in (
            {"source": "simulive", "video": foreign},
            {"source": "ondemand", "video": mine, "days": 366},
            {"source": "x"},
        ):
            assert (await api.put(at, json=bad)).status_code == 422
        chosen = (await api.put(at, json={"source": "ondemand", "video": mine, "days": 7})).json()
        assert (chosen["source"], chosen["video"]) == ("ondemand", mine)
        assert (await product.row(row.id)).ends_at - (await product.row(row.id)).starts_at == timedelta(days=7)
        assert (await api.put(at, json={"source": "live"})).json()["video"] is None
