"""How somebody is: one tap, for oneself first. No streaks, no scores, nothing follows from not doing it."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.access import Actor, check
from server.errors import Conflict, NotFound, TooFast
from server.protocol import care as bodies
from server.store import moods
from server.store.tables import Mood
from server.store.work import Work

SHOWN_DAYS: Final = 90
_MOST: Final = 1_000
_MOST_A_DAY: Final = 50


def read_mine(work: Work, actor: Actor) -> bodies.Moods:
    """One's own check-ins."""
    check(actor, "mood.own")
    return course(work, actor.id)


def check_in(work: Work, actor: Actor, new: bodies.NewMood) -> bodies.Mood:
    """Keep one; the same client_id again answers with what was kept.

    Raises Conflict when it came with another feeling before, TooFast for more in a day than anybody means.
    """
    check(actor, "mood.own")
    kept = moods.find_by_client_id(work, actor.id, new.client_id)
    if kept is None:
        since = work.now - timedelta(days=1)
        if moods.count_since(work, actor.id, since) >= _MOST_A_DAY:
            raise TooFast(retry_after_s=3_600)
        kept = moods.add(work, actor.id, new.client_id, new.feeling)
    body = _body(work, kept)
    if body is None or body.feeling != new.feeling:
        raise Conflict
    return body


def remove(work: Work, actor: Actor, mood_id: UUID) -> None:
    """Take one of one's own away. Raises NotFound for any other."""
    check(actor, "mood.own")
    if not moods.remove(work, actor.id, mood_id):
        raise NotFound


def course(work: Work, member_id: UUID) -> bodies.Moods:
    """The last 90 days of somebody. Whether they may be shown is the caller's to know."""
    found = moods.of_member(work, member_id, work.now - timedelta(days=SHOWN_DAYS), _MOST)
    bodies_of = [_body(work, mood) for mood in found]
    return bodies.Moods(moods=[body for body in bodies_of if body], days=SHOWN_DAYS)


def _body(work: Work, mood: Mood) -> bodies.Mood | None:
    feeling: Any = moods.open_feeling(work, mood)
    return bodies.Mood(id=mood.id, feeling=feeling, at=mood.at) if feeling else None
