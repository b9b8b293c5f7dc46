"""What nobody has read yet is read when that is possible again: never shown as safe, never held back."""

from dataclasses import dataclass
from uuid import UUID

from moderation.cases import CaseKind
from moderation.classifier import Assessment, Passage
from moderation.policy import Handling, Urgency, Verdict
from server.services import alarm, publishing, reading, urging
from server.services.in_force import AS_SHIPPED, InForce
from server.store import assessments, cases, messages
from server.store.tables import Message
from server.store.work import ToMember, Work

BATCH = 16


@dataclass(frozen=True, slots=True)
class Unread:
    """One message that waits to be read."""

    assessment_id: UUID
    passage: Passage


def find_unread(work: Work) -> list[Unread]:
    """The oldest that a model missed because it was late or broken."""
    found = assessments.waiting(work, BATCH)
    return [Unread(row.id, _passage(work, message)) for row, message in found]


def record(
    work: Work, assessment_id: UUID, assessment: Assessment, standing: InForce = AS_SHIPPED
) -> None:
    """The reading, once: a case where one is due, and harm to others is collapsed, not unsaid.

    One that still could not be read goes to the end of the line, so that it never blocks the others.
    """
    row = assessments.find(work, assessment_id)
    if row is None or row.assessed:
        return
    message = messages.by_id(work, [row.message_id])[row.message_id]
    read = reading.with_hits(assessment, _words(work, message), standing)
    context = urging.screened(
        work, message.author_id, message.room_id, message.reply_to, read, message.seq
    )
    verdict = read.judge(context)
    reading.store_assessment(work, message, read, verdict)
    if not assessment.assessed or message.state != "published":
        return
    if verdict.support:  # late help is help, on whichever of the author's sockets is open now
        author, room_id = message.author_id, message.room_id
        card = alarm.help_now(work, author, verdict, room_id, message.client_id)
        work.announce(ToMember(author, card))
    calls = _calls_for_a_person(work, message, verdict)
    if calls:
        alarm.raise_case(work, message, read, verdict, CaseKind.RISK)
    elif verdict.handling is Handling.HOLD:
        alarm.raise_case(work, message, read, verdict, CaseKind.HARM)
    folds = verdict.handling in {Handling.HOLD, Handling.COLLAPSE} and message.collapsed_by is None
    if folds:
        message.collapsed_by = verdict.content_note or _NOTE
        work.session.add(message)
        publishing.announce_change(work, message, "collapsed")
    if calls:
        alarm.tell(work, message, _KIND, f"risk_{verdict.about or 'self'}", read, verdict)
    if folds:
        alarm.tell(work, message, _KIND, "collapsed", read, verdict)


def _calls_for_a_person(work: Work, message: Message, verdict: Verdict) -> bool:
    """Not twice: a rule of the place asked when it was said, or a person has judged it already."""
    if verdict.urgency is Urgency.NONE or verdict.by_rule:
        return False
    return not cases.was_judged(work, message.id, verdict.urgency.rank)


_NOTE = "This may hurt to read."
_KIND = "assessed_late"


def _passage(work: Work, message: Message) -> Passage:
    answered = (
        messages.find_message(work, message.room_id, message.reply_to) if message.reply_to else None
    )
    before = (
        messages.open_text(work, answered) if answered and answered.state == "published" else None
    )
    return Passage(_words(work, message), before)


def _words(work: Work, message: Message) -> str:
    note = messages.open_note(work, message)
    return reading.whole_text(note, messages.open_text(work, message) or "")
