"""A room's week for its clinician: how people are, in figures about at least eight of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from moderation.urgency import Urgency
from server.access import Actor, check, relation_of
from server.errors import NotFound
from server.protocol import bodies
from server.services import rooms as services_rooms
from server.services.small_cells import (
    SMALLEST_GROUP,
    Cell,
    count,
    distinct,
    median_seconds,
    protect_parts,
    protect_rest,
    shown_value,
)
from server.store import audit, clinic, rooms
from server.store.clinic import Raised, Reply, Said, Span
from server.store.work import Work

_WEEK = timedelta(days=7)
_EARLIEST, _LATEST = date(2000, 1, 1), date(9000, 1, 1)


def list_rooms(work: Work, actor: Actor, here: Mapping[UUID, int]) -> bodies.Clinic:
    """The rooms that the actor watches over."""
    check(actor, "clinic.list")
    listed = services_rooms.list_rooms(work, actor, here).rooms
    return bodies.Clinic(rooms=[room for room in listed if room.seat == "clinician"])


def read_week(work: Work, actor: Actor, room_id: UUID, start: date | None) -> bodies.Week:
    """Seven days of one room. Looking leaves an audit line, so this is a `do`, not a `read`.

    start: any day of a calendar week (Monday first, UTC); None: today and the six days before.
    Other spans are not given: the difference of two that overlap would speak of a single day.
    """
    seat = rooms.find_seat(work, room_id, actor.id)
    check(actor, "clinic.week", relation_of(seat.seat if seat else None))
    room = rooms.find_room(work, room_id)
    if room is None or room.kind != "room":
        raise NotFound
    begin = _begin(work.now, start)
    span = Span(room_id, begin, begin + _WEEK)
    week = _week(work, span, room.name)
    audit.append(work, actor.id, "clinic.week", room_id)
    return week


def _begin(now: datetime, start: date | None) -> datetime:
    if start is None:
        day = now.astimezone(UTC).date() - timedelta(days=6)
    else:
        start = min(max(start, _EARLIEST), _LATEST)
        day = start - timedelta(days=start.weekday())
    return datetime.combine(day, time(), UTC)


def _week(work: Work, span: Span, room_name: str) -> bodies.Week:
    said = clinic.said(work, span)
    messages, days = _messages(span, said)
    return bodies.Week(
        room=span.room,
        room_name=room_name,
        start=span.start,
        end=span.end,
        smallest_group=SMALLEST_GROUP,
        people=_figure(distinct(row.author for row in said)),
        messages=_figure(messages),
        days=days,
        not_assessed=_figure(_not_assessed(work, span, said, messages)),
        held=_figure(count(clinic.held(work, span))),
        **_answered(said, clinic.replies(work, span, work.now)),
        **_nudged(clinic.nudges(work, span)),
        **_heard(clinic.answers(work, span)),
        **_looked_at(clinic.raised(work, span)),
    )


def _messages(span: Span, said: Sequence[Said]) -> tuple[Cell, list[bodies.ClinicDay]]:
    starts = [span.start + timedelta(days=number) for number in range(7)]
    by_day = [[row.author for row in said if row.at.date() == day.date()] for day in starts]
    total, parts = protect_parts(count(row.author for row in said), list(map(count, by_day)))
    days = [
        bodies.ClinicDay(
            day=day.date().isoformat(),
            people=_figure(distinct(authors) if not part.hidden else part),
            messages=_figure(part),
        )
        for day, authors, part in zip(starts, by_day, parts, strict=True)
    ]
    return total, days


def _answered(said: Sequence[Said], replies: Sequence[Reply]) -> dict[str, Any]:
    first: dict[UUID, datetime] = {}
    for reply in replies:
        first.setdefault(reply.to, reply.at)
    waits = [
        (row.author, (first[row.id] - row.at).total_seconds())
        for row in said
        if row.begins and row.id in first
    ]
    unanswered = [row.author for row in said if row.ask and row.id not in first]
    return {
        "first_reply_median_s": _figure(median_seconds(waits)),
        "replies_unanswered": _figure(count(unanswered)),
    }


def _nudged(shown: Sequence[tuple[UUID, str]]) -> dict[str, Any]:
    outcomes = ("edited", "sent_as_is", "discarded")
    parts = [count(who for who, outcome in shown if outcome == wanted) for wanted in outcomes]
    # Those still open are shown nowhere, but they are a part of the sum like the others.
    still_open = count(who for who, outcome in shown if outcome not in outcomes)
    parts.append(replace(still_open, hidden=True))
    total, parts = protect_parts(count(who for who, _ in shown), parts)
    named = {f"nudges_{name}": _figure(part) for name, part in zip(outcomes, parts, strict=False)}
    return {"nudges": _figure(total), **named}


def _heard(answers: Sequence[tuple[UUID, str]]) -> dict[str, Any]:
    return {
        "felt_heard": _figure(count(who for who, answer in answers if answer == "heard")),
        "not_yet_heard": _figure(count(who for who, answer in answers if answer == "not_yet")),
    }


def _looked_at(raised: Sequence[Raised]) -> dict[str, Any]:
    by_urgency = {
        str(urgency): [case for case in raised if case.urgency == urgency] for urgency in Urgency
    }
    return {
        "cases": {
            urgency: _figure(count(case.subject for case in cases))
            for urgency, cases in by_urgency.items()
        },
        "first_human_look_median_s": {
            urgency: _figure(median_seconds(_waits(cases))) for urgency, cases in by_urgency.items()
        },
    }


def _waits(cases: Sequence[Raised]) -> list[tuple[UUID, float]]:
    return [
        (case.subject, (case.first_human_at - case.opened_at).total_seconds())
        for case in cases
        if case.first_human_at
    ]


def _not_assessed(work: Work, span: Span, said: Sequence[Said], messages: Cell) -> Cell:
    unread = dict(clinic.not_assessed(work, span))
    read_authors = frozenset(row.author for row in said if row.id not in unread)
    return protect_rest(count(unread.values()), messages, read_authors)


def _figure(cell: Cell) -> bodies.Figure:
    value = shown_value(cell)
    shown = value is not None
    return bodies.Figure(value=value, shown=shown, rounded_to=cell.step if shown else None)
