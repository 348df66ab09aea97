"""The API's frame: keys, refusals, retries, changes at the same time, limits, pages."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, update

from app.accounts.models_keys import ApiKey
from app.core import api_router
from app.core.api_router import ApiReplay, forget_replays
from app.core.errors import Problem
from app.core.ids import new_id, new_secret
from app.core.permissions import Permission, Role
from app.media.models_recordings import Recording
from app.privacy.certificate import verify
from app.privacy.models import AuditEntry
from app.rooms.models import Webinar
from tests.api.stand import key_of, program
from tests.support.product import Product
from tests.support.until import until

NEW = {"title": "How bees find home", "starts_at": "2027-01-15T14:00:00Z"}


async def test_a_key_is_shown_once_kept_as_a_hash_and_ends_at_once(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "olivia@example.org")
    async with product.client() as staff, httpx2.AsyncClient(base_url=f"{product.url}/api/v1") as api:
        await product.sign_in(staff, "olivia@example.org")
        refused = await staff.post("/admin/integrations/keys", data={"name": "", "days": "30"})
        assert (refused.status_code, "Choose what the key may do." in refused.text) == (422, True)
        wanted = {"name": "Our website", "days": "30", "scope_webinar.see": "on"}
        page = (await staff.post("/admin/integrations/keys", data=wanted)).text
        secret = page.split("data-secret>")[1].split("<")[0]
        assert secret not in (await staff.get("/admin/integrations/keys")).text
        async with product.work.read() as session:
            row = (await session.execute(select(ApiKey))).scalar_one()
        assert secret not in (row.hash, row.hint)
        headers = {"Authorization": f"Bearer {secret}"}
        said = (await api.get("/key", headers=headers)).json()
        assert (said["name"], said["scopes"]) == ("Our website", ["webinar.see"])
        async with product.work.read() as session:
            used = (await session.execute(select(ApiKey.used_on))).scalar_one()
        assert used is not None
        assert not hasattr(used, "hour"), "the day, not the time"
        assert (await staff.post(f"/admin/integrations/keys/{row.id}/withdraw")).status_code == 303
        assert (await api.get("/key", headers=headers)).status_code == 401


async def test_without_a_good_key_nothing_is_said(product: Product) -> None:
    account = await product.account()
    old = await key_of(product, account)
    async with product.work.unit() as unit:
        await unit.session.execute(update(ApiKey).values(expires_at=unit.now - timedelta(seconds=1)))
    async with httpx2.AsyncClient(base_url=f"{product.url}/api/v1") as api:
        for given in ("", "Bearer", "Bearer lk_wrong", "Basic bGs6bGs=", f"Bearer {old}"):
            answer = await api.get("/webinars", headers={"Authorization": given} if given else {})
            assert answer.status_code == 401, given
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["code"] == "key.invalid"


async def test_a_key_does_only_what_it_was_given_and_sees_only_its_account(product: Product) -> None:
    account, other = await product.account(), await product.account("Elsewhere")
    mine, theirs = await product.webinar(account), await product.webinar(other)
    async with program(product, account, [Permission.WEBINAR_SEE]) as api:
        assert (await api.post("/webinars", json=NEW)).status_code == 403
        assert (await api.get(f"/webinars/{mine.id}/consents")).status_code == 403
        assert [one["id"] for one in (await api.get("/webinars")).json()["items"]] == [mine.id]
    async with program(product, account) as api:
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("DELETE", ""),
            ("GET", "/questions"),
            ("GET", "/consents"),
            ("GET", "/notices"),
            ("GET", "/consents/records"),
            ("GET", "/exports"),
            ("GET", "/statistics"),
            ("GET", "/participants/AAAAAAAAAAAAAAAAAAAA/data"),
            ("GET", "/participants/AAAAAAAAAAAAAAAAAAAA/marks"),
        ):
            answer = await api.request(method, f"/webinars/{theirs.id}{path}", json={} if method == "PATCH" else None)
            assert answer.status_code == 404, (method, path)


async def test_what_is_not_known_or_does_not_fit_is_refused_with_the_reason(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        cases = [
            ({**NEW, "owner": "me"}, 422, "body.invalid"),
            ({**NEW, "title": "x"}, 422, "body.invalid"),
            ({**NEW, "starts_at": "tomorrow"}, 422, "body.invalid"),
            ({**NEW, "starts_at": "2027-01-15T14:00:00"}, 422, "body.invalid"),
            ({**NEW, "zone": "Moon/Base"}, 422, "fields.invalid"),
            ({**NEW, "minutes": 1}, 422, "body.invalid"),
        ]
        for body, status, code in cases:
            answer = await api.post("/webinars", json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), body
        broken = await api.post("/webinars", content=b"{", headers={"content-type": "application/json"})
        assert (broken.status_code, broken.json()["code"]) == (400, "body.invalid")
        for path in ("/webinars?page=2", "/webinars?limit=0", "/webinars?limit=many", "/webinars?cursor=x", "/key?limit=1"):
            assert (await api.get(path)).status_code == 422, path
        assert (await api.get("/nothing")).status_code == 404
        assert (await api.delete("/webinars")).status_code == 405


async def test_a_retry_with_the_same_idempotency_key_does_it_once(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api, program(product, account) as another:
        headers = {"Idempotency-Key": "order-4711"}
        first = await api.post("/webinars", json=NEW, headers=headers)
        again = await api.post("/webinars", json=NEW, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert again.headers["idempotent-replayed"] == "true"
        other = await api.post("/webinars", json={**NEW, "title": "Another"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
        assert (await another.post("/webinars", json=NEW, headers=headers)).json()["id"] != first.json()["id"]
        assert len((await api.get("/webinars")).json()["items"]) == 2
    async with product.work.unit() as unit:
        assert (await unit.session.execute(select(func.count()).select_from(ApiReplay))).scalar_one() == 2
        await unit.session.execute(update(ApiReplay).values(at=unit.now - timedelta(hours=25)))
    await forget_replays(product.work)
    async with product.work.read() as session:
        assert (await session.execute(select(ApiReplay.id))).first() is None, "a day later nothing is remembered"


async def test_nobodys_change_is_overwritten_unseen(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account)
    async with program(product, account) as api:
        seen = await api.get(f"/webinars/{row.id}")
        same = await api.get(f"/webinars/{row.id}", headers={"If-None-Match": seen.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        tag = {"If-Match": seen.headers["etag"]}
        changed = await api.patch(f"/webinars/{row.id}", json={"title": "A better title"}, headers=tag)
        assert (changed.status_code, changed.json()["title"]) == (200, "A better title")
        late = await api.patch(f"/webinars/{row.id}", json={"title": "Too late"}, headers=tag)
        assert (late.status_code, late.json()["code"]) == (412, "changed.meanwhile")
        kept = (await api.get(f"/webinars/{row.id}")).json()
        assert {**seen.json(), "title": "A better title"} == kept, "what was not said stays"


async def test_lists_come_in_pages_that_lose_and_repeat_nothing(product: Product) -> None:
    account = await product.account()
    made = {(await product.webinar(account, title=f"Number {n}")).id for n in range(7)}
    async with program(product, account) as api:
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await api.get("/webinars", params={"limit": 3, "cursor": cursor})).json()
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = page["next"]
    assert len(seen) == 7
    assert set(seen) == made


async def test_the_limit_is_told_and_held(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        answer = await api.get("/key")
        assert answer.headers["ratelimit-policy"] == f'"default";q={api_router.PER_MINUTE};w=60'
        assert answer.headers["ratelimit"].startswith(f'"default";r={api_router.PER_MINUTE - 1};t=')
        statuses = {(await api.get("/key")).status_code for _ in range(3)}
        assert statuses == {200}
    counters = product.work.counters
    window = [await api_router.take(counters, "one") for _ in range(api_router.PER_MINUTE)]
    assert window[-1].startswith('"default";r=0')
    with pytest.raises(Problem) as refused:
        await api_router.take(counters, "one")
    assert refused.value.status == 429
    assert refused.value.retry_after
    assert (await api_router.take(counters, "another")).startswith('"default";r=599')


async def done(api: httpx2.AsyncClient, erasure: str) -> bool:
    said = (await api.get(f"/erasures/{erasure}")).json()
    return bool(said["state"] == "done" and verify(said["certificate"]).kind == "webinar")


async def test_every_write_is_in_the_accounts_log_and_an_erasure_by_api_is_a_real_one(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account)
    async with program(product, account) as api:
        await api.patch(f"/webinars/{row.id}", json={"title": "A better title"})
        started = await api.delete(f"/webinars/{row.id}")
        assert started.status_code == 202
        await until(lambda: done(api, started.json()["id"]), what="the erasure is done")
        assert (await api.get(f"/webinars/{row.id}")).status_code == 404
    async with product.work.read() as session:
        actions = (await session.execute(select(AuditEntry.action).where(AuditEntry.role == "api"))).scalars().all()
        assert await session.get(Webinar, row.id) is None
    assert {"api.changeWebinar", "api.eraseWebinar", "erase.webinar"} <= set(actions)


async def test_recordings_are_listed_published_and_deleted(product: Product) -> None:
    account = await product.account()
    row, other = await product.webinar(account), await product.webinar(await product.account("Elsewhere"))
    tape = Recording(id=new_id(), webinar_id=row.id, token=new_secret(), made_at=product.work.clock.now(), chapters=[])
    async with product.work.unit() as unit:
        unit.session.add(tape)
    async with program(product, account) as api:
        of = f"/webinars/{row.id}/recordings"
        assert [one["published"] for one in (await api.get(of)).json()["items"]] == [False]
        shown = await api.patch(f"{of}/{tape.id}", json={"published": True})
        assert (shown.status_code, shown.json()["published"]) == (200, True)
        assert (await api.patch(f"/webinars/{other.id}/recordings/{tape.id}", json={"published": False})).status_code == 404
        vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nGood morning.\n"
        put = await api.put(f"{of}/{tape.id}/captions/en", content=vtt, headers={"content-type": "text/vtt"})
        assert [(one["lang"], one["lines"]) for one in put.json()["items"]] == [("en", 1)]
        assert (await api.delete(f"{of}/{tape.id}/captions/en")).json() == {"items": []}
        cut = await api.patch(f"{of}/{tape.id}", json={"start": 5, "end": 65.5, "chapters": [{"at": 7, "title": "Hello"}]})
        assert (cut.json()["start"], cut.json()["end"], len(cut.json()["chapters"])) == (5.0, 65.5, 1)
        assert (await api.patch(f"{of}/{tape.id}", json={"end": 1})).status_code == 422
        once = {"Idempotency-Key": "gone"}
        assert [(await api.delete(f"{of}/{tape.id}", headers=once)).status_code for _ in range(2)] == [204, 204]
        assert (await api.get(of)).json() == {"items": []}


async def test_a_program_answers_a_question_and_the_room_sees_it_at_once(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account, questions="open")
    async with program(product, account) as api, product.join(row.id) as ann:
        asked = await ann.ask("question.ask", text="Do bees sleep?", name="Ann")
        assert asked["type"] == "ok", asked
        of = f"/webinars/{row.id}/questions"
        (question,) = (await api.get(of)).json()["items"]
        assert (question["text"], question["name"], question["person"]) == ("Do bees sleep?", "Ann", ann.person)
        answered = await api.post(f"{of}/{question['id']}/decision", json={"do": "answer", "text": "At night."})
        assert (answered.status_code, answered.json()["answer"]) == (200, "At night.")
        await ann.read_until(lambda: any(one.get("answer") == "At night." for one in ann.entities.values()))
        again = await api.post(f"{of}/{question['id']}/decision", json={"do": "approve"})
        assert again.status_code == 409
