"""A program with a key, as integrators have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import httpx2

from app.accounts import api_keys
from app.accounts.staff import Current
from app.core.ids import new_id
from app.core.permissions import Permission, Role, permissions_of
from tests.support.product import Product

ALL = tuple(api_keys.SCOPES)


async def key_of(product: Product, account_id: str, scopes: Collection[Permission] = ALL, days: int = 30) -> str:
    """A key's secret, made as the page makes it."""
    who = Current(
        staff_id=new_id(),
        account_id=account_id,
        account_name="Meadow",
        colour="",
        name="Olivia",
        email="olivia@example.org",
        role=Role.OWNER,
        permissions=permissions_of(Role.OWNER),
        lang="en",
        session=new_id(),
    )
    async with product.work.unit() as unit:
        _, secret = await api_keys.make(unit, who, name="Our website", scopes=[str(scope) for scope in scopes], days=days)
    return secret


@asynccontextmanager
async def program(product: Product, account_id: str, scopes: Collection[Permission] = ALL) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that sends its key."""
    headers = {"Authorization": f"Bearer {await key_of(product, account_id, scopes)}", "Accept": "application/json"}
    async with httpx2.AsyncClient(base_url=f"{product.url}/api/v1", headers=headers) as client:
        yield client
