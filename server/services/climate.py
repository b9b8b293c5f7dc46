"""The climate of a room: each week is counted once, two days after its end, and shown as it was counted.

A week that were counted again after one more message, edit or reading would tell by its change what
that one was. So what stands, stands; whatever else is shown is worked out from it alone.
"""

import datetime as dates
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from server.access import Actor
from server.errors import BadFrame, NotFound
from server.protocol import climate as bodies
from server.services import climate_cells, climate_periods, seats
from server.services.climate_cells import ANSWER_WITHIN, EDITION, EMPATHY, ENDS, NAMES
from server.services.climate_periods import SHARES, Weeks, share
from server.services.small_cells import SMALLEST_GROUP
from server.store import audit, climate, rooms
from server.store.climate import Span
from server.store.tables import ClimateNote, ClimateWeek, Room
from server.store.work import Work

_WEEK = timedelta(days=7)
_SETTLES_IN = ANSWER_WITHIN
"""After its end: until then the last ask of a week may still be answered."""
_SHOWN_WEEKS: Final = 53
_KEPT_WEEKS: Final = 106
"""So far back a place that is new to this begins to count."""

ELEMENTS: Final = (
    bodies.Element(name="recognise", shares=["asks_answered"], medians=["first_reply_s"]),
    bodies.Element(name="universal", shares=["asks_shared"], medians=[]),
    bodies.Element(name="feel", shares=["emotional_reaction", "interpretation"], medians=[]),
    bodies.Element(name="bear", shares=[], medians=[]),
    bodies.Element(name="act", shares=["exploration", "felt_heard"], medians=[]),
)
"""The five elements of Strauss and others, 2016. Nothing here reads how somebody bears their own
discomfort, and nobody's feelings are guessed: that element says so."""

_FOR_MEMBERS: Final = frozenset(
    (
        "people", "messages", "asks", "replies_read", "asks_answered", "asks_shared",
        "felt", "felt_heard", "first_reply_s", *ENDS["first_reply_s"], *EMPATHY,
    )
)  # fmt: skip
"""What everybody in the room sees. Danger, cases and nudges are for those who look after it."""


class Due(NamedTuple):
    """A week that is over and settled, and was not counted yet."""

    room: UUID
    start: dates.date


Days = tuple[dates.date, dates.date]
"""The first and the last."""


def read(work: Work, actor: Actor, room_id: UUID) -> bodies.Climate:
    """A year of one room, for those who watch over it. Looking leaves an audit line: a `do`."""
    room = _find(work, actor, room_id, "clinic.climate")
    notes = [_note(work, actor, *found) for found in climate.notes(work, room_id)]
    shown = _climate(work, room, NAMES, notes)
    audit.append(work, actor.id, "clinic.climate", room_id)
    return shown


def read_as_member(work: Work, actor: Actor, room_id: UUID) -> bodies.Climate:
    """The same year for everybody who sits there: how people are with each other, and no more."""
    room = _find(work, actor, room_id, "room.climate")
    return _climate(work, room, [name for name in NAMES if name in _FOR_MEMBERS], [])


def compare(work: Work, actor: Actor, room_id: UUID, one: Days, other: Days) -> bodies.Comparison:
    """Two periods, each from the week of its first day to that of its last. Raises BadFrame for a longer one
    than is kept."""
    _find(work, actor, room_id, "clinic.climate")
    return climate_periods.compare(_period(work, room_id, one), _period(work, room_id, other))


def add_note(
    work: Work, actor: Actor, room_id: UUID, asked: bodies.NewClimateNote
) -> bodies.ClimateNote:
    """Say what happened on a day."""
    _find(work, actor, room_id, "climate.note")
    note = climate.add_note(work, room_id, actor.id, asked.day, asked.text)
    audit.append(work, actor.id, "climate.note", note.id)
    return _note(work, actor, note, actor.role)


def remove_note(work: Work, actor: Actor, room_id: UUID, note_id: UUID) -> None:
    """Take a note away: one's own. Raises NotFound for any other."""
    _find(work, actor, room_id, "climate.note")
    note = climate.find_note(work, room_id, note_id)
    if note is None or note.author_id != actor.id:
        raise NotFound
    work.session.delete(note)
    audit.append(work, actor.id, "climate.note_removed", note_id)


def find_due(work: Work) -> list[Due]:
    """The next week of each room that can be counted. A room's weeks are counted in their order."""
    newest = monday(work.now - _SETTLES_IN) - _WEEK
    found = []
    for room, made_at, counted in climate.newest_weeks(work):
        begins = max(monday(made_at), newest - _KEPT_WEEKS * _WEEK)
        start = counted + _WEEK if counted else begins
        if start <= newest:
            found.append(Due(room, start))
    return found


def count_week(work: Work, due: Due) -> dict[str, float | None]:
    """Its figures, from every row of the week. Some tens of milliseconds for a thousand messages."""
    begin = _midnight(due.start)
    return climate_cells.figures(climate.happened(work, Span(due.room, begin, begin + _WEEK)))


def keep_week(work: Work, due: Due, figures: Mapping[str, float | None]) -> bool:
    """Let them stand. False when the week stands already: the first count is the one that counts."""
    if climate.is_counted(work, due.room, due.start):
        return False
    work.session.add(
        ClimateWeek(
            room_id=due.room, start=due.start, edition=EDITION, figures=dict(figures),
            counted_at=work.now,
        )
    )  # fmt: skip
    return True


def monday(at: datetime | dates.date) -> dates.date:
    """The day its week begins, in UTC."""
    day = at.astimezone(UTC).date() if isinstance(at, datetime) else at
    return day - timedelta(days=day.weekday())


def _find(work: Work, actor: Actor, room_id: UUID, operation: str) -> Room:
    """The room, if the table lets the actor do that there. Raises NotFound, also for a conversation."""
    seats.check_seat(work, actor, operation, room_id)
    room = rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return room


def _period(work: Work, room_id: UUID, days: Days) -> tuple[dates.date, dates.date, Weeks]:
    first, last = monday(days[0]), days[1]
    if last >= first + _KEPT_WEEKS * _WEEK:
        raise BadFrame("A period may be two years long at most.")
    return first, last, climate.weeks(work, room_id, first, last)


def _climate(
    work: Work, room: Room, names: Sequence[str], notes: list[bodies.ClimateNote]
) -> bodies.Climate:
    last = monday(work.now)
    weeks = climate.weeks(work, room.id, last - (_SHOWN_WEEKS + 1) * _WEEK, last)
    return bodies.Climate(
        room=room.id,
        room_name=room.name,
        smallest_group=SMALLEST_GROUP,
        next_at=_next_at(work.now),
        weeks=[_week(start, figures, names) for start, figures in weeks[-_SHOWN_WEEKS:]],
        elements=list(ELEMENTS),
        notes=notes,
    )


def _next_at(now: datetime) -> datetime:
    """When the first week is settled that is not settled yet."""
    return _midnight(monday(now - _SETTLES_IN) + _WEEK) + _SETTLES_IN


def _week(
    start: dates.date, figures: Mapping[str, float | None], names: Sequence[str]
) -> bodies.ClimateWeek:
    return bodies.ClimateWeek(
        start=start,
        end=start + timedelta(days=6),
        figures={name: figures.get(name) for name in names},
        shares={name: share([(start, figures)], name) for name in SHARES if name in names},
    )


def _note(work: Work, actor: Actor, note: ClimateNote, role: str) -> bodies.ClimateNote:
    return bodies.ClimateNote(
        id=note.id,
        day=note.day,
        text=climate.open_note(work, note),
        by_role=role,  # type: ignore[arg-type]
        mine=note.author_id == actor.id,
        at=note.at,
    )


def _midnight(day: dates.date) -> datetime:
    return datetime.combine(day, time(), UTC)
