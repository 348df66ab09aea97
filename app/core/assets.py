"""Files of the frontend, served as they are: no build step.

One digest over all of them stands in every address, so browsers may keep them for ever and modules import each other by relative
paths. Pages list what they will import as ``modulepreload``, found by walking the imports at start. Libraries come from
``node_modules``, installed by ``npm ci``; nothing is fetched from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import posixpath
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.core.errors import not_found

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
OWN = ("src", "styles", "images")
STYLE_ORDER = ("reset", "tokens", "base", "layout", "forms")
_IMPORT = re.compile(r"""(?:^|[;\n])\s*(?:import|export)\b[^;'"()]*?["']([^"']+)["']""")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


class AssetsError(Exception):
    """The browser libraries are not installed."""


class Assets:
    """All files, by the name a page calls them (``styles/base.css``)."""

    def __init__(self, root: Path = FRONTEND) -> None:
        self._root = root
        self._imports: dict[str, str] = json.loads((root / "importmap.json").read_text())["imports"]
        self._own = [p for folder in OWN for p in sorted((root / folder).rglob("*")) if p.is_file()]
        self._libraries = self._installed()
        self.prefix = f"/static/{self._digest()}/"
        self.importmap = json.dumps({"imports": {name: self.prefix + path for name, path in self._imports.items()}})
        self.icons = _sprite(root)

    def url(self, name: str) -> str:
        """Address of a file."""
        if not (self._root / name).is_file():
            raise KeyError(name)
        return self.prefix + name

    def styles(self) -> list[str]:
        """Addresses of all style sheets: the base in its order, then one for each component."""
        names = [p.relative_to(self._root).as_posix() for p in self._own if p.suffix == ".css"]

        def rank(name: str) -> tuple[int, str]:
            stem = Path(name).stem.lstrip("_")
            return (STYLE_ORDER.index(stem) if stem in STYLE_ORDER else len(STYLE_ORDER), name)

        return [self.url(name) for name in sorted(names, key=rank)]

    def preload(self, entry: str) -> list[str]:
        """Addresses of all modules that ``entry`` (``src/pages/room.js``) imports at once, own and libraries'."""
        seen: dict[str, None] = {}
        waiting = [entry]
        while waiting:
            name = waiting.pop(0)
            if name in seen or not (self._root / name).is_file():
                continue
            seen[name] = None
            waiting.extend(self._wanted_by(name))
        return [self.url(name) for name in seen if name != entry]

    async def serve(self, request: Request) -> Response:
        """Route handler of ``/static/{digest}/{path}``."""
        name = request.path_params["path"]
        path = (self._root / name).resolve()
        allowed = any(path.is_relative_to(folder) for folder in self._folders())
        if not request.url.path.startswith(self.prefix) or not allowed or not path.is_file():
            raise not_found()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    def _folders(self) -> list[Path]:
        return [(self._root / folder).resolve() for folder in OWN] + self._libraries

    def _installed(self) -> list[Path]:
        packages = set()
        for name, relative in self._imports.items():
            parts = relative.split("/")
            package = "/".join(parts[: 3 if parts[1].startswith("@") else 2])
            if not (self._root / relative.rstrip("/")).exists():
                raise AssetsError(f"{name} is not installed. Run: npm ci --omit=dev in frontend/ (bin/run does it).")
            packages.add((self._root / package).resolve())
        return sorted(packages)

    def _digest(self) -> str:
        digest = hashlib.sha256((self._root / "package-lock.json").read_bytes())
        for path in self._own:
            digest.update(path.relative_to(self._root).as_posix().encode() + path.read_bytes())
        return digest.hexdigest()[:12]

    def _wanted_by(self, name: str) -> list[str]:
        found = []
        for wanted in _IMPORT.findall((self._root / name).read_text()):
            if wanted.startswith("."):
                found.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted)))
            elif wanted in self._imports:
                found.append(self._imports[wanted])
            else:
                folder = next((key for key in self._imports if key.endswith("/") and wanted.startswith(key)), None)
                if folder:
                    found.append(self._imports[folder] + wanted[len(folder) :])
        return found


def _sprite(root: Path) -> str:
    """One SVG with every icon that ``icons.json`` names, from lucide-static."""
    names: list[str] = json.loads((root / "icons.json").read_text())
    symbols = []
    for name in names:
        path = root / "node_modules" / "lucide-static" / "icons" / f"{name}.svg"
        if not path.is_file():
            raise AssetsError(f"The icon {name} is not installed. Run: npm ci in frontend/.")
        inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", path.read_text(), flags=re.DOTALL)
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{inner.strip()}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'
