"""What is said of a group session outside of its room: notices, a line beside the climate, a calendar file."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from server.store.tables import GroupSession

_FILE = Path(__file__).with_name("group_sessions.toml")
_SPOKEN = "en"
_FOLD_BYTES = 75
"""RFC 5545, 3.1: a longer line goes on in the next, after a space."""


def told(code: str, language: str, session: GroupSession, reason: str | None = None) -> str:
    """The words of a notice; when it is, in the zone in which it was planned. No title."""
    words = _of(language)
    said = words[code].replace("[when]", _when(session))
    return f"{said} {words['reason'].replace('[reason]', reason)}" if reason else said


def held(language: str, title: str) -> str:
    """The line beside the climate."""
    return _of(language)["held"].replace("[title]", title)


def calendar(session: GroupSession, place_name: str, now: datetime) -> str:
    """An iCalendar file (RFC 5545) with one event, and an alarm a quarter of an hour before.

    It lies on phones and in other people's clouds, so it holds the time and the place's name alone.
    """
    cancelled = session.cancelled_at is not None
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Hearth//Hearth//EN",
        f"METHOD:{'CANCEL' if cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{session.id}@hearth",
        f"SEQUENCE:{session.edition}",
        f"DTSTAMP:{_stamp(now)}",
        f"DTSTART:{_stamp(session.starts_at)}",
        f"DTEND:{_stamp(session.ends_at)}",
        f"SUMMARY:{_text(place_name)}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "CLASS:PRIVATE",
        *([] if cancelled else [*_ALARM, f"DESCRIPTION:{_text(place_name)}", "END:VALARM"]),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


_ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M")


def _when(session: GroupSession) -> str:
    local = session.starts_at.astimezone(ZoneInfo(session.time_zone))
    return f"{local:%Y-%m-%d %H:%M} ({session.time_zone})"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """RFC 5545, 3.3.11."""
    for char in "\\;,":
        value = value.replace(char, f"\\{char}")
    return value.replace("\r\n", "\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """No part is longer than 75 bytes, and no character is cut."""
    parts: list[str] = []
    part = ""
    for char in line:
        if len((part + char).encode()) > _FOLD_BYTES - bool(parts):
            parts.append(part)
            part = ""
        part += char
    return "\r\n ".join([*parts, part])


def _of(language: str) -> Mapping[str, str]:
    sections = _sections()
    return sections.get(language, sections[_SPOKEN])


@cache
def _sections() -> Mapping[str, Mapping[str, str]]:
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: table for name, table in tables.items() if isinstance(table, dict)}
