"""The API's documents: OpenAPI for programs, and a page for people, from the same declarations and from this server alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.api import Endpoint
from app.core.http import page
from app.core.openapi import PROBLEM, REFUSALS, document

VERSION = "1.0"


class ApiDocuments:
    """Handlers and their routes."""

    def __init__(self, endpoints: Sequence[Endpoint], origin: str) -> None:
        self._origin = origin
        self._document = document(endpoints, origin=origin, version=VERSION)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [Route("/api", self.page), Route("/api/openapi.json", self.openapi)]

    async def openapi(self, _request: Request) -> Response:
        """OpenAPI 3.1."""
        return JSONResponse(self._document)

    async def page(self, request: Request) -> Response:
        """The same to read."""
        tags: dict[str, list[dict[str, Any]]] = {}
        for path, methods in self._document["paths"].items():
            for method, said in methods.items():
                tags.setdefault(said["tags"][0], []).append(_shown(path, method, said))
        schemas = {name: _fields(schema) for name, schema in sorted(self._document["components"]["schemas"].items())}
        return page(request, "api/index.html", tags=tags, schemas=schemas, refusals=REFUSALS, origin=self._origin)


def _shown(path: str, method: str, said: dict[str, Any]) -> dict[str, Any]:
    good = next(status for status in said["responses"] if status < "300")
    content = said["responses"][good].get("content", {})
    sent = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "path": path,
        "method": method.upper(),
        "id": said["operationId"],
        "summary": said["summary"],
        "needs": said.get("x-needs", ""),
        "parameters": [{**one, "type": _type(one["schema"])} for one in said["parameters"]],
        "body": _type(sent) if sent else "",
        "status": good,
        "answer": next(
            (_type(one["schema"]) if "schema" in one else kind for kind, one in content.items() if kind != PROBLEM), ""
        ),
    }


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", [])
    return {
        "about": schema.get("description", ""),
        "fields": [
            {"name": name, "type": _type(one), "required": name in required, "default": one.get("default")}
            for name, one in schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few signs."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items') or {})}]"
    if schema.get("type") == "object":
        return f"{{name: {_type(schema.get('additionalProperties') or {})}}}"
    name = str(schema.get("format") or schema.get("type") or "any")
    bounds = {"minimum": "≥", "maximum": "≤", "minLength": "at least", "maxLength": "at most"}
    said = [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    return f"{name} ({', '.join(said)})" if said else name
