"""The browser's files: styles, modules, icons and images of ``frontend/``, read once at start and served from memory.

Addresses carry a digest of the content and are cached for a year. Nothing outside the listed folders can be reached, because nothing
is looked up on disk when a request comes. Stylesheets are joined along their ``@import`` lines; modules stay as they are written.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import msgspec
from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.core.modules import Modules

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".vtt": "text/vtt; charset=utf-8",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
}
FOREVER = "public, max-age=31536000, immutable"
SPRITE = "icons.svg"

_IMPORT = re.compile(r"""@import\s+url\(["']?([^"')]+)["']?\)(?:\s+layer\(([\w.-]+)\))?\s*;""")
_CSS_URL = re.compile(r"""url\(["']?(?!data:|#|/)([^"')]+)["']?\)""")
_DIGEST = re.compile(r"^(.*)-([0-9a-f]{12})(\.\w+)$")
_ICON = re.compile(r"""\bicon(?:_name)?\s*(?:\(|=|:)\s*["']([a-z0-9-]+)["']""")
# Macros that take an icon as a later, unnamed argument: every quoted word of the call is looked at.
_CALLS = re.compile(r"""\b(?:icon_button|link_button|button|empty|tag|menu|field)\(((?:[^()]|\([^()]*\))*)\)""")
_QUOTED = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")
_SVG = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)

# Runs before the first paint; a module would come too late and the page would flash.
THEME_SCRIPT = 'try{var t=sessionStorage.getItem("lectern.theme");if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}catch(e){}'


class LibrariesMissing(LookupError):
    """The browser's libraries are not installed; the text says how to mend it."""


@dataclass(frozen=True)
class Asset:
    """One file as it goes out."""

    path: str
    body: bytes
    digest: str
    media_type: str

    @cached_property
    def packed(self) -> bytes:
        """The body by gzip, made when it is first wanted, so that a start does not wait for it."""
        return gzip.compress(self.body, 9, mtime=0)


class Weight(msgspec.Struct, frozen=True):
    """What a page loads before it works: modules of our own, all modules, and bytes as sent (gzip)."""

    own: int
    modules: int
    size: int


class Assets:
    """All files of ``root`` that browsers may have. An ASGI app, to be mounted at ``prefix``; pages ask it for addresses."""

    theme_script = Markup(THEME_SCRIPT)  # noqa: S704 - a constant of this module

    def __init__(self, root: Path, prefix: str = "/static") -> None:
        self.root = root
        self.prefix = prefix.rstrip("/")
        self._names: dict[str, str] = json.loads((root / "importmap.json").read_text())["imports"]
        self._sources: dict[str, bytes] = {}
        self._assets: dict[str, Asset] = {}
        self._icons = _icon_names(root)
        self._collect()
        self._modules = Modules(self._text, self._names)
        self._add_libraries()
        self._add(SPRITE, _sprite(root / "node_modules/lucide-static/icons", self._icons))
        for path in sorted(self._sources):
            if path.endswith(".css"):
                self._add(path, self._joined(path).encode())
        self._importmap = lru_cache(maxsize=None)(self._make_importmap)

    # What pages ask for

    def url(self, path: str) -> str:
        """Address of a file with its digest. Raises ``LookupError`` when there is no such file."""
        asset = self._assets.get(path)
        if asset is None:
            raise LookupError(f"There is no frontend/{path}.")
        stem, suffix = posixpath.splitext(path)
        return f"{self.prefix}/{stem}-{asset.digest}{suffix}"

    @property
    def sprite(self) -> str:
        """Address of the icon sprite."""
        return self.url(SPRITE)

    def icon(self, name: str) -> str:
        """Address of one icon. Raises ``LookupError`` when it is in no template, module or ``icons.json``."""
        if name not in self._icons:
            raise LookupError(f"The icon {name!r} is not in the sprite. Add its name to frontend/icons.json.")
        return f"{self.sprite}#{name}"

    def importmap(self, entry: str) -> Markup:
        """The import map of a page whose module is ``entry``: names and undigested addresses to digested ones."""
        return Markup(self._importmap(entry))  # noqa: S704 - JSON with "<" escaped

    def preloads(self, entry: str) -> list[str]:
        """Addresses of all modules that ``entry`` needs at once, without itself."""
        return [self.url(path) for path in self._modules.eager(entry)[1:]]

    def weight(self, entry: str, *styles: str) -> Weight:
        """What ``entry`` costs a browser with an empty cache, with the given stylesheets."""
        paths = self._modules.eager(entry)
        own = sum(1 for path in paths if not path.startswith("node_modules/"))
        return Weight(own, len(paths), sum(len(self._assets[path].packed) for path in (*paths, *styles)))

    # Serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD below the mount."""
        await self._respond(scope)(scope, receive, send)

    def _respond(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Only GET is possible here.", 405, {"allow": "GET, HEAD"})
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(self.prefix).lstrip("/")
        asset, exact = self._find(path)
        if asset is None:
            return PlainTextResponse("There is no such file.", 404, {"cache-control": "no-store"})
        return _answer(asset, Headers(scope=scope), exact=exact)

    def _find(self, path: str) -> tuple[Asset | None, bool]:
        """The asset, and whether the digest fits. An old digest gets today's file, so that a page from before an update still works."""
        if path in self._assets:
            return self._assets[path], False
        if (parts := _DIGEST.match(path)) and (asset := self._assets.get(parts[1] + parts[3])):
            return asset, asset.digest == parts[2]
        return None, False

    # Reading

    def _collect(self) -> None:
        for folder in ("styles", "src", "images", "sounds"):
            for file in sorted((self.root / folder).rglob("*")):
                if file.is_file() and file.suffix in MEDIA_TYPES:
                    path = file.relative_to(self.root).as_posix()
                    self._sources[path] = file.read_bytes()
                    if file.suffix != ".css":
                        self._add(path, self._sources[path])

    def _add_libraries(self) -> None:
        """Of ``node_modules`` only what our modules reach."""
        own = [path for path in self._sources if path.endswith(".js")]
        for entry in own:
            for path in self._modules.reachable(entry):
                if path not in self._assets:
                    self._add(path, self._text(path).encode())

    def _text(self, path: str) -> str:
        if path not in self._sources:
            if not path.startswith("node_modules/") or ".." in path:
                raise KeyError(path)
            try:
                self._sources[path] = (self.root / path).read_bytes()
            except OSError:
                raise KeyError(path) from None
        return self._sources[path].decode()

    def _add(self, path: str, body: bytes) -> None:
        media_type = MEDIA_TYPES[posixpath.splitext(path)[1]]
        digest = hashlib.sha256(body).hexdigest()[:12]
        self._assets[path] = Asset(path, body, digest, media_type)

    def _joined(self, path: str, seen: tuple[str, ...] = ()) -> str:
        """A stylesheet with its imports in place and its own addresses digested."""
        if path in seen:
            raise LookupError(f"frontend/{path} imports itself.")
        folder = posixpath.dirname(path)

        def inline(match: re.Match[str]) -> str:
            target = posixpath.normpath(posixpath.join(folder, match[1]))
            if target not in self._sources:
                raise LookupError(f"frontend/{path} imports {match[1]}, and there is no frontend/{target}.")
            body = self._joined(target, (*seen, path))
            return f"@layer {match[2]} {{\n{body}}}" if match[2] else body

        def digested(match: re.Match[str]) -> str:
            return f'url("{self.url(posixpath.normpath(posixpath.join(folder, match[1])))}")'

        return _CSS_URL.sub(digested, _IMPORT.sub(inline, self._sources[path].decode()))

    def _make_importmap(self, entry: str) -> str:
        paths = self._modules.reachable(entry)
        imports = {name: self.url(path) for name, path in self._modules.bare_names(paths).items()}
        imports |= {f"{self.prefix}/{path}": self.url(path) for path in paths}
        return json.dumps({"imports": dict(sorted(imports.items()))}, separators=(",", ":")).replace("<", "\\u003c")


@cache
def assets_of(root: Path) -> Assets:
    """The files of ``root``, read once in the life of the process."""
    return Assets(root)


def _answer(asset: Asset, headers: Headers, *, exact: bool) -> Response:
    out = {
        "cache-control": FOREVER if exact else "no-cache",
        "etag": f'"{asset.digest}"',
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
    }
    if headers.get("if-none-match") == out["etag"]:
        return Response(status_code=304, headers=out)
    body = asset.body
    if len(asset.packed) < len(body) and "gzip" in headers.get("accept-encoding", ""):
        body, out["content-encoding"] = asset.packed, "gzip"
    return Response(body, headers=out, media_type=asset.media_type)


def _icon_names(root: Path) -> frozenset[str]:
    """Names in ``icons.json``, and every icon that a template or module names in writing."""
    if not (root / "node_modules/lucide-static").is_dir():
        raise LibrariesMissing("The browser libraries are not installed. Run: npm ci --omit=dev in frontend/ (bin/run does it).")
    available = {file.stem for file in (root / "node_modules/lucide-static/icons").glob("*.svg")}
    names: set[str] = set(json.loads((root / "icons.json").read_text()))
    for source in _readable(root):
        named = _ICON.findall(source) + [word for call in _CALLS.findall(source) for word in _QUOTED.findall(call)]
        names |= available.intersection(named)
    if missing := names - available:
        raise LookupError(f"Lucide has no icon named {', '.join(sorted(missing))}.")
    return frozenset(names)


def _readable(root: Path) -> Iterable[str]:
    for folder, pattern in (("templates", "*.html"), ("src", "*.js")):
        for file in (root / folder).rglob(pattern):
            yield file.read_text()


def _sprite(folder: Path, names: Iterable[str]) -> bytes:
    symbols = []
    for name in sorted(names):
        found = _SVG.search((folder / f"{name}.svg").read_text())
        if found:
            inner = re.sub(r"\s+", " ", found[1]).strip()
            symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'.encode()
