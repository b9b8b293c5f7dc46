"""A member is erased: what the register of data says becomes of each row. Safe to do twice."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, or_, select, update

from server.store import audit, case_words, holds
from server.store.place import get_place
from server.store.rooms import next_seq
from server.store.tables import (
    AgeChange,
    AskPassedOn,
    Assessment,
    Case,
    CaseFlag,
    Challenge,
    CodeApp,
    Complaint,
    Consent,
    CourseAlert,
    DataExport,
    Edit,
    Emergency,
    Erasure,
    FeltHeard,
    GroupSessionPresence,
    GroupSessionReminder,
    GuardCase,
    GuardChoice,
    GuardShift,
    Invitation,
    JournalEntry,
    JournalLock,
    MeasureAsk,
    MeasureResponse,
    Member,
    MemberComfort,
    Membership,
    Message,
    Mood,
    Notice,
    NudgeShown,
    Passkey,
    PushCall,
    PushDevice,
    PushNews,
    PushWish,
    QuietPerson,
    QuietTopic,
    Reaction,
    Receipt,
    RecoveryCode,
    RecoveryLink,
    Revision,
    SafetyPlan,
    Session,
    TeamNote,
)
from server.store.work import Work

LEFT_NAME = "(left)"
"""Shown where a pseudonym stood. No member can take it."""


def messages_with_words(work: Work, member_id: UUID, limit: int) -> list[Message]:
    """Some of a member's messages that still hold something of theirs."""
    query = (
        select(Message)
        .where(col(Message.author_id) == member_id)
        .where(or_(col(Message.sealed).is_not(None), col(Message.state) != "withdrawn"))
        .limit(limit)
    )
    return list(work.session.exec(query))


def erase_rows(work: Work, member_id: UUID) -> None:
    """Everything but the words of messages, which go before, and the keys, which go after."""
    _blank(work, member_id)
    for model, mine in _DELETED:
        work.session.exec(delete(model).where(mine(member_id)))
    place = get_place(work)
    if str(member_id) in place.on_call:
        place.on_call = [one for one in place.on_call if one != str(member_id)]
        work.session.add(place)
    work.session.flush()


def erase_again(work: Work, erased: Collection[UUID]) -> int:
    """Members who were erased and whom an older database still has. Returns how many."""
    done = 0
    for member_id in erased:
        member = work.session.get(Member, member_id)
        if member is None or member.pseudonym == LEFT_NAME:
            continue
        for message in work.session.exec(
            select(Message).where(col(Message.author_id) == member_id)
        ):
            if message.state == "published":
                next_seq(work, message.room_id, "withdrawn", message.id)
            forget(message)
        for seat in work.session.exec(
            select(Membership).where(
                col(Membership.member_id) == member_id, col(Membership.left_at).is_(None)
            )
        ):
            next_seq(work, seat.room_id, "left", members=-1)
        erase_rows(work, member_id)
        _note(work, member_id)
        audit.append(work, None, "member.erased", member_id)
        done += 1
    return done


def forget(message: Message) -> None:
    """Its place stays, so that a thread can be followed."""
    message.state = "withdrawn"
    message.sealed = message.sealed_note = message.collapsed_by = None
    message.fingerprint = b""


def find(work: Work, member_id: UUID) -> Erasure | None:
    """What a member has asked for."""
    return work.session.get(Erasure, member_id)


def is_done(work: Work, member_id: UUID) -> bool:
    """Whether nobody is there any more."""
    found = find(work, member_id)
    return found is not None and found.done_at is not None


def due(work: Work, limit: int) -> list[UUID]:
    """Members whose day of thinking it over has passed, the longest first."""
    query = (
        select(Erasure.member_id)
        .where(col(Erasure.done_at).is_(None), col(Erasure.due_at) <= work.now)
        .order_by(col(Erasure.due_at))
    )
    return list(work.session.exec(query.limit(limit)))


def _note(work: Work, member_id: UUID) -> None:
    row = find(work, member_id) or Erasure(
        member_id=member_id, asked_at=work.now, due_at=work.now, begun_at=work.now
    )
    row.done_at = work.now
    work.session.add(row)


def _blank(work: Work, member_id: UUID) -> None:
    """Rows that others need stay, without what they say about anybody."""
    member = work.session.get(Member, member_id)
    if member:
        member.pseudonym, member.name_key = LEFT_NAME, f"left:{member_id}"
        member.passphrase_hash = member.recovery_digest = member.country = None
        member.staff_since = member.nudges_quiet_until = member.age_group = None
        member.state, member.role, member.tone_nudges = "removed", "peer", True
        work.session.add(member)
        work.session.flush()
    cases = select(Case.id).where(col(Case.subject_id) == member_id)
    case_words.forget(work, cases.where(col(Case.id).not_in(holds.held_cases(work))))
    notices = select(Notice.id).where(col(Notice.member_id) == member_id)
    for statement in (
        update(Case).where(col(Case.subject_id) == member_id).values(sealed=None),
        update(CaseFlag)
        .where(
            or_(
                col(CaseFlag.by) == member_id,
                (col(CaseFlag.by).is_(None)) & col(CaseFlag.case_id).in_(cases),
            )
        )
        .values(sealed=None),
        update(Notice).where(col(Notice.member_id) == member_id).values(sealed=None),
        update(Complaint).where(col(Complaint.by) == member_id).values(sealed=None),
        update(Edit).where(col(Edit.notice_id).in_(notices)).values(notice_id=None),
        update(Invitation).where(col(Invitation.redeemed_by) == member_id).values(redeemed_by=None),
    ):
        work.session.exec(statement.execution_options(synchronize_session="fetch"))


def _mine(column: Any) -> Any:
    return lambda member_id: col(column) == member_id


def _messages_of(member_id: UUID) -> Any:
    return select(Message.id).where(col(Message.author_id) == member_id)


def _devices_of(member_id: UUID) -> Any:
    return select(PushDevice.id).where(col(PushDevice.member_id) == member_id)


_DELETED: tuple[tuple[type, Any], ...] = (
    (Revision, lambda member_id: col(Revision.message_id).in_(_messages_of(member_id))),
    (Assessment, lambda member_id: col(Assessment.message_id).in_(_messages_of(member_id))),
    (Edit, _mine(Edit.author_id)),
    (Reaction, _mine(Reaction.member_id)),
    (FeltHeard, _mine(FeltHeard.asker_id)),
    (Membership, _mine(Membership.member_id)),
    (NudgeShown, _mine(NudgeShown.member_id)),
    (Receipt, _mine(Receipt.member_id)),
    (Emergency, _mine(Emergency.member_id)),
    (Consent, _mine(Consent.member_id)),
    (Mood, _mine(Mood.member_id)),
    (SafetyPlan, _mine(SafetyPlan.member_id)),
    (CourseAlert, _mine(CourseAlert.member_id)),
    (MeasureResponse, _mine(MeasureResponse.member_id)),
    (MeasureAsk, _mine(MeasureAsk.member_id)),
    (TeamNote, _mine(TeamNote.member_id)),
    (GroupSessionReminder, _mine(GroupSessionReminder.member_id)),
    (GroupSessionPresence, _mine(GroupSessionPresence.member_id)),
    (Session, _mine(Session.member_id)),
    (Passkey, _mine(Passkey.member_id)),
    (Challenge, _mine(Challenge.member_id)),
    (CodeApp, _mine(CodeApp.member_id)),
    (RecoveryCode, _mine(RecoveryCode.member_id)),
    (RecoveryLink, _mine(RecoveryLink.member_id)),
    (PushWish, _mine(PushWish.member_id)),
    (PushNews, lambda member_id: col(PushNews.device_id).in_(_devices_of(member_id))),
    (PushCall, lambda member_id: col(PushCall.device_id).in_(_devices_of(member_id))),
    (PushDevice, _mine(PushDevice.member_id)),
    (
        GuardCase,
        lambda member_id: col(GuardCase.shift_id).in_(
            select(GuardShift.shift_id).where(col(GuardShift.member_id) == member_id)
        ),
    ),
    (GuardShift, _mine(GuardShift.member_id)),
    (GuardChoice, _mine(GuardChoice.member_id)),
    (JournalEntry, _mine(JournalEntry.member_id)),
    (JournalLock, _mine(JournalLock.member_id)),
    (
        QuietPerson,
        lambda member_id: or_(
            col(QuietPerson.member_id) == member_id, col(QuietPerson.person_id) == member_id
        ),
    ),
    (QuietTopic, _mine(QuietTopic.member_id)),
    (MemberComfort, _mine(MemberComfort.member_id)),
    (AskPassedOn, _mine(AskPassedOn.member_id)),
    (AgeChange, _mine(AgeChange.member_id)),
    (DataExport, _mine(DataExport.member_id)),
)
"""In an order in which nothing is left that names what is gone."""

DELETED = frozenset(model.__tablename__ for model, _ in _DELETED)  # type: ignore[attr-defined]
