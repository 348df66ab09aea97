"""Every text people read is in every catalogue, with the same names to fill in."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog

from app.core import i18n
from tests.support import words
from tests.support.words import LANGUAGES, ROOT

FOUND = words.of_sources()
NAMES = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_untranslated_and_nothing_is_left_over(lang: str) -> None:
    book = words.read(lang)
    assert words.stale(book, FOUND) == []
    assert words.missing(book, FOUND) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_fills_in_what_the_text_does(lang: str) -> None:
    wrong = []
    for message in words.read(lang):
        wanted = {name for text in i18n.asked(message) for name in NAMES.findall(text)}
        # A form for one may leave the number out.
        wrong += [s for s in i18n.said(message) if s and not wanted - {"n"} <= set(NAMES.findall(s)) <= wanted]
    assert wrong == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_is_neither_doubtful_nor_shouting(lang: str) -> None:
    wrong = [m.id for m in words.read(lang) if m.id and (m.fuzzy or ("!" in str(m.string) and "!" not in str(m.id)))]
    assert wrong == []


def test_a_text_no_catalogue_could_know_is_not_asked_for() -> None:
    sources = {path: path.read_text() for path in (ROOT / "frontend" / "src").rglob("*.js")}
    assert {str(path): found for path, source in sources.items() if (found := words.loose(source))} == {}


def test_texts_are_found_where_they_are_written() -> None:
    """Negative control of the finding."""
    script = 'html`<p>${on ? html`<b>${t("Deep inside")}</b>` : t(text)}</p>`; tn("{n} person", "{n} people", n); // t("not this")\nat("nor this")'
    assert words.in_script(script) == ["Deep inside", ("{n} person", "{n} people")]
    assert words.loose('t(name ? "a" : "b")') == ['t(name ? "a" : "b")']
    template = '{% block main %}{{ ui.field("x", _("Label")) }}{{ _n("{n} day", "{n} days", 3) }}{{ _("With {name}", name=x) }}{% endblock %}'
    assert words.in_template(template) == ["Label", ("{n} day", "{n} days"), "With {name}"]
    python = (
        'raise Problem("a.b", "Do this." if x else "Do that.", fields={"f": "Here."})\nwrong["x"] = "There."\nlog("not.this")'
    )
    assert sorted(map(str, words.in_python(python))) == ["Do that.", "Do this.", "Here.", "There."]


def test_a_missing_and_a_stale_translation_are_noticed() -> None:
    book = Catalog(locale="nl")
    book.add("Old", "Oud")
    book.add("Half", "")
    assert words.missing(book, {"New": set(), "Half": set()}) == ["New", "Half"]
    assert words.stale(book, {"Half": set()}) == ["Old"]


def test_a_counted_text_takes_the_form_of_its_language() -> None:
    assert i18n.translate_n("en", "{n} person", "{n} people", 1) == "1 person"
    assert i18n.translate_n("en", "{n} person", "{n} people", 0) == "0 people"
