"""The Jinja environment: everything escaped, everything translated."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from app.core import i18n
from app.core.assets import Assets
from app.core.brand import Brand

TEMPLATES = Path(__file__).resolve().parents[2] / "frontend" / "templates"


class Pages:
    """Renders templates. ``compiled`` is a folder that keeps them compiled, so that the first page after a start is quick."""

    def __init__(self, assets: Assets, compiled: Path | None = None, **shared: Any) -> None:
        kept = compiled is not None and compiled.parent.is_dir()
        if compiled is not None and kept:
            compiled.mkdir(exist_ok=True, mode=0o700)
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            # Only the text form of a mail is not HTML.
            autoescape=jinja2.select_autoescape(disabled_extensions=("txt",), default=True),
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=jinja2.FileSystemBytecodeCache(str(compiled)) if kept else None,
        )
        self._environment.globals.update(
            assets=assets, languages=i18n.languages(), language_names=i18n.own_names(), brand=Brand(), **shared
        )
        self._environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}

    def render(self, template: str, *, lang: str, **context: Any) -> str:
        """The page as text. ``catalogue`` holds the words its scripts need."""

        def _(text: str, **params: object) -> str:
            return i18n.translate(lang, text, params)

        def _n(one: str, other: str, n: int, **params: object) -> str:
            return i18n.translate_n(lang, one, other, n, params)

        def long_date(at: datetime, zone: str = "UTC") -> str:
            return i18n.long_date(at, lang, zone)

        return self._environment.get_template(template).render(
            _=_,
            _n=_n,
            lang=lang,
            dir="rtl" if lang in ("ar", "he", "fa") else "ltr",
            long_date=long_date,
            catalogue=i18n.catalogue(lang).browser,
            **context,
        )
