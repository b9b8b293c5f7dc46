"""A case begins, or a further flag joins it; whoever keeps the room hears of it at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from moderation import triage
from moderation.cases import CLINICIANS_ONLY, CaseKind, CaseState
from moderation.ladder import Rung
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Role
from server.ids import new_id
from server.protocol import frames
from server.services import keepers, timers
from server.store import cases, people
from server.store.tables import Case, CaseFlag
from server.store.work import ToStaff, Work

Source = Literal["classifier", "lexicon", "rule", "member", "moderator", "refused", "outside"]

_KINDS = (
    CaseKind.FLAG, CaseKind.HARM, CaseKind.HELD, CaseKind.APPEAL, CaseKind.LOOK_AGAIN,
    CaseKind.LINE, CaseKind.RISK, CaseKind.MEASURE,
)  # fmt: skip
"""From the least to the most: a case that is joined keeps the greater."""
_HANDLINGS = tuple(Handling)


def raise_case(
    work: Work,
    *,
    room_id: UUID,
    subject_id: UUID,
    message_id: UUID | None,
    kind: CaseKind,
    urgency: Urgency,
    handling: Handling | None,
    about: Literal["self", "another"] | None,
    language: str | None,
    policy: str,
    source: Source,
    reasons: Sequence[str],
    words: Sequence[str],
    spans: Sequence[dict[str, Any]],
    by: UUID | None = None,
    note: str | None = None,
    refused_text: str | None = None,
    conversation_id: UUID | None = None,
    aside: bool = False,
    flag_id: UUID | None = None,
) -> Case:
    """Open a case about a message, or else about a member in this room; or join the open one.

    reasons: stable codes; words: the same for a moderator. spans: {start, end, signal} in code
    points. note: the words of whoever flags (`by`). refused_text: a post that was not stored
    otherwise; it is sealed under its author's key. conversation_id: the private line, if any.
    aside: not for those who keep the room; so it is by itself where its subject keeps it alone, but what
    only the machine says about a private conversation stays among those who sit in it.
    """
    is_told = source in {"member", "outside"} or not keepers.is_private(work, room_id)
    alone = is_told and keepers.keeps_alone(work, room_id, subject_id)
    key = cases.open_key(room_id, subject_id, message_id)
    case = new_case(
        work,
        kind,
        urgency,
        room_id=room_id,
        subject_id=subject_id,
        message_id=message_id,
        open_key=f"aside:{key}" if aside and not alone else key,
        aside=aside or alone,
        handling=str(handling) if handling else None,
        about=about,
        language=language,
        conversation_id=conversation_id,
        policy=policy,
    )
    flag = CaseFlag(
        id=flag_id or new_id(),
        case_id=case.id,
        source="refused" if refused_text is not None else source,
        by=by if refused_text is None else None,
        reasons=list(reasons),
        words=list(words),
        spans=list(spans),
        at=work.now,
    )
    standing = open_or_join(work, case)
    flag.case_id = standing.id
    cases.add_flag(work, standing, flag, refused_text if refused_text is not None else note)
    announce(work, standing, alert=urgency is Urgency.NOW)
    return standing


def new_case(work: Work, kind: CaseKind, urgency: Urgency, **columns: Any) -> Case:
    """One that opens now and is due as its urgency says; not yet stored."""
    return Case(
        kind=str(kind),
        urgency=str(urgency),
        urgency_rank=urgency.rank,
        opened_at=work.now,
        due_at=triage.due_at(urgency, work.now),
        **columns,
    )


def open_or_join(work: Work, case: Case) -> Case:
    """The one open case under this key: this one, or the one that already stands there."""
    assert case.open_key is not None  # noqa: S101 - it is being opened
    standing = cases.find_by_key(work, case.open_key)
    if standing is None and cases.insert(work, case):
        timers.plan_rungs(work, case)
        return case
    standing = standing or cases.find_by_key(work, case.open_key)
    if standing is None:  # it was closed between two looks: ours is the first again
        cases.insert(work, case)
        timers.plan_rungs(work, case)
        return case
    rank = standing.urgency_rank
    _join(standing, case)
    work.session.add(standing)
    if standing.urgency_rank > rank:
        timers.plan_rungs(work, standing)
    work.session.flush()
    return standing


def announce(work: Work, case: Case, *, alert: bool = False) -> None:
    """Tell those who may see this case that it is new or changed: ids and urgency, no text."""
    state: Any = str(case.state)
    urgency: Any = str(case.urgency)
    frame = frames.QueueChanged(
        case=case.id, room=case.room_id, urgency=urgency, state=state, version=case.version,
        alert=alert,
    )  # fmt: skip
    holder = case.claimed_by if is_claimed(case, work.now) else None
    work.announce(
        ToStaff(
            case.room_id,
            frame,
            claimed_by=holder,
            escalated=is_for_clinicians(case),
            subject=case.subject_id,
            aside=case.aside,
            clinicians_only=is_only_for_clinicians(case),
        )
    )


def is_claimed(case: Case, now: datetime) -> bool:
    """Whether somebody looks at it right now: a lease that has not run out."""
    return bool(case.claimed_by and case.claimed_until and now < case.claimed_until)


def is_for_clinicians(case: Case) -> bool:
    """Whether the room's clinicians see it too: escalated, appealed, urgent, or called for."""
    return (
        is_only_for_clinicians(case)
        or case.state == CaseState.ESCALATED
        or case.kind == CaseKind.APPEAL
        or case.urgency == Urgency.NOW
        or case.rung >= Rung.CLINICIANS
    )


def is_only_for_clinicians(case: Case) -> bool:
    """Whether nobody but the room's clinicians may know of it."""
    return case.kind in CLINICIANS_ONLY


def mark_human_act(work: Work, case: Case) -> None:
    """The first human act stops the clock."""
    if case.first_human_at is None:
        case.first_human_at = work.now


def note_word_in(work: Work, room_id: UUID, author_id: UUID) -> None:
    """Somebody spoke in a private conversation: staff's first word is a human act on its case, and so
    is the first of a clinician who was asked.

    Does nothing in an ordinary room, so it may be called for every message.
    """
    case = cases.find_by_conversation(work, room_id)
    if case is None or author_id == case.subject_id:
        return
    answers = case.awaits_clinician and _is_clinician(work, author_id)
    if case.first_human_at is not None and not answers:
        return
    mark_human_act(work, case)
    case.awaits_clinician = case.awaits_clinician and not answers
    case.version += 1
    work.session.add(case)
    announce(work, case)


def _is_clinician(work: Work, member_id: UUID) -> bool:
    member = people.find_member(work, member_id)
    return member is not None and member.role == Role.CLINICIAN


def _join(standing: Case, flag: Case) -> None:
    """A flag may make a case more urgent and sooner due, never less."""
    if flag.urgency_rank > standing.urgency_rank:
        standing.urgency, standing.urgency_rank = flag.urgency, flag.urgency_rank
    standing.due_at = min(standing.due_at, flag.due_at)
    standing.kind = max(standing.kind, flag.kind, key=lambda kind: _KINDS.index(CaseKind(kind)))
    standing.handling = _stronger(standing.handling, flag.handling)
    abouts = (standing.about, flag.about)
    standing.about = "self" if "self" in abouts else standing.about or flag.about
    standing.language = standing.language or flag.language
    standing.conversation_id = standing.conversation_id or flag.conversation_id
    standing.version += 1


def _stronger(first: str | None, second: str | None) -> str | None:
    known = [handling for handling in (first, second) if handling is not None]
    return max(known, key=lambda handling: _HANDLINGS.index(Handling(handling)), default=None)
