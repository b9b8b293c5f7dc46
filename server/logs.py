"""The log: ids and codes, as lines for people or for programs. What foreign code says of its errors is left out.

An exception's own words may quote what somebody wrote, so only its kind and its place in the code are said.
"""

import logging
import re
import sys
import traceback
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from server.counting import COUNTS

Format = Literal["text", "json"]

_QUIET = (
    "websockets", "uvicorn.error", "uvicorn.asgi", "asyncio", "alembic", "opentelemetry", "urllib3",
)  # fmt: skip
_OURS = ("server", "moderation")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\d+")
_REMEMBERED = 50
_DEEPEST = 3


def set_up(level: str, form: Format) -> "Lately":
    """From now on. Returns what remembers the newest troubles, for the steward's page."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines() if form == "json" else PlainLines())
    lately = Lately()
    root = logging.getLogger()
    for before in list(root.handlers):
        if isinstance(before, Lately) or before.get_name() == lately.get_name():
            root.removeHandler(before)
    root.handlers[:0] = [lines, lately]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return lately


class PlainLines(logging.Formatter):
    """One line for a person: level, part, words."""

    def format(self, record: logging.LogRecord) -> str:
        """Without the words of any exception."""
        error = error_of(record)
        told = f" ({error}, {' < '.join(places_of(record))})" if error else ""
        return f"{record.levelname} {record.name}: {words_of(record)}{told}"


class JsonLines(logging.Formatter):
    """One object for a program: at, level, part, words, and of an exception its kind and where it came from."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in it."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name,
            "words": words_of(record),
            "process": record.process,
        }
        if error := error_of(record):
            line |= {"error": error, "where": places_of(record)}
        return orjson.dumps(line, default=str).decode()


def words_of(record: logging.LogRecord) -> str:
    """What was said; of foreign code only the first line of what it always says, never what it fills in."""
    is_ours = record.name.split(".")[0] in _OURS
    said = record.getMessage() if is_ours else str(record.msg)
    return said.partition("\n")[0]


def error_of(record: logging.LogRecord) -> str | None:
    """The kind of the exception, by its name."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind.__name__ if kind else None


def places_of(record: logging.LogRecord) -> list[str]:
    """Where it came from, the innermost first: a module's file and a line, never a value."""
    found = traceback.extract_tb(record.exc_info[2] if record.exc_info else None)
    return [f"{_short(frame.filename)}:{frame.lineno}" for frame in reversed(found)][:_DEEPEST]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-2:])


@dataclass(slots=True)
class Trouble:
    """The same line of the log, however often. words: without the ids and numbers that were in it."""

    level: str
    part: str
    words: str
    first_at: datetime
    last_at: datetime
    count: int = 1


class Lately(logging.Handler):
    """Remembers the newest warnings and errors of this process, each kind once, and counts them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.set_name("lately")
        self._troubles: deque[Trouble] = deque(maxlen=_REMEMBERED)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one in."""
        level, at = record.levelname.lower(), datetime.fromtimestamp(record.created, UTC)
        part = record.name.rpartition(".")[2]
        COUNTS.problems[level, part if record.name.split(".")[0] in _OURS else "libraries"] += 1
        words = _NUMBER.sub("#", _ID.sub("#", words_of(record)))
        known = next((t for t in self._troubles if (t.level, t.words) == (level, words)), None)
        if known:
            known.count += 1
            known.last_at = at
        else:
            self._troubles.append(Trouble(level, part, words, at, at))

    @property
    def troubles(self) -> list[Trouble]:
        """The newest first."""
        return sorted(self._troubles, key=lambda trouble: trouble.last_at, reverse=True)
