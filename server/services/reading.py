"""What was read in a text before its transaction begins: the model's assessment and the lexicon's hits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from moderation import shadow
from moderation.classifier import Assessment, Passage
from moderation.lexicon import Hit, hits_in, urges_on
from moderation.normalise import normalise
from moderation.phrases import Tokens
from moderation.policy import Context, Policy, Reason, Verdict, judge
from moderation.rules import RuleHit
from moderation.sharing import tells_of_its_author
from server.access import Actor
from server.ids import new_id
from server.services import in_force
from server.services.in_force import AS_SHIPPED, InForce
from server.store import assessments, messages, rooms
from server.store.tables import Assessment as StoredAssessment
from server.store.tables import Member, Message
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Reading:
    """Late or broken is 'not assessed'; the lexicon's hits are always there.

    standing: what judged here when it was read. matched, tried: what its rules found, and those of the
    policy on trial.
    """

    assessment: Assessment
    hits: tuple[Hit, ...]
    standing: InForce = AS_SHIPPED
    matched: tuple[RuleHit, ...] = ()
    tried: tuple[RuleHit, ...] = ()

    @property
    def policy(self) -> Policy:
        """What judges it."""
        return self.standing.policy

    @property
    def may_urge_on(self) -> bool:
        """Everyday words, unless somebody in danger is there to be urged on by them."""
        return urges_on(self.hits)

    def judge(self, context: Context) -> Verdict:
        """The policy's verdict."""
        return judge(self.assessment, self.hits, context, self.policy, self.matched)

    def note_shadow(self, work: Work, context: Context, verdict: Verdict) -> None:
        """What rules in shadow and a policy on trial would have done is counted, once this is durable."""
        if self.matched:
            would = shadow.rules_in_shadow(
                self.assessment, self.hits, context, self.policy, self.matched
            )
            in_force.note(work, self.standing.number, would)
        trial = self.standing.trial
        if trial is not None:
            after = judge(self.assessment, self.hits, context, trial, self.tried)
            in_force.note(work, self.standing.trial_number, shadow.candidate(verdict, after))

    def shifted(self, by: int) -> "Reading":
        """The same, in offsets of a text that begins `by` code points later; what lies before stays as 0."""
        if by == 0:
            return self
        spans = tuple(
            replace(span, start=max(0, span.start - by), end=span.end - by)
            for span in self.assessment.spans
            if span.end > by
        )
        hits = tuple(
            replace(hit, start=max(0, hit.start - by), end=max(0, hit.end - by))
            for hit in self.hits
        )
        matched = tuple(replace(hit, spans=tuple(_earlier(hit.spans, by))) for hit in self.matched)
        return replace(
            self, assessment=replace(self.assessment, spans=spans), hits=hits, matched=matched
        )


def _earlier(spans: Sequence[tuple[int, int]], by: int) -> Iterator[tuple[int, int]]:
    yield from ((max(0, start - by), end - by) for start, end in spans if end > by)


def whole_text(note: str | None, text: str) -> str:
    """What readers see of a message: its content note is words too."""
    return f"{note}\n{text}" if note else text


def with_hits(assessment: Assessment, text: str, standing: InForce = AS_SHIPPED) -> Reading:
    """The lexicon and the place's own rules work in-process, whatever the model did."""
    normal = normalise(text)
    return Reading(
        assessment,
        hits_in(Tokens.of(normal)),
        standing,
        standing.policy.book.find(normal),
        standing.trial.book.find(normal) if standing.trial else (),
    )


def passage(work: Work, actor: Actor, room_id: UUID, text: str, reply_to: UUID) -> Passage:
    """The text and what it answers, as far as its author may read that."""
    if rooms.find_seat(work, room_id, actor.id) is None:
        return Passage(text)
    answered = messages.find_message(work, room_id, reply_to)
    if answered is None or answered.state != "published":
        return Passage(text)
    return Passage(text, messages.open_text(work, answered))


SCREENED: Final = Context(insist=True, tone_nudges=False)
"""Read for danger alone: what is refused, repeated or late is past any word about its tone."""


def context(
    work: Work,
    author: Member,
    room_id: UUID,
    reply_to: UUID | None,
    policy: Policy,
    *,
    insist: bool,
    answers_danger: bool,
) -> Context:
    """What no classifier knows. Who goes on under their own words answers nobody.

    answers_danger: server.services.urging.
    """
    room = rooms.find_room(work, room_id)
    answered = messages.find_message(work, room_id, reply_to) if reply_to else None
    is_reply = answered is not None and answered.author_id != author.id
    return Context(
        is_reply=is_reply,
        insist=insist,
        tone_nudges=author.tone_nudges,
        something_to_answer=(
            answered is not None and _gives_something_to_answer(work, answered, policy)
        ),
        answers_danger=answers_danger,
        private=room is not None and room.kind != "room",
        room=room.slug if room else None,
    )


def _gives_something_to_answer(work: Work, answered: Message, policy: Policy) -> bool:
    if answered.ask or assessments.raised_anything(work, answered.id):
        return True
    return tells_of_its_author(messages.open_text(work, answered) or "", policy)


def store_assessment(work: Work, message: Message, reading: Reading, verdict: Verdict) -> None:
    """Numbers and offsets, in the message's own transaction. What could not be read before stands no more.

    That it could not be read when it was said, and nobody was nudged, is counted still.
    """
    before = assessments.forget_unread(work, message.id)
    row = assessment_row(message.id, message.room_id, reading, verdict, work.now)
    row["left_out"] = before or row["left_out"]
    work.session.add(StoredAssessment(**row))


def assessment_row(
    message_id: UUID, room_id: UUID, reading: Reading, verdict: Verdict, now: datetime
) -> dict[str, Any]:
    """Every column of the reading's row."""
    assessment = reading.assessment
    return {
        "id": new_id(),
        "message_id": message_id,
        "room_id": room_id,
        "assessed": assessment.assessed,
        "why_not": assessment.why_not,
        "model": assessment.model,
        "language": assessment.language,
        "signals": assessment.to_json(),
        "policy": verdict.policy,
        "handling": verdict.handling.value,
        "urgency": verdict.urgency.value,
        "reasons": [reason.code for reason in verdict.reasons],
        "left_out": verdict.left_out and verdict.left_out.value,
        "at": now,
    }


def codes(reasons: Sequence[Reason]) -> list[str]:
    """For programs."""
    return [reason.code for reason in reasons]


def words(reasons: Sequence[Reason]) -> list[str]:
    """For moderators."""
    return [reason.words for reason in reasons]


def spans(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Which words: code points, end exclusive."""
    return [
        {"start": span.start, "end": span.end, "signal": span.signal}
        for reason in reasons
        for span in reason.spans
    ]
