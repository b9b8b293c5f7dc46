"""Private words to an author: a nudge before posting, and what became of it; now and then, praise.

Nothing said is stored.
"""

import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from moderation import nudges as wording
from moderation.policy import Context, Handling, LeftOut, Verdict
from server.access import Actor, Relation, check
from server.protocol import frames
from server.protocol.base import Wire
from server.protocol.nudges import NudgeDay
from server.services import acts, reading
from server.services.reading import Reading
from server.store import comfort, nudges, people
from server.store.tables import Member, NudgeShown
from server.store.work import Work

MOST_A_DAY: Final[int] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)["most_a_day"]
_DAY: Final = timedelta(hours=24)


def judge(work: Work, member: Member, read: Reading, context: Context) -> tuple[Context, Verdict]:
    """As the policy says, without a nudge for whoever has had enough of them today. Nothing else changes."""
    verdict = read.judge(context)
    enough = _has_had_enough(work, member) if verdict.handling is Handling.NUDGE else None
    if enough:
        context = replace(context, tone_nudges=False)
        verdict = replace(read.judge(context), left_out=enough)
    return context, verdict


def _has_had_enough(work: Work, member: Member) -> LeftOut | None:
    quiet = member.nudges_quiet_until
    if quiet is not None and quiet > work.now:
        return LeftOut.SNOOZED
    shown = nudges.count_since(work, member.id, work.now - _DAY)
    return LeftOut.DAY_CAP if shown >= MOST_A_DAY else None


def read_day(work: Work, actor: Actor) -> NudgeDay:
    """How many the actor was shown in a day, how many there may be, and until when there are none."""
    check(actor, "me.change")
    quiet = _member(work, actor).nudges_quiet_until
    return NudgeDay(
        shown=nudges.count_since(work, actor.id, work.now - _DAY),
        most=MOST_A_DAY,
        quiet_until=quiet if quiet and quiet > work.now else None,
    )


def be_quiet(work: Work, actor: Actor, until: datetime | None) -> NudgeDay:
    """Not today: it ends by itself, after 24 hours at the latest."""
    check(actor, "me.change")
    latest = work.now + _DAY
    _member(work, actor).nudges_quiet_until = (
        until if until and work.now < until < latest else latest
    )
    work.session.flush()
    return read_day(work, actor)


def speak_again(work: Work, actor: Actor) -> NudgeDay:
    """It ends now."""
    check(actor, "me.change")
    _member(work, actor).nudges_quiet_until = None
    work.session.flush()
    return read_day(work, actor)


def _member(work: Work, actor: Actor) -> Member:
    member = people.find_member(work, actor.id)
    assert member is not None  # noqa: S101 - an actor is a member
    return member


def show(
    work: Work,
    actor: Actor,
    frame: frames.Post | frames.Edit,
    read: Reading,
    verdict: Verdict,
    fingerprint: bytes,
) -> frames.Nudge:
    """Remember that it was shown, and find the words."""
    seen = nudges.find(work, actor.id, frame.client_id)
    is_new = seen is None
    if seen is None:
        seen = NudgeShown(
            room_id=frame.room,
            member_id=actor.id,
            client_id=frame.client_id,
            fingerprint=fingerprint,
            reasons=reading.codes(verdict.reasons),
            policy=verdict.policy,
            at=work.now,
        )
    seen.fingerprint = fingerprint
    work.session.add(seen)
    if is_new:
        acts.about_draft(work, actor.id, frame.room, frame.client_id, read, verdict)
    language = comfort.language_of(work, actor.id)
    words = wording.compose(verdict.reasons, frame.client_id.int % 7, language)
    return frames.Nudge(
        room=frame.room,
        client_id=frame.client_id,
        reasons=list(words.reasons),
        words=words.words,
        spans=[
            frames.Marked(start=span.start, end=span.end, signal=span.signal)
            for span in words.spans
        ],
        suggestions=list(words.suggestions),
    )


_ONE_IN = 4
"""Praise that comes each time is noise, and a score to play for."""


def praise(work: Work, actor: Actor, frame: frames.Post, verdict: Verdict) -> list[Wire]:
    """What its author did well, for one in four warm replies: always the same ones, by client_id."""
    chosen = frame.client_id.int % _ONE_IN == 0
    if verdict.praise is None or frame.insist or not chosen:
        return []
    variant = frame.client_id.int // _ONE_IN
    words = wording.praise(verdict.praise, variant, comfort.language_of(work, actor.id))
    return [frames.Praise(room=frame.room, client_id=frame.client_id, words=words)]


def settle(work: Work, member_id: UUID, client_id: UUID, fingerprint: bytes) -> None:
    """The nudged draft was sent: as it was, or edited."""
    seen = nudges.find(work, member_id, client_id)
    if seen and seen.outcome == "open":
        _end(
            work,
            seen,
            "sent_as_is" if work.sealer.is_same(seen.fingerprint, fingerprint) else "edited",
        )


def discard(work: Work, actor: Actor, client_id: UUID) -> None:
    """The nudged draft was given up."""
    check(actor, "frame.discard", Relation.SELF)  # it is found by its author
    seen = nudges.find(work, actor.id, client_id)
    if seen and seen.outcome == "open":
        _end(work, seen, "discarded")


def _end(work: Work, seen: NudgeShown, outcome: str) -> None:
    seen.outcome, seen.ended_at = outcome, work.now
    work.session.add(seen)
