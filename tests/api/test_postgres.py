"""What the API asks of the database, asked of PostgreSQL too."""

from __future__ import annotations

from pathlib import Path

from app.consent import items, records
from app.consent.items import ItemDetails, Words
from tests.api.stand import program
from tests.api.test_registration import ADA, opened
from tests.support.product import product_on
from tests.support.server import Serve
from tests.support.until import until


async def test_lists_upserts_exports_and_withdrawals_are_the_same_on_postgresql(
    tmp_path: Path, serve_app: Serve, postgres_url: str
) -> None:
    async with product_on(tmp_path, serve_app, database_url=postgres_url) as product:
        account = await product.account()
        async with program(product, account) as api:
            of = await opened(product, api, account)
            webinar = of.rpartition("/")[2]
            for number in range(4):
                await product.webinar(account, title=f"Number {number}")
            seen: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                page = (await api.get("/webinars", params={"limit": 2, "cursor": cursor})).json()
                seen += [one["id"] for one in page["items"]]
                cursor = page["next"]
            assert len(seen) == len(set(seen)) == 5
            async with product.work.unit() as unit:
                item = await items.save(unit, webinar, ItemDetails("text", "marketing", False, {"en": Words("Send me news.")}))
            told = [{"item": item.id, "given": True}]
            once = {"Idempotency-Key": "one"}
            made = [await api.post(f"{of}/registrants", json={**ADA, "consents": told}, headers=once) for _ in range(2)]
            assert [one.status_code for one in made] == [201, 201]
            person = made[0].json()["person"]
            async with product.work.read() as session:
                assert await records.given(session, webinar, purpose="marketing") == {person}
            await api.post(f"{of}/participants/{person}/consents", json={"item": item.id, "given": False})
            async with product.work.read() as session:
                assert await records.given(session, webinar, purpose="marketing") == set()
            for kind in ("registrants", "consents", "chat", "questions", "polls", "statistics"):
                export = (await api.post(f"{of}/exports", json={"kind": kind, "format": "json", "names": True})).json()
                at = f"{of}/exports/{export['id']}"

                async def ready(at: str = at) -> bool:
                    return bool((await api.get(at)).json()["state"] == "ready")

                await until(ready, what=f"the export of {kind} is ready")
                rows = (await api.post(f"{at}/download")).json()
                if kind == "registrants":
                    assert [(one["name"], one["city"]) for one in rows] == [("Ada", "Ghent")]
                if kind == "consents":
                    assert [(one["name"], one["state"]) for one in rows] == [("Ada", "withdrawn")]
            assert (await api.get(f"{of}/statistics")).status_code == 200
            assert (await api.get("/requests")).json() == {"items": []}
