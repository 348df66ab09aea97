"""Mails: readable without a server, nothing fetched, the text twin says the same."""

from __future__ import annotations

import jinja2

from app.core.brand import Brand
from app.core.templates import TEMPLATES

WORDS = {
    "subject": "Your seat",
    "action_href": "https://example.org/w/asthma?a=1&b=2",
    "action_text": "Open the webinar",
    "my_data_href": "https://example.org/me/t",
    "brand": Brand(name="Delta & Co", accent="#ffcc00"),
    "lang": "en",
    "_": lambda text, **_params: text,
}


def mail(kind: str) -> str:
    source = f'{{% extends "layouts/mail.{kind}" %}}{{% block main %}}Hello {{{{ name }}}}{{% endblock %}}'
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=kind == "html")
    return environment.from_string(source).render(name="<Ada>", **WORDS)


def test_the_html_mail_is_escaped_and_carries_the_link_and_the_brand() -> None:
    said = mail("html")
    assert "Hello &lt;Ada&gt;" in said
    assert 'href="https://example.org/w/asthma?a=1&amp;b=2"' in said
    assert f"background:{Brand(accent='#ffcc00').accent_light}" in said


def test_the_html_mail_fetches_nothing() -> None:
    said = mail("html")
    assert [word for word in ("<img", "<link", "@import", "url(", "<script", "<style") if word in said] == []


def test_the_text_mail_says_the_same() -> None:
    assert mail("txt") == (
        "Hello <Ada>\n\nOpen the webinar:\nhttps://example.org/w/asthma?a=1&b=2\n\n-- \nDelta & Co\n\n"
        "See, correct or erase your data:\nhttps://example.org/me/t"
    )
