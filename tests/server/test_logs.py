"""The log: whatever fails, and whoever says so, no word that somebody wrote is in it."""

import json
import logging

import pytest

from server.logs import JsonLines, Lately, PlainLines

CANARY = "my canary sings at night"
MEMBER = "0193a5f2-0000-7000-8000-00000000000a"


def fail() -> None:
    raise ValueError(CANARY)


def record(name: str, words: str, *filled: object, level: int = logging.ERROR) -> logging.LogRecord:
    """A line about an exception that quotes somebody."""
    try:
        fail()
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    return logging.LogRecord(name, level, __file__, 1, words, filled, info)


@pytest.mark.parametrize("lines", [PlainLines(), JsonLines()])
@pytest.mark.parametrize(
    "name", ["server.api.background", "asyncio", "uvicorn.error", "sqlalchemy.x"]
)
def test_an_exception_is_told_by_its_kind_and_place_and_never_by_its_words(
    lines: logging.Formatter, name: str
) -> None:
    said = lines.format(record(name, f"Task failed\nfuture: ValueError('{CANARY}')"))
    assert CANARY not in said
    assert "\n" not in said
    assert "ValueError" in said
    assert "server/test_logs.py:" in said


def test_what_foreign_code_fills_in_is_left_out_and_what_ours_fills_in_is_said() -> None:
    assert "night" not in PlainLines().format(record("websockets", "> TEXT %r", CANARY))
    assert PlainLines().format(record("server.x", "timer %s failed", MEMBER)).count(MEMBER) == 1


def test_a_line_for_programs_is_one_object() -> None:
    line = json.loads(
        JsonLines().format(record("server.api.socket", "socket failed: %s", "KeyError"))
    )
    assert line["level"] == "error"
    assert line["part"] == "server.api.socket"
    assert line["words"] == "socket failed: KeyError"
    assert line["error"] == "ValueError"
    assert line["at"].endswith("+00:00")


def test_troubles_of_one_kind_are_counted_together_without_their_ids() -> None:
    lately = Lately()
    for number in range(3):
        lately.emit(
            record("server.api.background", "timer %s failed: %s", MEMBER, f"after {number} s")
        )
    lately.emit(record("server.api.push", "late", level=logging.WARNING))
    newest, timers = lately.troubles
    assert (newest.level, newest.count) == ("warning", 1)
    assert (timers.words, timers.count, timers.part) == (
        "timer # failed: after # s",
        3,
        "background",
    )


def test_only_so_many_kinds_of_trouble_are_remembered() -> None:
    lately = Lately()
    for letter in range(200):
        lately.emit(record("server.x", "x" * letter))
    assert len(lately.troubles) == 50
