"""Some of the demo's people let the clinicians of one group see how they are; all of it over the public interface.

What they answer within a minute is dated back over the weeks by `past`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.client import Http
from server.demo.community import Community
from server.demo.founding import Founded
from server.demo.people import People, Person
from server.ids import new_id
from server.protocol import care, escalations, group_sessions, measures

GROUP: Final = "kitchen-table"
_SCOPES: Final = ("measures", "mood")
_COURSES: Final[tuple[Mapping[str, tuple[int, ...]], ...]] = (
    {"phq-9": (17, 15, 14, 11, 9, 7), "gad-7": (14, 13, 11, 10, 8, 7)},
    {"phq-9": (6, 7, 5, 6, 7, 6)},
    {"phq-9": (8, 9, 15, 16, 17, 18), "gad-7": (7, 8, 9, 11, 13, 14)},
    {"phq-9": (16, 17, 15, 16, 17, 16)},
    {"gad-7": (6, 5, 5, 4, 3, 3)},
    {"phq-9": (13, 12, 12, 9, 8)},
)
"""Totals, oldest first: better, as before, worse, no better, lightly, better."""
_FEELINGS: Final[tuple[care.Feeling, ...]] = (
    "low", "very_low", "low", "so_so", "low", "so_so", "good", "so_so", "good",
)  # fmt: skip
_NOTE: Final = (
    "Scores are rising since the third round. Asked twice how the nights are; said yes to a talk on "
    "Thursday. Who is on call knows."
)
_SESSION: Final = ("Tea and small victories", "Bring one thing that went all right, however small.")
_NEXT_SESSION: Final = timedelta(days=5)


async def share(community: Community, founded: Founded, people: People, now: datetime) -> None:
    """Consents, questionnaires and moods of a few; then a clinician's schedule, note and session."""
    group = next(room for room in community.rooms if room.slug == GROUP)
    room = founded.rooms[GROUP]
    printed = community.logins["peer"]
    names = sorted((set(community.peers) & group.people) - {printed})
    sharing = [people[name] for name in (printed, *names)]
    for person, course in zip(sharing, _COURSES, strict=False):
        await _agree(person.http, f"/api/me/care/{room}")
        for measure, totals in course.items():
            for total in totals:
                await _answer(person.http, f"/api/measures/{measure}", total)
        for feeling in _FEELINGS:
            mood = care.NewMood(client_id=new_id(), feeling=feeling)
            await person.http.call("POST", "/api/me/moods", mood)
    await _attend(people[community.clinicians[0]], room, sharing[2], now)


async def _agree(http: Http, path: str) -> None:
    asked = await http.read("/api/me/care", care.Care)
    for question in asked.questions:
        if question.scope in _SCOPES:
            share = care.NewShare(wording=question.wording, months=6)
            await http.call("PUT", f"{path}/{question.scope}", share)


async def _answer(http: Http, path: str, total: int) -> None:
    """Nobody is called: PHQ-9's question about danger is its last, and the last is answered with 0."""
    found = await http.read(path, measures.Measure)
    items = found.course.items
    for item, value in zip(items, _spread(total, len(items)), strict=True):
        answer = measures.NewMeasureAnswer(value=value)
        await http.call("PUT", f"{path}/answers/{item.id}", answer)
    await http.call("POST", f"{path}/finish")


def _spread(total: int, items: int) -> Iterator[int]:
    """As even as it can be over all but the last."""
    each, more = divmod(total, items - 1)
    for number in range(items - 1):
        yield each + (number < more)
    yield 0


async def _attend(clinician: Person, room: UUID, worse: Person, now: datetime) -> None:
    path = f"/api/clinic/rooms/{room}/measures"
    group = await clinician.http.read(path, measures.GroupMeasures)
    for calls in group.calls:
        confirmed = measures.NewMeasureConfirmation(terms=calls.terms)
        await clinician.http.call("PUT", f"{path}/{calls.measure}/confirmation", confirmed)
    for measure, days in (("phq-9", 14), ("gad-7", 28)):
        plan = measures.NewMeasurePlan(every_days=days)
        await clinician.http.call("PUT", f"{path}/{measure}", plan)
    note = escalations.NewTeamNote(member=worse.id, text=_NOTE)
    await clinician.http.call("POST", f"/api/clinic/rooms/{room}/notes", note)
    title, about = _SESSION
    session = group_sessions.NewGroupSession(
        title=title, about=about, time_zone="Europe/Dublin",
        starts_at=(now + _NEXT_SESSION).replace(hour=19, minute=0, second=0, microsecond=0),
    )  # fmt: skip
    await clinician.http.call("POST", f"/api/rooms/{room}/group-sessions", session)
