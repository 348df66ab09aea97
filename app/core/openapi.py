"""The OpenAPI 3.1 document, made from the endpoints that are served and the types that decode and encode them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from app.core.api import ROOT, Content, Endpoint

PROBLEM = "application/problem+json"
REFUSALS = {
    400: "The body is not JSON.",
    401: "The key is missing, unknown, withdrawn or expired.",
    403: "The key may not do that, or somebody is too young.",
    404: "There is no such thing in this account.",
    409: "It does not fit to the state of the thing, or somebody changed it at the same time.",
    410: "It is gone for good.",
    412: "Somebody changed it since it was read (`If-Match`).",
    413: "The body is too large.",
    422: "Something in it does not fit; `fields` says what.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A fault of the server.",
    503: "The database is busy; `Retry-After` says when to come back.",
}
_NAME = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{name}"
ABOUT = """\
Everything the admin pages can do, for programs. Make a key under *Integrations → API keys* and send it as `Authorization: Bearer KEY`.

* Lists come in pages: follow `next` as `cursor` until it is null.
* `Idempotency-Key` on a write makes a retry harmless for 24 hours.
* A GET gives an `ETag`; send it as `If-Match` with a change, and nobody's change is overwritten unseen.
* Refusals are problem documents (RFC 9457) with a stable `code`.
* Unknown names in a body or query are refused, so that a typing error is noticed.
"""


class ProblemDocument(Content, frozen=True, kw_only=True):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    fields: dict[str, str] = msgspec.field(default_factory=dict)


def document(endpoints: Sequence[Endpoint], *, origin: str, version: str) -> dict[str, Any]:
    """The document."""
    types = [kind for e in endpoints for kind in (e.body, e.answer) if kind is not None]
    queries = {e.query for e in endpoints if e.query is not None}
    made, schemas = msgspec.json.schema_components([ProblemDocument, *types, *queries], ref_template=_REF)
    known = dict(zip([_key(kind) for kind in (ProblemDocument, *types, *queries)], made, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.address, {})[endpoint.method.lower()] = _operation(endpoint, known, schemas)
    hidden = {query.__name__ for query in queries}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lectern",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": origin}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(e.tag for e in endpoints)],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in hidden},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of the account."}},
        },
    }


def _key(kind: Any) -> str:
    return f"{kind!r}"


def _operation(endpoint: Endpoint, known: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint, schemas), *_headers(endpoint)],
        "responses": _answers(endpoint, known),
    }
    about = [f"The key needs `{endpoint.needs}`."] if endpoint.needs is not None else []
    if about or endpoint.about:
        said["description"] = "\n\n".join([*about, endpoint.about]).strip()
    if endpoint.needs is not None:
        said["x-needs"] = str(endpoint.needs)
    if endpoint.upload:
        said["requestBody"] = {"required": True, "content": {kind: {} for kind in endpoint.upload}}
    if endpoint.body is not None:
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": known[_key(endpoint.body)]}}}
    return said


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 60}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in _NAME.findall(endpoint.path)]


def _query_parameters(endpoint: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = schemas[endpoint.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": one} for name, one in schema["properties"].items()
    ]


def _headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = []
    if endpoint.writes:
        found.append(_header("Idempotency-Key", "Makes a retry harmless.", 200))
    if endpoint.current is not None:
        found.append(_header("If-Match", "The `ETag` of what was read.", 400))
    return found


def _header(name: str, about: str, longest: int) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": about,
        "schema": {"type": "string", "maxLength": longest, "pattern": r"^[\x21-\x7e]+$"},
    }


def _answers(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    problem = {PROBLEM: {"schema": known[_key(ProblemDocument)]}}
    found: dict[str, Any] = {}
    good = endpoint.status if endpoint.answer is not None or endpoint.media_types or endpoint.status != 200 else 204
    found[str(good)] = {"description": "Done.", "headers": _told(endpoint)}
    if endpoint.answer is not None:
        found[str(good)]["content"] = {"application/json": {"schema": known[_key(endpoint.answer)]}}
    elif endpoint.media_types:
        found[str(good)]["content"] = {kind: {} for kind in endpoint.media_types}
    for status, about in endpoint.also.items():
        found[str(status)] = {"description": about}
    if not endpoint.writes:
        found["304"] = {"description": "Nothing changed (`If-None-Match`)."}
    for status, about in REFUSALS.items():
        found.setdefault(str(status), {"description": about, "content": problem})
    return found


def _told(endpoint: Endpoint) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    told = {"RateLimit-Policy": text, "RateLimit": text}
    return told if endpoint.media_types else {**told, "ETag": text}


def listed(endpoints: Sequence[Endpoint]) -> set[tuple[str, str]]:
    """Method and path of every endpoint, to compare with the URL map."""
    return {(e.method, e.address) for e in endpoints if e.address.startswith(ROOT)}
