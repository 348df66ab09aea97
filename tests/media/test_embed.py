"""Where a webinar may be embedded."""

from __future__ import annotations

import pytest

from app.core.errors import Problem
from app.media import embed
from tests.support.product import Product


async def test_the_list_is_checked_and_stands_in_the_policy_of_the_page(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    for wrong in ("example.org", "https://a.example/path", "https://a.example; script-src *", "'none'", "*"):
        async with product.work.unit() as unit:
            with pytest.raises(Problem):
                await embed.change(unit, webinar.id, wrong, interaction=False)
    async with product.client() as client:
        before = await client.get(f"/embed/{webinar.slug}")
        async with product.work.unit() as unit:
            await embed.change(unit, webinar.id, "https://a.example/\n", interaction=False)
        after = await client.get(f"/embed/{webinar.slug}")
        room = await client.get(f"/w/{webinar.slug}/room")
    policies = [
        answer.headers["content-security-policy"].split("frame-ancestors ")[1].split(";")[0] for answer in (before, after, room)
    ]
    assert policies == ["'self'", "'self' https://a.example", "'none'"]
