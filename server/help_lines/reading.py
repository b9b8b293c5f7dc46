"""Reading lines.toml; a fault is refused with the country and the line it stands in."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from server.help_lines.lines import Country, EmergencyNumber, HelpLine, link

LINES = Path(__file__).with_name("lines.toml")

DIALABLE = re.compile(r"\+?[0-9]+(?:[ -][0-9]+)*")
# France's 15 is the shortest; E.164 allows 15 digits.
DIGITS = range(2, 16)
HTTPS = re.compile(r"https://\S+")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")

Table = Mapping[str, Any]

TEXTS = {"name", "for_whom", "hours", "record", "commit", "record_source"}
OPTIONAL_TEXTS = {"local_name", "dial", "sms", "sms_text", "chat", "website", "note", "mend"}
LISTS = {"languages", "also_dial", "recorded"}
KNOWN = TEXTS | OPTIONAL_TEXTS | LISTS | {"free", "verified_at"}


class BadHelpLineError(ValueError):
    """The file says something we will not show to anyone."""


@cache
def load() -> Mapping[str, Country]:
    """Every country by its ISO 3166 alpha-2 code.

    Raises BadHelpLineError, naming the place, when the file is not as it must be.
    """
    return read(LINES.read_text(encoding="utf-8"))


def read(text: str) -> Mapping[str, Country]:
    """The same, from the text of such a file."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadHelpLineError(f"not TOML: {error}") from error
    source = _text(tables.get("emergency", {}), "source", "emergency")
    countries = [_country(table, source) for table in tables.get("country", [])]
    by_code = {country.code: country for country in countries}
    if len(by_code) != len(countries):
        raise BadHelpLineError("a country stands there twice")
    return MappingProxyType(by_code)


def is_dialable(dial: str) -> bool:
    """Digits, with single spaces or hyphens between them, 2 to 15 in all."""
    digits = len(link(dial).removeprefix("+"))
    return DIALABLE.fullmatch(dial) is not None and digits in DIGITS


def _country(table: Table, source: str) -> Country:
    code = _text(table, "code", "country")
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise BadHelpLineError(f"{code}: not an ISO 3166 alpha-2 code")
    emergency = tuple(_emergency(number, code, source) for number in table.get("emergency", []))
    if not emergency:
        raise BadHelpLineError(f"{code}: no emergency number")
    lines = tuple(_line(line, code) for line in table.get("line", []))
    return Country(code, _text(table, "name", code), emergency, lines)


def _emergency(table: Table, code: str, source: str) -> EmergencyNumber:
    if unknown := table.keys() - {"dial", "purpose"}:
        # Above all verified_at: no source of ours verifies these.
        raise BadHelpLineError(f"{code}, emergency: unknown {', '.join(sorted(unknown))}")
    dial = _text(table, "dial", f"{code}, emergency")
    _check_dialable(dial, f"{code}, emergency")
    return EmergencyNumber(dial, _text(table, "purpose", f"{code}, emergency"), source)


def _line(table: Table, code: str) -> HelpLine:
    place = f"{code}, {table.get('name', 'a line without name')}"
    if unknown := table.keys() - KNOWN:
        raise BadHelpLineError(f"{place}: unknown {', '.join(sorted(unknown))}")
    texts = {key: _text(table, key, place) for key in TEXTS | OPTIONAL_TEXTS & table.keys()}
    lists = {key: _texts(table, key, place) for key in LISTS & table.keys() | {"languages"}}
    free, verified_at = _flag(table, "free", place), _date(table, "verified_at", place)
    fields: dict[str, Any] = {**texts, **lists}
    line = HelpLine(country=code, free=free, verified_at=verified_at, **fields)
    _check_line(line, place)
    return line


def _check_line(line: HelpLine, place: str) -> None:
    if not (line.dial or line.sms or line.chat):
        raise BadHelpLineError(f"{place}: no way to reach it")
    for dial in filter(None, (line.dial, line.sms, *line.also_dial)):
        _check_dialable(dial, place)
    for url in filter(None, (line.chat, line.website, line.record_source)):
        if not HTTPS.fullmatch(url):
            raise BadHelpLineError(f"{place}: {url} is not an https address")
    if not line.languages or not all(map(LANGUAGE.fullmatch, line.languages)):
        raise BadHelpLineError(f"{place}: languages must be BCP 47 codes")


def _check_dialable(dial: str, place: str) -> None:
    if not is_dialable(dial):
        raise BadHelpLineError(f"{place}: {dial!r} cannot be dialled")


def _text(table: Table, key: str, place: str) -> str:
    match table.get(key):
        case str() as text if text.strip():
            return text
    raise BadHelpLineError(f"{place}: {key} must be a text that is not empty")


def _texts(table: Table, key: str, place: str) -> tuple[str, ...]:
    values = table.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadHelpLineError(f"{place}: {key} must be a list of texts")
    return tuple(values)


def _flag(table: Table, key: str, place: str) -> bool:
    match table.get(key):
        case bool() as flag:
            return flag
    raise BadHelpLineError(f"{place}: {key} must be true or false")


def _date(table: Table, key: str, place: str) -> date | None:
    value = table.get(key)
    # A datetime is a date too, for isinstance.
    if value is None or type(value) is date:
        return value
    raise BadHelpLineError(f"{place}: {key} must be a date like 2026-06-02")
