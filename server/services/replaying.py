"""This place's own past, for a replay of a policy: what was said, how it was read, and what people decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from moderation.cases import Action, CaseKind
from moderation.classifier import Assessment, Passage
from moderation.policy import Context
from moderation.policy_text import changes
from moderation.replay import (
    ENOUGH,
    SMALLEST_GROUP,
    Comparison,
    Group,
    Side,
    Truth,
    likely_share,
    told_together,
    truth_of,
)
from moderation.sharing import tells_of_its_author
from server.protocol import policy as bodies
from server.services import reading
from server.store import messages, past
from server.store.past import Dealt, Written
from server.store.tables import Assessment as StoredAssessment
from server.store.work import Work

NEWCOMER: Final = timedelta(days=7)
ASSUMED_MINUTES: Final = 2.0
_ENOUGH_CASES: Final = 5
_TOGETHER: Final = "together"


@dataclass(frozen=True, slots=True)
class Remembered:
    """One message of the past, with its newest reading where there is one."""

    passage: Passage
    context: Context
    room: str
    author: str
    newcomer: bool
    truth: Truth
    reading: Assessment | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them. last: where the next page goes on; None: there is no more. unreadable: keys are gone."""

    remembered: tuple[Remembered, ...]
    last: UUID | None
    unreadable: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a moderator has a case in hand: the median, over so many; assumed when there are too few."""

    minutes: float = ASSUMED_MINUTES
    measured_on: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a replay was made."""

    source: str
    since: datetime | None
    until: datetime
    model: str
    unreadable: int
    kept_readings: int
    read_again: int
    pace: Pace
    warnings: Sequence[bodies.PolicyProblem]
    seconds: float


def read_page(work: Work, since: datetime, after: UUID | None) -> Page:
    """The next messages since then."""
    written = past.page_after(work, since, after)
    ids = [one.message.id for one in written]
    about = [*ids, *(one.answered.id for one in written if one.answered)]
    readings, decided = past.readings_of(work, about), past.decisions_about(work, ids)
    found = [_remembered(work, one, readings, decided) for one in written]
    readable = tuple(one for one in found if one is not None)
    return Page(readable, ids[-1] if ids else None, len(found) - len(readable))


def find_pace(work: Work, since: datetime) -> Pace:
    """From taking a case in hand to deciding on it, by the same person."""
    claims = past.claims_since(work, since)
    waits = [wait for one in past.decided_since(work, since) if (wait := _in_hand(one, claims))]
    if len(waits) < _ENOUGH_CASES:
        return Pace()
    return Pace(round(median(waits) / 60, 1), len(waits))


def report(found: Comparison, ran: Ran) -> bodies.PolicyReport:
    """Everything that was counted, with what to mind."""
    own = ran.source == "history"
    more = found.after.to_person - found.before.to_person
    return bodies.PolicyReport(
        source="history" if own else "data",
        since=ran.since,
        until=ran.until,
        model=ran.model,
        messages=found.messages,
        people=len(found.authors) if own else None,
        affected_people=len(found.affected) if own else None,
        not_assessed=found.not_assessed,
        unreadable=ran.unreadable,
        kept_readings=ran.kept_readings,
        read_again=ran.read_again,
        decided={str(truth): found.truths[str(truth)] for truth in Truth},
        before=_side(found, found.before, found.policy_before.version),
        after=_side(found, found.after, found.policy_after.version),
        newly_flagged=found.newly_flagged,
        no_longer_flagged=found.no_longer_flagged,
        newly_caught=found.newly_caught,
        newly_missed=found.newly_missed,
        moves=dict(found.moves.most_common()),
        rules={rule.name: found.rules[rule.name] for rule in found.policy_after.rules},
        changes=[
            bodies.PolicyChange(key=one.key, before=one.before, after=one.after)
            for one in changes(found.policy_before, found.policy_after)
        ],
        warnings=list(ran.warnings),
        rooms=_groups(found.rooms, own=own),
        languages=_groups(found.languages, own=own),
        newcomers=_groups(found.newcomers, own=own),
        load=_load(more, ran),
        notes=_notes(found, ran),
        ran_s=round(ran.seconds, 1),
    )


def _remembered(
    work: Work,
    one: Written,
    readings: dict[UUID, list[StoredAssessment]],
    decided: dict[UUID, list[tuple[str, str]]],
) -> Remembered | None:
    message, answered = one.message, one.answered
    text = messages.open_text(work, message)
    if text is None:
        return None
    note = messages.open_note(work, message)
    before = messages.open_text(work, answered) if answered else None
    by_another = answered is not None and answered.author_id != message.author_id
    raised = answered is not None and any(
        row.urgency != "none" for row in readings.get(answered.id, ())
    )
    tells = answered is not None and (answered.ask or raised or tells_of_its_author(before or ""))
    context = Context(
        is_reply=by_another,
        tone_nudges=one.tone_nudges,
        something_to_answer=tells,
        answers_danger=by_another and raised,
        room=one.room,
    )
    return Remembered(
        passage=Passage(reading.whole_text(note, text), before),
        context=context,
        room=one.room,
        author=str(message.author_id),
        newcomer=message.at - one.joined_at < NEWCOMER,
        truth=truth_of([(CaseKind(k), Action(a)) for k, a in decided.get(message.id, ())]),
        reading=_newest(readings.get(message.id, ())),
    )


def _newest(rows: Sequence[StoredAssessment]) -> Assessment | None:
    """What was read of it last; nothing where a model was too late or broken."""
    read = [row for row in rows if row.why_not not in ("late", "broken")]
    return Assessment.from_json(read[-1].signals) if read else None


def _in_hand(decided: Dealt, claims: Sequence[Dealt]) -> float | None:
    begun = [
        claim.at
        for claim in claims
        if (claim.case, claim.by) == (decided.case, decided.by) and claim.at <= decided.at
    ]
    return (decided.at - begun[-1]).total_seconds() if begun else None


def _side(found: Comparison, side: Side, version: str) -> bodies.ReplaySide:
    mattered = found.truths[str(Truth.RISK)] + found.truths[str(Truth.HARMFUL)]
    return bodies.ReplaySide(
        version=version,
        flagged=side.flagged,
        caught=_share(side.caught, mattered),
        missed=side.missed,
        missed_risk=side.missed_risk,
        flagged_harmless=_share(side.flagged_harmless, found.truths[str(Truth.HARMLESS)]),
        to_person=side.to_person,
        handling=dict(side.handling),
        urgency=dict(side.urgency),
    )


def _share(part: int, whole: int) -> bodies.ReplayShare:
    likely = likely_share(part, whole)
    low, high = (round(likely[0], 3), round(likely[1], 3)) if likely else (None, None)
    return bodies.ReplayShare(part=part, whole=whole, low=low, high=high)


def _groups(groups: dict[str, Group], *, own: bool) -> list[bodies.ReplayGroup]:
    shown = (
        told_together(groups.values(), _TOGETHER)
        if own
        else sorted(groups.values(), key=lambda group: (-group.messages, group.name))
    )
    return [
        bodies.ReplayGroup(
            name=group.name,
            together=group.name == _TOGETHER,
            messages=group.messages,
            people=len(group.authors) if own else None,
            decided=group.decided,
            caught_before=group.caught_before,
            caught_after=group.caught_after,
            newly_flagged=group.newly_flagged,
            no_longer_flagged=group.no_longer_flagged,
            more_cases=group.cases_after - group.cases_before,
        )
        for group in shown
    ]


def _load(more: int, ran: Ran) -> bodies.ReplayLoad:
    minutes = round(more * ran.pace.minutes, 1)
    days = (ran.until - ran.since).total_seconds() / 86_400 if ran.since else 0
    return bodies.ReplayLoad(
        minutes_each=ran.pace.minutes,
        measured_on=ran.pace.measured_on,
        more_cases=more,
        more_minutes=minutes,
        more_minutes_per_week=round(minutes * 7 / days, 1) if days >= 1 else None,
    )


def _notes(found: Comparison, ran: Ran) -> list[str]:
    mattered = found.truths[str(Truth.RISK)] + found.truths[str(Truth.HARMFUL)]
    undecided = found.truths[str(Truth.UNDECIDED)]
    own = ran.source == "history"
    notes = {
        "Nothing was said in this time: there is nothing to learn from.": found.messages == 0,
        f"Nobody decided about {undecided:,} of these messages: they are neither caught nor missed here, "
        "and some of them may be either.": own and undecided > 0,
        f"People found harm or danger in only {mattered}: too few to tell a share.": (
            0 < mattered < ENOUGH
        ),
        "People found harm or danger in none of them: what would be missed cannot be told.": (
            mattered == 0 and found.messages > 0
        ),
        "Drafts that were nudged and never sent are not kept, so they are not in here.": own,
        f"Rooms, languages and newcomers with fewer than {SMALLEST_GROUP} people are told together.": own,
        f"{ran.unreadable:,} messages can no longer be opened and are left out.": ran.unreadable > 0,
        f"{found.not_assessed:,} could not be read by the model (another language, mostly): phrases and "
        "rules alone judge them.": found.not_assessed > 0,
        "Labels of public data stand for decisions; they are of other people, and nobody's joining date "
        "is known. Texts over 500 characters are left out.": not own,
        f"Each case is taken as {ran.pace.minutes:g} minutes: fewer than {_ENOUGH_CASES} were taken in "
        "hand and decided here.": own and ran.pace.measured_on == 0,
        f"Each case is taken as {ran.pace.minutes:g} minutes: nobody's own handling time is behind it.": (
            not own
        ),
    }  # fmt: skip
    return [words for words, holds in notes.items() if holds]
