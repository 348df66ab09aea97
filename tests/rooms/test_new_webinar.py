"""The page that makes a webinar is not taken for a webinar's own."""

from __future__ import annotations

from app.core.permissions import Role
from tests.support.product import Product


async def test_the_page_for_a_new_webinar_opens(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "ada@meadow.example")
    async with product.client() as client:
        await product.sign_in(client, "ada@meadow.example")
        page = await client.get("/admin/webinars/new")
        assert (page.status_code, 'name="title"' in page.text) == (200, True)
        assert (await client.get("/admin/webinars/old")).status_code == 404
