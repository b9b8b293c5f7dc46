"""A room's week as cells, and which of them may be shown. Pure: rows in, figures out.

Every total stands over the parts that it falls into, so that whatever subtraction could give is a
cell here too, and is judged like the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from server.services.small_cells import (
    Cell,
    count,
    distinct,
    median_ends,
    median_seconds,
    protect_parts,
    shown_value,
)
from server.store.climate import Happened, Read, Said

EDITION: Final = 2
"""Of these definitions. A change of any gives the next number; weeks keep the one they were counted by.

2: a middle value has an interval.
"""
ANSWER_WITHIN: Final = timedelta(hours=48)
"""An ask has so long to be answered, on whichever day of the week it was made."""
EMPATHY: Final = ("emotional_reaction", "interpretation", "exploration")
_SHOWN_FROM: Final = 0.5
"""The expected level from which "shown weakly" is nearer than "not shown"."""


@dataclass(frozen=True, slots=True)
class Split:
    """A total and its parts: together they are all of it, and none overlaps another."""

    total: str
    parts: tuple[str, ...]


SPLITS: Final = (
    Split("messages", ("asks", "other_messages")),
    Split("messages", ("replies_read", "other_than_read")),
    Split(
        "messages",
        ("danger_none", "danger_routine", "danger_soon", "danger_now", "not_assessed"),
    ),
    Split("asks", ("asks_answered", "asks_unanswered")),
    Split("asks", ("asks_shared", "asks_unshared")),
    *(Split("replies_read", (name, f"no_{name}")) for name in EMPATHY),
    Split("nudges", ("nudges_edited", "nudges_sent_as_is", "nudges_not_sent")),
    Split("felt", ("felt_heard", "felt_not_yet")),
    Split("cases", ("cases_now", "cases_soon", "cases_later")),
    Split("cases", ("cases_in_time", "cases_late")),
)
"""In this order: a total is judged as a part before its own parts are.

What is nearly always of few people is no part of its own, such as replies that nothing could read: it
would hide all the others.
"""

MEDIANS: Final = {"first_reply_s": "asks_answered", "first_look_s": "cases"}
"""A middle value, and the count it may be shown beside."""
ENDS: Final = {
    "first_reply_s": ("first_reply_low_s", "first_reply_high_s"),
    "first_look_s": ("first_look_low_s", "first_look_high_s"),
}
"""A middle value, and both ends of its interval: together or not at all, and never without it."""

NAMES: Final = (
    "people",
    *dict.fromkeys(name for split in SPLITS for name in (split.total, *split.parts)),
    *(name for middle in MEDIANS for name in (middle, *ENDS[middle])),
)


def figures(week: Happened) -> dict[str, float | None]:
    """Every figure of a week as it may be shown; None where it may not."""
    return {name: shown_value(cell) for name, cell in protect(cells(week)).items()}


def cells(week: Happened) -> dict[str, Cell]:
    """What there is, before anything is hidden beyond what is small."""
    return {
        "people": distinct(row.author for row in week.said),
        **_of_messages(week),
        **_of_asks(week),
        **_of_replies(week),
        **_of_outcomes(week),
        **_of_cases(week),
    }


def protect(found: Mapping[str, Cell]) -> dict[str, Cell]:
    """Hide whatever would give a hidden cell away. What stands under a hidden total is hidden with it."""
    kept = dict(found)
    for split in SPLITS:
        total = kept[split.total]
        parts = [kept[name] for name in split.parts]
        if total.hidden:
            parts = [replace(part, hidden=True) for part in parts]
        else:
            _, parts = protect_parts(total, parts)
        kept |= dict(zip(split.parts, parts, strict=True))
    for name, beside in MEDIANS.items():
        if kept[beside].hidden:
            kept[name] = replace(kept[name], hidden=True)
        if kept[name].hidden:
            kept |= {end: replace(kept[end], hidden=True) for end in ENDS[name]}
    return kept


def _of_messages(week: Happened) -> dict[str, Cell]:
    said, read = week.said, week.read
    return {
        "messages": _authors(said),
        **_two("asks", "other_messages", said, lambda row: row.ask),
        **{
            f"danger_{urgency}": _authors(
                row for row in said if row.id in read and read[row.id].urgency == urgency
            )
            for urgency in ("none", "routine", "soon", "now")
        },
        "not_assessed": _authors(row for row in said if row.id not in read),
    }


def _of_asks(week: Happened) -> dict[str, Cell]:
    asks = [row for row in week.said if row.ask]
    waits = {row.id: wait for row in asks if (wait := _wait(week, row)) is not None}
    return {
        **_two("asks_answered", "asks_unanswered", asks, lambda row: row.id in waits),
        **_two("asks_shared", "asks_unshared", asks, lambda row: row.id in week.shared),
        **_middle(
            "first_reply_s", [(row.author, waits[row.id]) for row in asks if row.id in waits]
        ),
    }


def _wait(week: Happened, ask: Said) -> float | None:
    first = week.first_replies.get(ask.id)
    wait = first - ask.at if first else None
    return wait.total_seconds() if wait is not None and wait <= ANSWER_WITHIN else None


def _of_replies(week: Happened) -> dict[str, Cell]:
    read = {row.id: week.read[row.id] for row in week.said if _is_read_reply(week, row)}
    found = _two("replies_read", "other_than_read", week.said, lambda row: row.id in read)
    of_read = [row for row in week.said if row.id in read]
    for name in EMPATHY:
        found |= _two(name, f"no_{name}", of_read, _shows(name, read))
    return found


def _is_read_reply(week: Happened, row: Said) -> bool:
    return row.replies and _has_empathy(week.read.get(row.id))


def _has_empathy(read: Read | None) -> bool:
    """A backend may have no such signals: then nothing is known of the reply, and it is not a nought."""
    return read is not None and all(name in read.levels for name in EMPATHY)


def _shows(name: str, read: Mapping[UUID, Read]) -> Callable[[Said], bool]:
    return lambda row: read[row.id].levels[name] >= _SHOWN_FROM


def _of_outcomes(week: Happened) -> dict[str, Cell]:
    sent = ("edited", "sent_as_is")
    return {
        "nudges": count(who for who, _ in week.nudges),
        **{
            f"nudges_{end}": count(who for who, found in week.nudges if found == end)
            for end in sent
        },
        "nudges_not_sent": count(who for who, found in week.nudges if found not in sent),
        "felt": count(who for who, _ in week.answers),
        "felt_heard": count(who for who, answer in week.answers if answer == "heard"),
        "felt_not_yet": count(who for who, answer in week.answers if answer != "heard"),
    }


def _of_cases(week: Happened) -> dict[str, Cell]:
    cases = week.cases
    in_time = [case for case in cases if case.first_human_at and case.first_human_at <= case.due_at]
    late = [case for case in cases if not case.first_human_at or case.first_human_at > case.due_at]
    looked = [
        (case.subject, (case.first_human_at - case.opened_at).total_seconds())
        for case in cases
        if case.first_human_at
    ]
    return {
        "cases": count(case.subject for case in cases),
        "cases_now": count(case.subject for case in cases if case.urgency == "now"),
        "cases_soon": count(case.subject for case in cases if case.urgency == "soon"),
        "cases_later": count(case.subject for case in cases if case.urgency not in ("now", "soon")),
        "cases_in_time": count(case.subject for case in in_time),
        "cases_late": count(case.subject for case in late),
        **_middle("first_look_s", looked),
    }


def _middle(name: str, waits: Sequence[tuple[UUID, float]]) -> dict[str, Cell]:
    """With both ends of its interval."""
    return {name: median_seconds(waits), **dict(zip(ENDS[name], median_ends(waits), strict=True))}


def _two(yes: str, no: str, rows: Iterable[Said], holds: Callable[[Said], bool]) -> dict[str, Cell]:
    """Those of which it holds, and the others."""
    found: tuple[list[Said], list[Said]] = [], []
    for row in rows:
        found[0 if holds(row) else 1].append(row)
    return {yes: _authors(found[0]), no: _authors(found[1])}


def _authors(rows: Iterable[Said]) -> Cell:
    return count(row.author for row in rows)
