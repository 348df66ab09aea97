"""Headers of every answer, and what is refused before any page sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.core.permissions import Role
from tests.support.product import Product, product_on
from tests.support.server import Serve


def directives(answer: httpx2.Response) -> dict[str, str]:
    parts = (part.partition(" ") for part in answer.headers["content-security-policy"].split("; "))
    return {name: value for name, _, value in parts}


async def test_every_page_has_the_strict_headers(product: Product) -> None:
    async with product.client() as client:
        pages = [await client.get(path) for path in ("/first-run", "/no-such-page", "/static/no-such-file")]
    for answer in pages:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=(), microphone=()" in answer.headers["permissions-policy"]
        assert "set-cookie" not in answer.headers
    policy = directives(pages[0])
    nonce = policy["script-src"].removeprefix("'self' ")
    assert nonce.startswith("'nonce-")
    assert {name: policy[name] for name in ("default-src", "script-src", "base-uri", "object-src", "form-action")} == {
        "default-src": "'none'",
        "script-src": f"'self' {nonce}",
        "base-uri": "'none'",
        "object-src": "'none'",
        "form-action": "'self'",
    }
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert pages[0].headers["cache-control"] == "no-store"


async def test_a_path_without_end_leads_nowhere(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    webinar = await product.webinar(account)
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        part = f"/admin/webinars/{webinar.id}/videos/{'a' * 20}/"
        for number in ("0", "9" * 1000, "9" * 5000):
            answer = await owner.put(part + number, content=b"x", headers={"origin": product.url})
            assert answer.status_code == 404, number[:10]


async def test_a_nonce_serves_one_page_only(product: Product) -> None:
    async with product.client() as client:
        first, second = [directives(await client.get("/first-run"))["script-src"] for _ in range(2)]
    assert first != second


async def test_by_https_the_cookie_is_bound_to_the_host_and_plain_http_is_given_up(tmp_path: Path, serve_app: Serve) -> None:
    async with product_on(tmp_path, serve_app) as plain, plain.client() as client:
        assert "strict-transport-security" not in (await client.get("/first-run")).headers
    from app.accounts.current import cookie_name
    from app.settings import Settings

    assert cookie_name(Settings(public_url="https://webinars.example.org")) == "__Host-lectern"
    assert cookie_name(Settings(public_url="http://127.0.0.1:8000")) == "lectern"


@pytest.mark.parametrize("host", ["a/?x=", "evil.example/x?", "a@b", "a b", "evil.example\\x", "", "a:1:2"])
async def test_a_host_that_is_no_host_is_refused(product: Product, host: str) -> None:
    answer = await raw(product, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert answer.split(b"\r\n")[0].split()[1] == b"400"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]:8000", "lb-check.internal"])
async def test_a_host_of_another_name_is_served_and_never_repeated(product: Product, host: str) -> None:
    await product.member(await product.account(), Role.OWNER, "owner@example.org")
    answer = await raw(
        product, f"GET /admin HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert answer.split(b"\r\n")[0].split()[1] == b"303"
    assert b"location: /sign-in?next=/admin" in answer.lower()
    assert b"evil.example" not in answer
    assert host.encode() not in answer


async def raw(product: Product, request: str) -> bytes:
    """What the server answers to exactly these bytes."""
    host, _, port = product.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_body_that_is_too_large_is_refused_whether_announced_or_not(product: Product) -> None:
    limit = product.parts.settings.body_limit

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(limit // 65536 + 2):
            yield b"x" * 65536

    webinar = await product.webinar(await product.account())
    async with product.client() as client:
        announced = await client.post("/sign-in", content=b"x" * (limit + 1))
        unannounced = await client.post(f"/w/{webinar.slug}/ticket", content=pieces())
    assert (announced.status_code, unannounced.status_code) == (413, 413)


async def test_programs_get_a_problem_document_and_people_a_page(product: Product) -> None:
    async with product.client() as client:
        page = await client.get("/no-such-page")
        document = await client.get("/no-such-page", headers={"Accept": "application/json"})
    assert page.headers["content-type"].startswith("text/html")
    assert document.headers["content-type"] == "application/problem+json"
    assert document.json() == {
        "type": "urn:lectern:http.404",
        "title": "There is no such page.",
        "status": 404,
        "code": "http.404",
    }


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"]
)
async def test_signing_in_never_leads_to_another_site(product: Product, onward: str) -> None:
    await product.member(await product.account(), Role.OWNER, "owner@example.org")
    from tests.support.product import PASSWORD

    async with product.client() as client:
        answer = await client.post("/sign-in", data={"email": "owner@example.org", "password": PASSWORD, "next": onward})
        assert answer.status_code == 303
        landed = httpx2.URL(product.url).join(answer.headers["location"])
    assert str(landed).startswith(product.url + "/")
