"""What each decision does to a message, a seat or a conversation, and what its author is told."""

from moderation.cases import CaseKind
from moderation.ladder import Rung
from server.errors import BadFrame, NotNow
from server.protocol import frames
from server.services import (
    appeals,
    conversations,
    escalating,
    help,
    looking_again,
    publishing,
    seats,
    standing,
    timers,
    wording,
)
from server.services.judged import Judged, tell_author
from server.services.queue import LEASE
from server.store import cases, comfort, rooms
from server.store.tables import Room
from server.store.work import Work


def dismiss(work: Work, judged: Judged) -> None:
    """Nothing to do. A held message is published; who asked for that has their answer."""
    message = judged.message
    if message and message.state == "held":
        publishing.show(work, message)
        appeals.answer_moot(work, message.id)
        tell_author(work, judged, "published")
    elif judged.case.kind == CaseKind.LOOK_AGAIN:
        return  # put aside: its reason is for the record
    elif _was_told(work, judged):  # who never knew that somebody looked is left in peace
        tell_author(work, judged, "looked_at")


def hide(work: Work, judged: Judged) -> None:
    """Out of everybody's sight."""
    if judged.message:
        publishing.hide(work, judged.message)
    tell_author(work, judged, "hidden", appealable=True)


def care_note(work: Work, judged: Judged) -> None:
    """Kind words: no sanction."""
    tell_author(work, judged, "care_note", words=judged.words)


def warn(work: Work, judged: Judged) -> None:
    """Please look at this again."""
    _keep_back(work, judged)
    tell_author(work, judged, "warn", appealable=True)


def pause(work: Work, judged: Judged) -> None:
    """May read, not write here, until a time."""
    seat = rooms.find_any_seat(work, judged.case.room_id, judged.case.subject_id)
    if judged.decision.until is None:
        raise BadFrame("A pause needs its length.")
    if seat is None:
        raise NotNow("This person has no seat here.")
    standing.settle_pause(work, seat.room_id, seat.member_id)
    _keep_back(work, judged)
    tell_author(work, judged, "pause", until=judged.decision.until, appealable=True)


def remove_member(work: Work, judged: Judged) -> None:
    """The seat in this room ends; it is not taken again without a moderator."""
    seat = rooms.find_any_seat(work, judged.case.room_id, judged.case.subject_id)
    if seat is None:
        raise NotNow("This person has no seat here.")
    if seat.left_at is None:
        seats.end_seat(work, seat, "removed")
    seat.removed_at = work.now
    work.session.add(seat)
    _keep_back(work, judged)
    tell_author(work, judged, "removed", appealable=True)


def reach_out(work: Work, judged: Judged) -> None:
    """A private conversation with the author, its first words said. The case stays where it is."""
    room = _conversation(work, judged)
    publishing.say(work, room.id, judged.actor.id, judged.words)
    case = judged.case
    case.conversation_id = room.id
    case.claimed_by, case.claimed_until = judged.actor.id, work.now + LEASE
    work.session.add(case)
    tell_author(work, judged, "reach_out", conversation_id=room.id)


def share_resources(work: Work, judged: Judged) -> None:
    """Help lines of the author's country, with a few words: as a notice, and where one already talks."""
    told = help_lines_for(work, judged)
    tell_author(work, judged, "resources", words=told)
    room = (
        rooms.find_room(work, judged.case.conversation_id) if judged.case.conversation_id else None
    )
    if room and room.state == "open" and rooms.find_seat(work, room.id, judged.actor.id):
        publishing.say(work, room.id, judged.actor.id, told)


def help_lines_for(work: Work, judged: Judged) -> str:
    """What the moderator wrote, then the lines that this member's crisis page shows, as plain text."""
    subject = cases.get_subject(work, judged.case)
    shown = help.lines_for(work, help.chosen_country(work, None, subject))
    language = comfort.language_of(work, subject.id)
    numbers = ", ".join(shown.emergency)
    emergency = wording.resources("emergency", language).format(numbers=numbers)
    lines = [_in_words(line) for line in shown.lines[:_LINES]]
    return "\n".join([judged.words, "", wording.resources("begin", language), *lines, emergency])


def _in_words(line: frames.HelpLine) -> str:
    ways = [way for way in (line.dial, line.text, line.url) if way]
    return f"{line.name}: {', '.join(ways)}"


_LINES = 8
"""Enough to choose from at a hard moment; the crisis page has all of them."""


def escalate(work: Work, judged: Judged) -> None:
    """The room's clinicians see it now. Its reason is for them, so nobody else is told."""
    case = judged.case
    case.awaits_clinician, case.rung = True, Rung.NONE
    work.session.add(case)
    timers.plan_escalation(work, case)
    escalating.open_escalation(work, case, judged.decision, judged.asked.shared)


def _keep_back(work: Work, judged: Judged) -> None:
    """A case that closes decides about its held message too: it is not published."""
    if judged.message and judged.message.state == "held":
        publishing.hide(work, judged.message)


def _was_told(work: Work, judged: Judged) -> bool:
    """Whether the author knows of this already: by a notice, or by a line that was opened."""
    return looking_again.knows(work, judged.case)


def _conversation(work: Work, judged: Judged) -> Room:
    case = judged.case
    room = rooms.find_room(work, case.conversation_id) if case.conversation_id else None
    if room is None or room.state != "open":
        return conversations.open_conversation(
            work,
            case.room_id,
            case.subject_id,
            [judged.actor.id],
            wording.conversation("name", comfort.language_of(work, case.subject_id)),
        )
    seats.take_seat(work, room.id, case.subject_id)
    staff_seat = conversations.staff_seat(work, judged.actor.id)
    seats.take_seat(work, room.id, judged.actor.id, staff_seat)
    return room
