"""Which module imports which: read from the sources at start, so that pages can preload what they need and map names to files.

It understands the import statements of this frontend and of the libraries it uses; it is no parser of JavaScript.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

_STATIC = re.compile(
    r"""(?:^|[;}\s*/])(?:import|export)\s*(?:[\w$*{][^'"();=]*?\bfrom\s*|[{*][^'"();=]*?\}?\s*from\s*)?["']([^"'\s]+)["']"""
)
_DYNAMIC = re.compile(r"""\bimport\(\s*["']([^"'\s]+)["']\s*\)""")
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)


class ModuleError(LookupError):
    """A module imports something that is not there; the text says which and from where."""


class Imports(msgspec.Struct, frozen=True):
    """What one module asks for, as ``specifier → path``; ``lazy`` only when the code gets there."""

    eager: dict[str, str]
    lazy: dict[str, str]


class Modules:
    """The import graph. ``read`` gives a module's source by its path and raises ``KeyError`` when there is none."""

    def __init__(self, read: Callable[[str], str], names: Mapping[str, str]) -> None:
        self._read = read
        self._names = names
        self._known: dict[str, Imports] = {}

    def imports(self, path: str) -> Imports:
        """Imports of one module. Raises :class:`ModuleError` when one cannot be found."""
        if path not in self._known:
            source = self._read(path)
            if not path.startswith("node_modules/"):
                source = _COMMENT.sub("", source)
            self._known[path] = Imports(
                eager={name: self._resolve(name, path) for name in _STATIC.findall(source)},
                lazy={name: self._resolve(name, path) for name in _DYNAMIC.findall(source)},
            )
        return self._known[path]

    def eager(self, entry: str) -> list[str]:
        """``entry`` and all it needs before its first line runs, in the order of discovery."""
        return list(self._walk(entry, lazily=False))

    def reachable(self, entry: str) -> list[str]:
        """``entry`` and all it may ever load."""
        return list(self._walk(entry, lazily=True))

    def bare_names(self, paths: list[str]) -> dict[str, str]:
        """Specifiers without a path (``lit``) that ``paths`` use, with the files they mean."""
        used: dict[str, str] = {}
        for path in paths:
            found = self.imports(path)
            used |= {name: target for name, target in (found.eager | found.lazy).items() if not name.startswith(".")}
        return used

    def _walk(self, entry: str, *, lazily: bool) -> Iterator[str]:
        seen, waiting = {entry}, [entry]
        while waiting:
            path = waiting.pop(0)
            yield path
            found = self.imports(path)
            for target in (*found.eager.values(), *(found.lazy.values() if lazily else ())):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)

    def _resolve(self, name: str, importer: str) -> str:
        path = self._path(name, importer)
        try:
            self._read(path)
        except KeyError:
            raise ModuleError(f"{importer} imports {name!r}, and there is no {path}.") from None
        return path

    def _path(self, name: str, importer: str) -> str:
        if name.startswith("."):
            return posixpath.normpath(posixpath.join(posixpath.dirname(importer), name))
        if name in self._names:
            return self._names[name]
        prefixes = [prefix for prefix in self._names if prefix.endswith("/") and name.startswith(prefix)]
        if not prefixes:
            raise ModuleError(f"{importer} imports {name!r}, which frontend/importmap.json does not name.")
        longest = max(prefixes, key=len)
        return self._names[longest] + name.removeprefix(longest)
