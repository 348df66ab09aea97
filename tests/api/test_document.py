"""The OpenAPI document says what is served, all of it, and judges from outside agree."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import hypothesis
import pytest
from starlette.routing import Route

from app.consent import items, marks
from app.consent.items import ItemDetails, Words
from app.media import languages
from app.routes import url_map
from app.webhooks import endpoints
from app.webhooks.endpoints import Wanted
from tests.api.stand import key_of
from tests.reports.test_exports import registrants
from tests.support.product import Product


def served(product: Product) -> set[tuple[str, str]]:
    """Methods and paths of the URL map below the API's root."""
    return {
        (method, route.path)
        for route in url_map(product.parts)
        if isinstance(route, Route) and route.path.startswith("/api/v1")
        for method in route.methods or ()
        if method != "HEAD"
    }


def documented(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


async def test_every_route_is_in_the_document_and_no_other(product: Product) -> None:
    async with httpx2.AsyncClient(base_url=product.url) as client:
        document = (await client.get("/api/openapi.json")).json()
        live = (await client.get("/api/asyncapi.json")).json()
        page = await client.get("/api", headers={"Accept": "text/html"})
    assert documented(document) == served(product)
    assert document["openapi"] == "3.1.0"
    assert live["asyncapi"].startswith("3.")
    for _, path in documented(document):
        assert path in page.text
    del document["paths"]["/api/v1/webinars"]["post"]
    assert documented(document) != served(product), "negative control"


async def test_types_refuse_unknown_names_and_every_operation_says_what_the_key_needs(product: Product) -> None:
    async with httpx2.AsyncClient(base_url=product.url) as client:
        document = (await client.get("/api/openapi.json")).json()
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            for sent in said.get("requestBody", {}).get("content", {}).values():
                schema = sent.get("schema", {})
                for one in schema.get("anyOf", [schema] if schema else []):
                    name = one["$ref"].rpartition("/")[2]
                    assert schemas[name]["additionalProperties"] is False, name
            assert said.get("x-needs") or path == "/api/v1/key", (method, path)
    for name, schema in schemas.items():
        assert schema["title"] == name


@pytest.mark.filterwarnings("ignore")
async def test_a_stranger_who_reads_the_document_finds_no_fault(product: Product) -> None:
    """schemathesis sends what the document allows and what it forbids; every answer must be a documented one, and none a 5xx."""
    account = await product.account()
    row = await product.webinar(account)
    person, _ = await registrants(product, row.id, ["Ada", "Bob"])
    async with product.work.unit() as unit:
        item = await items.save(unit, row.id, ItemDetails("text", "marketing", False, {"en": Words("I agree to news.")}))
        await marks.disclosed(unit, row.id, [person], "Our CRM", "name")
        hook = await endpoints.make(
            unit, product.parts.vault, account, Wanted(name="CRM", url="https://example.org/", events=("webinar.live",))
        )
        tongue = await languages.add(unit, row.id, "fr")
    key = await key_of(product, account)
    known = {"webinar": row.id, "person": person, "endpoint": hook[0].id, "language": tongue.id, "item": item.id}
    known |= {"lang": "en", "kind": "confirmed", "state": "idle"}
    assert await asyncio.to_thread(explore, product.url, key, known) == []


def explore(url: str, key: str, known: dict[str, str], each: int = 4) -> list[str]:
    """Faults found by ``each`` allowed and forbidden examples of every operation, the same ones in every run."""
    # Loaded here: the other tests need not wait for it.
    import schemathesis
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi import checks

    wanted = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    faults: list[str] = []
    seen: dict[int, int] = {}

    def check(case: Any) -> None:
        erases = case.method == "DELETE" or case.path.endswith("/erasures")
        if sum(seen.values()) % 3 and not erases:
            # Mostly a thing that is there, so that more than 404 is seen.
            case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        try:
            case.validate_response(answer, checks=wanted)
        except (Failure, FailureGroup) as error:
            faults.append(f"{case.method} {case.path} {answer.status_code}: {error!r}"[:800])

    quick = hypothesis.settings(
        deadline=None, database=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
    )
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            # What takes no body has little that could be wrong.
            many = each if found.ok().body else each // 2
            hypothesis.settings(quick, max_examples=many)(
                hypothesis.given(case=found.ok().as_strategy(generation_mode=mode))(check)
            )()
    print(f"answers by status: {dict(sorted(seen.items()))}")
    assert {200, 201, 202, 404, 422} <= seen.keys(), "the examples reached more than the door"
    return faults
