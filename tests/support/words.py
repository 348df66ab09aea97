"""Finds every text people read and keeps ``locales/*.po`` complete: ``bin/words``.

Templates: ``_("…")`` and ``_n("one", "other", n)``. Scripts: ``t("…")``, ``tn("one", "other", n)`` and ``words("…")``. Python:
the texts of ``Problem``, ``forbidden``, ``invalid`` and ``too_many``, ``translate(lang, "…")``, the purposes of personal data,
and ``words("…")`` for everything else.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from app.core.i18n import asked, said

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "locales"
LANGUAGES = ("de", "es", "fr", "nl")

Found = str | tuple[str, str]

_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)
_STRING = r'("(?:[^"\\\n]|\\.)*")'
_T = re.compile(rf"(?<![\w.$#])(?:t|words)\(\s*{_STRING}")
_TN = re.compile(rf"(?<![\w.$#])tn\(\s*{_STRING}\s*,\s*{_STRING}")
_LOOSE = re.compile(r"(?<![\w.$#])(?<!function )(?:t|tn|words)\(\s*(?![\"\s]|text\b|/\*\*)")

PLACE = {
    "Problem": 1,
    "forbidden": 0,
    "too_many": 1,
    "invalid": 1,
    "translate": 1,
    "translate_n": 1,
    "words": 0,
    "Wrong": 0,
    "cannot": 0,
}
"""Name of a call → which argument is a text."""
DICTIONARIES = {"wrong", "errors"}
"""Names of dictionaries that forms fill with a message for each field."""


def of_sources() -> dict[Found, set[str]]:
    """Every text of the sources, with the files it stands in."""
    found: dict[Found, set[str]] = {}
    for path, texts in _files():
        for text in texts:
            found.setdefault(text, set()).add(path.relative_to(ROOT).as_posix())
    return found


def _files() -> Iterator[tuple[Path, list[Found]]]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        if "demo" not in path.parts:
            yield path, in_python(path.read_text())
    for path in sorted((ROOT / "frontend" / "templates").rglob("*")):
        if path.suffix in (".html", ".txt") and "styleguide" not in path.parts:
            yield path, in_template(path.read_text())
    for path in sorted((ROOT / "frontend" / "src").rglob("*.js")):
        if path.name != "styleguide.js":
            yield path, in_script(path.read_text())


def in_script(source: str) -> list[Found]:
    """Texts of a module."""
    source = _COMMENT.sub("", source)
    single: list[Found] = [json.loads(text) for text in _T.findall(source)]
    return [*single, *((json.loads(one), json.loads(other)) for one, other in _TN.findall(source))]


def in_template(source: str) -> list[Found]:
    """Texts of a template."""
    file = io.BytesIO(source.encode())
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    found: list[Found] = []
    for _line, name, message, _comments in babel_extract(file, ("_", "_n"), (), options):
        if name == "_n" and isinstance(message, tuple):
            found.append((str(message[0]), str(message[1])))
        elif name == "_":
            text = message[0] if isinstance(message, tuple) else message
            if text:
                found.append(str(text))
    return found


def in_python(source: str) -> list[Found]:
    """Texts of a module."""
    return list(_python(ast.parse(source)))


def _python(tree: ast.AST) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if any(_fills(target) for target in node.targets):
                yield from _constants(node.value)
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[Found]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for keyword in node.keywords:
        if keyword.arg == "fields" and name == "Problem":
            yield from _values(keyword.value)
        if keyword.arg == "purpose" and name == "personal":
            yield from _constants(keyword.value)
        if keyword.arg == "text" and name in PLACE:
            yield from _constants(keyword.value)
    if name == "invalid" and node.args:
        yield from _values(node.args[0])
    at = PLACE.get(name)
    if at is None or len(node.args) <= at:
        return
    if name == "translate_n":
        one, other = list(_constants(node.args[1])), list(_constants(node.args[2]))
        yield from zip(one, other, strict=True)
    else:
        yield from _constants(node.args[at])


def _fills(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and getattr(target.value, "id", "") in DICTIONARIES


def _values(node: ast.expr) -> Iterator[str]:
    for value in node.values if isinstance(node, ast.Dict) else ():
        yield from _constants(value)


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def loose(source: str) -> list[str]:
    """Calls for a text that is not written there: it would never be found. A variable must be named ``text``."""
    source = _COMMENT.sub("", source)
    return [source[match.start() :].split("\n")[0][:60] for match in _LOOSE.finditer(source)]


# Catalogues


def read(lang: str) -> Catalog:
    """The catalogue of ``lang`` as it is."""
    path = LOCALES / f"{lang}.po"
    if not path.is_file():
        return Catalog(locale=lang)
    with path.open("rb") as file:
        return read_po(file, locale=lang)


def missing(book: Catalog, found: Mapping[Found, object]) -> list[Found]:
    """Texts without a translation."""
    return [text for text in found if not _done(book, text)]


def stale(book: Catalog, found: Mapping[Found, object]) -> list[str]:
    """Translations of what is not said any more."""
    keys = {_key(text) for text in found}
    return [asked(message)[0] for message in book if message.id and asked(message)[0] not in keys]


def update(lang: str, found: Mapping[Found, set[str]], given: Mapping[str, str | list[str]] | None = None) -> Catalog:
    """Write the catalogue with exactly the texts of the sources; what was translated before stays."""
    before, given = read(lang), given or {}
    book = Catalog(locale=lang, project="Lectern", charset="utf-8", fuzzy=False)
    for text in sorted(found, key=_key):
        known = before.get(_key(text))
        new = given.get(_key(text))
        kept = known.string if known and known.pluralizable == isinstance(text, tuple) else None
        string = (tuple(new) if isinstance(new, list) else new) or kept or (("", "") if isinstance(text, tuple) else "")
        book.add(text, string, locations=[(place, 0) for place in sorted(found[text])])
    LOCALES.mkdir(exist_ok=True)
    file = io.BytesIO()
    write_po(file, book, width=120, include_lineno=False, sort_output=True, omit_header=True)
    plural = f'"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {lang}\\n"\n"Plural-Forms: {book.plural_forms}\\n"'
    (LOCALES / f"{lang}.po").write_text(f'msgid ""\nmsgstr ""\n{plural}\n\n{file.getvalue().decode().strip()}\n')
    return book


def _key(text: object) -> str:
    return str(text[0]) if isinstance(text, tuple | list) else str(text)


def _done(book: Catalog, text: Found) -> bool:
    known = book.get(_key(text))
    if known is None or known.fuzzy or known.pluralizable != isinstance(text, tuple):
        return False
    return all(said(known))


def main() -> int:
    """Bring all catalogues up to date; say what has no translation yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", metavar="LANG", help="print the texts without a translation, as JSON, and change nothing")
    parser.add_argument(
        "--give", nargs=2, metavar=("LANG", "FILE"), help="take translations from a JSON object: text → translation"
    )
    options = parser.parse_args()
    found = of_sources()
    if options.missing:
        print(json.dumps(missing(read(options.missing), found), ensure_ascii=False, indent=0))
        return 0
    given = {options.give[0]: json.loads(Path(options.give[1]).read_text())} if options.give else {}
    for lang in LANGUAGES:
        book = update(lang, found, given.get(lang))
        print(f"{lang}: {len(found)} texts, {len(missing(book, found))} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
