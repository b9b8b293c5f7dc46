"""Counting answers by the published rules. Nothing is guessed for an answer that is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from moderation.urgency import Urgency
from server.measures.model import Band, Change, Definition


@dataclass(frozen=True, slots=True)
class OffTrack:
    """A course that is not as expected, and the totals that say so. worse_again: `first` is the lowest before."""

    reason: Literal["worse", "worse_again", "no_better"]
    first: int
    last: int
    measurements: int


def total(definition: Definition, answers: Mapping[str, int]) -> int | None:
    """The sum of all answers; None when one is missing: then it is not scored.

    Raises ValueError for an answer that the questionnaire does not have.
    """
    check_answers(definition, answers)
    if any(item.link_id not in answers for item in definition.items):
        return None
    return sum(answers[item.link_id] for item in definition.items)


def check_answers(definition: Definition, answers: Mapping[str, int]) -> None:
    """Raises ValueError for a question or an answer that the questionnaire does not have."""
    questions = {item.link_id for item in definition.items}
    values = {option.value for option in definition.options}
    if not set(answers) <= questions or not set(answers.values()) <= values:
        raise ValueError("no such question, or no such answer to it")


def band(definition: Definition, points: int) -> Band:
    """The range that a total lies in. Raises ValueError for a total that there cannot be."""
    if not 0 <= points <= definition.highest:
        raise ValueError("no such total")
    return max(
        (one for one in definition.bands if one.lowest <= points), key=lambda one: one.lowest
    )


def change(definition: Definition, before: int, after: int) -> Change | None:
    """Whether a change is more than the instrument's error; None where no reliability is published."""
    if definition.reliable_change is None:
        return None
    if abs(after - before) < definition.reliable_change.points:
        return "none"
    return "worse" if after > before else "better"


def urgency(definition: Definition, answers: Mapping[str, int]) -> Urgency:
    """How soon a person is called for by these answers."""
    danger = definition.danger
    if danger is None:
        return Urgency.NONE
    return danger.urgency[answers.get(danger.link_id, 0)]


def off_track(definition: Definition, totals: Sequence[int]) -> OffTrack | None:
    """Whether a course is not as expected. totals: oldest first; fewer than two say nothing."""
    course = definition.course
    if course is None or len(totals) < 2:
        return None
    first, last = totals[0], totals[-1]
    changed = change(definition, first, last)
    if changed == "worse":
        return OffTrack("worse", first, last, len(totals))
    if change(definition, min(totals), last) == "worse":
        return OffTrack("worse_again", min(totals), last, len(totals))
    is_high, is_long = last >= course.high_from, len(totals) >= course.measurements
    if changed == "none" and is_high and is_long:
        return OffTrack("no_better", first, last, len(totals))
    return None
