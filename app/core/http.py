"""What pages share: reading forms, answering with a page, turning problems into pages or problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from app.core import i18n
from app.core.brand import Brand
from app.core.errors import Problem
from app.core.logging import handler_of, route_of
from app.core.templates import Pages

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIELD_MAX = 20_000
OWN_PAGES = frozenset({403, 404, 410, 429, 500, 503})
"""Statuses with an error page of their own."""


def lang_of(request: Request) -> str:
    """The reader's language: ``?lang=``, the staff profile's, or what the browser prefers."""
    asked = request.query_params.get("lang", "")
    if asked in i18n.languages():
        return asked
    known = getattr(request.state, "lang", None)
    return known if known in i18n.languages() else i18n.choose(request.headers.get("accept-language", ""))


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page from a template. ``user``, ``lang``, ``_`` and the assets are there by themselves."""
    pages: Pages = request.app.state.pages
    lang = lang_of(request)
    staff = getattr(request.state, "staff", None)
    if staff is not None:
        context.setdefault("brand", Brand(name=staff.account_name, accent=staff.colour))
    html = pages.render(
        template,
        request=request,
        lang=lang,
        csp_nonce=getattr(request.state, "csp_nonce", ""),
        user=staff,
        status=status,
        saved="saved" in request.query_params,
        **context,
    )
    return HTMLResponse(html, status_code=status, headers={"Content-Language": lang})


def see_other(path: str) -> RedirectResponse:
    """On to another page of ours after a form (303). Never to an address somebody else chose."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    return RedirectResponse(path, status_code=303)


async def form(request: Request, known: Collection[str]) -> dict[str, str]:
    """The fields of a posted form as text. Unknown names and oversized values are refused."""
    return (await upload(request, known))[0]


async def upload(
    request: Request, known: Collection[str], files: Collection[str] = ()
) -> tuple[dict[str, str], dict[str, bytes]]:
    """As :func:`form`, with one file for each name in ``files``; an empty choice of the browser is left out."""
    async with request.form(max_files=len(files), max_fields=200) as data:
        values: dict[str, str] = {}
        sent: dict[str, bytes] = {}
        for name, value in data.multi_items():
            if name in files and isinstance(value, UploadFile):
                if value.filename:
                    sent[name] = await value.read()
                continue
            if name not in known or not isinstance(value, str):
                raise Problem(
                    "field.unknown", "The form has a field we do not know: {name}", status=422, params={"name": name[:60]}
                )
            if "\x00" in value:
                # PostgreSQL cannot keep it, and nobody types it.
                raise Problem(
                    "field.invalid",
                    "The field {name} holds a character that cannot be stored.",
                    status=422,
                    params={"name": name},
                )
            if len(value) > FIELD_MAX:
                raise Problem("field.too_long", "The field {name} is too long.", status=422, params={"name": name})
            values[name] = value.replace("\r\n", "\n").strip() if "password" not in name else value
        # The names alone, for the audit log.
        request.state.sent = sorted({*values, *sent})[:40]
        return values, sent


async def body(request: Request, kind: type[T]) -> T:
    """The JSON body as ``kind``."""
    try:
        read = msgspec.json.decode(await request.body() or b"{}", type=kind)
        request.state.sent = sorted(getattr(kind, "__struct_fields__", ()))[:40]
        return read
    except msgspec.MsgspecError as error:
        raise Problem("body.invalid", "The body was not understood: {why}", status=422, params={"why": str(error)}) from error


def wants_page(request: Request) -> bool:
    """True for a browser looking at pages, false for programs."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def problem_document(problem: Problem, lang: str) -> Response:
    """RFC 9457."""
    said = i18n.translate(lang, problem.text, problem.params)
    content: dict[str, object] = {
        "type": f"urn:lectern:{problem.code}",
        "title": said,
        "status": problem.status,
        "code": problem.code,
    }
    if problem.fields:
        content["fields"] = {name: i18n.translate(lang, text) for name, text in problem.fields.items()}
    return JSONResponse(content, problem.status, headers=_retry(problem), media_type="application/problem+json")


async def on_problem(request: Request, error: Exception) -> Response:
    """Exception handler of :class:`Problem`."""
    if not isinstance(error, Problem):
        raise error
    if not wants_page(request):
        return problem_document(error, lang_of(request))
    return error_page(request, error)


def error_page(request: Request, problem: Problem) -> Response:
    """The page for a problem that has no form to return to."""
    said = i18n.translate(lang_of(request), problem.text, problem.params)
    template = f"errors/{problem.status}.html" if problem.status in OWN_PAGES else "errors/problem.html"
    answer = page(request, template, status=problem.status, text=said, code=problem.code, retry_after=problem.retry_after)
    answer.headers.update(_retry(problem))
    return answer


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette itself raises, in our words."""
    status = getattr(error, "status_code", 500)
    texts = {
        404: "There is no such page.",
        405: "This address does not take that kind of request.",
    }
    return await on_problem(request, Problem(f"http.{status}", texts.get(status, "This did not work."), status=status))


async def on_fault(request: Request, error: Exception) -> Response:
    """Our own mistake: logged, and said plainly."""
    log.error("request.fault", page=handler_of(request.scope), route=route_of(request.scope), exc_info=error)
    return await on_problem(
        request, Problem("server.fault", "Something went wrong here. Nothing you typed was wrong.", status=500)
    )


def _retry(problem: Problem) -> Mapping[str, str]:
    return {"Retry-After": str(max(1, round(problem.retry_after)))} if problem.retry_after else {}
