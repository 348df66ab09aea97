"""The kinds of answers: from what was sent to the one form in which it is stored, and back to words.

Each reader takes the text and returns the stored text; it raises :class:`Wrong` with a sentence for the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from email_validator import EmailNotValidError, validate_email

from app.core.i18n import Filled
from app.registration.form import Field

LINE_MAX, TEXT_MAX, ADDRESS_MAX = 200, 5000, 254


class Wrong(Exception):
    """An answer that does not fit; ``text`` says what would, and is a catalogue key with ``params``."""

    def __init__(self, text: str, **params: object) -> None:
        super().__init__(text)
        self.text = Filled(text, **params) if params else text


def read(field: Field, value: str) -> str:
    """``value`` in its stored form."""
    return _READERS[field.kind](field, value)


def show(field: Field, stored: str, lang: str) -> str:
    """The stored answer in words."""
    if not stored:
        return ""
    if field.kind == "boolean":
        return "✓" if stored == "yes" else "–"
    if field.kind in ("choice", "multiple"):
        texts = dict(field.options(lang))
        return ", ".join(texts.get(part, part) for part in stored.split(","))
    if field.kind == "country":
        return dict(countries(lang)).get(stored, stored)
    return _when(field, stored, lang)


def clean_line(value: str) -> str:
    """One line without control characters."""
    if any(not c.isprintable() and not c.isspace() and c not in "\u200d\ufe0f" for c in value):
        raise Wrong("Remove the characters that cannot be shown.")
    return " ".join(value.split())


def clean_text(value: str) -> str:
    """Several lines without control characters."""
    if any(not c.isprintable() and not c.isspace() and c not in "\u200d\ufe0f" for c in value):
        raise Wrong("Remove the characters that cannot be shown.")
    return value.replace("\r\n", "\n").strip()


def email(value: str) -> str:
    """An e-mail address (RFC 5321), its domain in lower case; nobody is asked whether it exists."""
    if len(value) > ADDRESS_MAX:
        raise Wrong("Write an e-mail address, such as name@example.org.")
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise Wrong("Write an e-mail address, such as name@example.org.") from None


@lru_cache(maxsize=32)
def countries(lang: str) -> list[tuple[str, str]]:
    """Countries by their ISO 3166 code, in the order of their names."""
    try:
        names = Locale.parse(lang.replace("-", "_")).territories
    except (ValueError, LookupError):
        names = Locale.parse("en").territories
    found = [(code, str(name)) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY]
    return sorted(found, key=lambda pair: pair[1])


_NO_COUNTRY = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}


def _line(field: Field, value: str) -> str:
    return _length(field, clean_line(value), LINE_MAX)


def _text(field: Field, value: str) -> str:
    return _length(field, clean_text(value), TEXT_MAX)


def _length(field: Field, value: str, most: int) -> str:
    low, high = int(field.low or 0), min(int(field.high or most), most)
    if len(value) < low:
        raise Wrong("Write at least {n} characters.", n=low)
    if len(value) > high:
        raise Wrong("Use at most {n} characters.", n=high)
    return value


def _number(field: Field, value: str) -> str:
    try:
        number = Decimal(value.replace(",", ".").strip())
    except InvalidOperation:
        raise Wrong("Write a number.") from None
    if not number.is_finite() or len(value) > 30:
        raise Wrong("Write a number.")
    if field.low and number < Decimal(field.low):
        raise Wrong("Write a number of at least {n}.", n=field.low)
    if field.high and number > Decimal(field.high):
        raise Wrong("Write a number of at most {n}.", n=field.high)
    return format(number.normalize(), "f")


def _boolean(field: Field, value: str) -> str:
    if value in ("on", "yes", "true", "1"):
        return "yes"
    if value in ("no", "false", "0"):
        return "no"
    raise Wrong("Tick it or leave it.")


def _choice(field: Field, value: str) -> str:
    if value not in {choice.id for choice in field.choices}:
        raise Wrong("Choose one of the answers.")
    return value


def _multiple(field: Field, value: str) -> str:
    chosen = [part for part in value.split(",") if part]
    known = [choice.id for choice in field.choices]
    if set(chosen) - set(known):
        raise Wrong("Choose from the answers.")
    if field.low and len(chosen) < int(field.low):
        raise Wrong("Choose at least {n}.", n=field.low)
    if field.high and len(chosen) > int(field.high):
        raise Wrong("Choose at most {n}.", n=field.high)
    return ",".join(one for one in known if one in chosen)


def _date(field: Field, value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Wrong("Write a date, such as 2026-05-31.") from None
    return _between(field, day.isoformat())


def _time(field: Field, value: str) -> str:
    try:
        at = time.fromisoformat(value)
    except ValueError:
        raise Wrong("Write a time, such as 14:30.") from None
    return _between(field, at.strftime("%H:%M"))


def _moment(field: Field, value: str) -> str:
    try:
        at = datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        raise Wrong("Write a date and time, such as 2026-05-31 14:30.") from None
    return _between(field, at.strftime("%Y-%m-%dT%H:%M"))


def _between(field: Field, value: str) -> str:
    # ISO 8601 sorts as text.
    if field.low and value < field.low:
        raise Wrong("Choose {n} or later.", n=field.low)
    if field.high and value > field.high:
        raise Wrong("Choose {n} or earlier.", n=field.high)
    return value


def _country(field: Field, value: str) -> str:
    if value.upper() not in dict(countries("en")):
        raise Wrong("Choose a country.")
    return value.upper()


def _phone(field: Field, value: str) -> str:
    try:
        number = phonenumbers.parse(clean_line(value)[:40], None)
    except phonenumbers.NumberParseException:
        raise Wrong("Write the number with its country code, such as +32 2 123 45 67.") from None
    if not phonenumbers.is_possible_number(number):
        raise Wrong("This number has too few or too many digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(field: Field, value: str) -> str:
    return email(value)


def _url(field: Field, value: str) -> str:
    value = clean_line(value)
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "." not in parts.hostname
        or len(value) > 500
        or " " in value
    ):
        raise Wrong("Write an address that begins with https://.")
    return value


def _file(field: Field, value: str) -> str:
    return value


_READERS: Mapping[str, Callable[[Field, str], str]] = {
    "line": _line,
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "multiple": _multiple,
    "date": _date,
    "time": _time,
    "moment": _moment,
    "country": _country,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "file": _file,
}


def _when(field: Field, stored: str, lang: str) -> str:
    try:
        if field.kind == "date":
            return str(format_date(date.fromisoformat(stored), "long", locale=lang))
        if field.kind == "time":
            return str(format_time(time.fromisoformat(stored), "short", locale=lang))
        if field.kind == "moment":
            return str(format_datetime(datetime.fromisoformat(stored), "medium", locale=lang))
    except ValueError:
        return stored
    return stored
