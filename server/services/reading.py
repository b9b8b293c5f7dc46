"""What was read in a text before its transaction begins: the model's assessment and the lexicon's hits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from moderation.classifier import Assessment, Passage
from moderation.lexicon import Hit, find
from moderation.policy import Context, Reason, Verdict, judge
from server.access import Actor
from server.store import messages, rooms
from server.store.tables import Assessment as StoredAssessment
from server.store.tables import Message
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Reading:
    """Late or broken is 'not assessed'; the lexicon's hits are always there."""

    assessment: Assessment
    hits: tuple[Hit, ...]

    def judge(self, *, is_reply: bool, insist: bool, tone_nudges: bool) -> Verdict:
        """The policy's verdict."""
        return judge(
            self.assessment,
            self.hits,
            Context(is_reply=is_reply, insist=insist, tone_nudges=tone_nudges),
        )

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
        return Reading(replace(self.assessment, spans=spans), hits)


def whole_text(note: str | None, text: str) -> str:
    """What readers see of a message: its content note is words too."""
    return f"{note}\n{text}" if note else text


def with_hits(assessment: Assessment, text: str) -> Reading:
    """The lexicon works in-process, whatever the model did."""
    return Reading(assessment, find(text))


def passage(work: Work, actor: Actor, room_id: UUID, text: str, reply_to: UUID) -> Passage:
    """The text and what it answers, as far as its author may read that."""
    if rooms.find_seat(work, room_id, actor.id) is None:
        return Passage(text)
    answered = messages.find_message(work, room_id, reply_to)
    if answered is None or answered.state != "published":
        return Passage(text)
    return Passage(text, messages.open_text(work, answered))


def store_assessment(work: Work, message: Message, reading: Reading, verdict: Verdict) -> None:
    """Numbers and offsets, in the message's own transaction."""
    assessment = reading.assessment
    work.session.add(
        StoredAssessment(
            message_id=message.id,
            room_id=message.room_id,
            assessed=assessment.assessed,
            why_not=assessment.why_not,
            model=assessment.model,
            language=assessment.language,
            signals=assessment.to_json(),
            policy=verdict.policy,
            handling=verdict.handling.value,
            urgency=verdict.urgency.value,
            reasons=[reason.code for reason in verdict.reasons],
            at=work.now,
        )
    )


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
