"""Pages that exist in the demo only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core.http import page
from app.demo.styleguide import styleguide_context


def routes() -> list[BaseRoute]:
    """For the URL map."""
    return [Route("/styleguide", styleguide)]


async def styleguide(request: Request) -> Response:
    """Every component in every state."""

    return page(request, "styleguide/index.html", **styleguide_context())
