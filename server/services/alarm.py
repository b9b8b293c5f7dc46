"""What follows when a text may mean danger or harm: support at once, a case for a person, and honest words.

Nobody in danger is nudged, held or left in silence: that is decided in `moderation.policy`; here it is done.
"""

from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import Handling, Urgency, Verdict
from server.access import Actor
from server.ids import new_id
from server.protocol import frames
from server.protocol.base import Wire
from server.services import acts, cases, conversations, help, ladder, notices, reading, wording
from server.services.reading import Reading
from server.store import comfort, people, rooms
from server.store import notices as stored_notices
from server.store.tables import Message
from server.store.work import Work


def after_publishing(
    work: Work,
    message: Message,
    read: Reading,
    verdict: Verdict,
    *,
    client_id: UUID,
) -> list[Wire]:
    """A case where one is due, support for the author, and a notice for each automated act.

    client_id: of the post or the edit that is answered.
    """
    answers: list[Wire] = []
    if verdict.by_rule:
        raise_case(work, message, read, verdict, CaseKind.HARM)
        tell(work, message, "looked_at", "rule", read, verdict)
    elif verdict.urgency is not Urgency.NONE:
        raise_case(work, message, read, verdict, CaseKind.RISK)
        tell(work, message, "looked_at", f"risk_{verdict.about or 'self'}", read, verdict)
    if verdict.handling is Handling.COLLAPSE:
        tell(work, message, "collapsed", "collapsed", read, verdict)
    if verdict.support:
        answers.append(help_now(work, message.author_id, verdict, message.room_id, client_id))
    return answers


def hold(
    work: Work, message: Message, read: Reading, verdict: Verdict, *, client_id: UUID
) -> frames.Held:
    """Kept back for a person to judge; its author is told, and may appeal at once.

    client_id: of the post or the edit that is answered.
    """
    raise_case(work, message, read, verdict, CaseKind.HELD)
    notice = tell(work, message, "held", who_looks(work, message.room_id), read, verdict)
    return _held(message, notice, client_id)


def who_looks(work: Work, room_id: UUID) -> str:
    """Who is asked to look at a held message: those on shift, those on call, or nobody yet; a code."""
    if rooms.on_shift(work, [room_id]):
        return "held"
    return "on_call" if ladder.has_on_call(work, room_id) else "nobody_on"


def held_again(
    work: Work, message: Message, client_id: UUID, notice_id: UUID | None = None
) -> frames.Held:
    """The answer a held post got before; or, by its notice, a held edit."""
    notice = (
        stored_notices.find(work, notice_id)
        if notice_id
        else stored_notices.find_for_message(work, message.id, "held")
    )
    assert notice is not None  # noqa: S101 - written with the hold
    return _held(message, notices.as_frame(work, notice), client_id)


def raise_case(
    work: Work, message: Message, read: Reading, verdict: Verdict, kind: CaseKind
) -> None:
    """One open case per message; the machine's reasons in words."""
    urgency = verdict.urgency if verdict.urgency is not Urgency.NONE else Urgency.SOON
    cases.raise_case(
        work,
        room_id=message.room_id,
        subject_id=message.author_id,
        message_id=message.id,
        kind=kind,
        urgency=urgency,
        handling=verdict.handling,
        about=verdict.about,
        language=read.assessment.language,
        policy=verdict.policy,
        source=_source(read, verdict),
        reasons=reading.codes(verdict.reasons),
        words=reading.words(verdict.reasons),
        spans=reading.spans(verdict.reasons),
    )


def _source(read: Reading, verdict: Verdict) -> cases.Source:
    codes = reading.codes(verdict.reasons)
    if codes and all(code.startswith(_RULE) for code in codes):
        return "rule"
    return "lexicon" if any(hit.code in codes for hit in read.hits) else "classifier"


_RULE = "rule:"


def open_line(
    work: Work, actor: Actor, frame: frames.Post | frames.Edit, verdict: Verdict
) -> frames.Support:
    """Someone who may be in danger was refused: a private line to the moderators, and support."""
    line = conversations.open_line(work, actor.id, frame.room)
    cases.raise_case(
        work,
        room_id=frame.room,
        subject_id=actor.id,
        message_id=None,
        kind=CaseKind.LINE,
        urgency=verdict.urgency,
        handling=None,
        about=verdict.about,
        language=None,
        policy=verdict.policy,
        source="refused",
        reasons=reading.codes(verdict.reasons),
        words=reading.words(verdict.reasons),
        spans=reading.spans(verdict.reasons),
        refused_text=frame.text,
        conversation_id=line.id,
    )
    support = help_now(work, actor.id, verdict, frame.room, frame.client_id)
    return support.model_copy(update={"private_line": line.id})


def help_now(
    work: Work, member_id: UUID, verdict: Verdict, room_id: UUID, client_id: UUID
) -> frames.Support:
    """Help at hand, for whoever the verdict is about."""
    member = people.find_member(work, member_id)
    assert member is not None  # noqa: S101 - an actor or an author is a member
    return help.support(work, member, verdict.about or "self", room_id, client_id)


def tell(
    work: Work,
    message: Message,
    kind: str,
    code: str,
    read: Reading,
    verdict: Verdict,
) -> frames.Notice:
    """What the machine did about a message: told to its author, and kept in their ledger. A rule of the
    place gives its reason.

    Whatever restricts can be appealed. Call it last in a verb: it writes the audit log.
    """
    act = _act_of(kind, code)
    act_id = new_id()
    rules = [reason.words for reason in verdict.reasons if reason.code.startswith(_RULE)]
    language = comfort.language_of(work, message.author_id)
    told = wording.notice(kind, code, language)
    notice = notices.tell(
        work,
        member_id=message.author_id,
        kind=kind,
        code=code,
        words=" ".join([told, wording.rule(rules, language)]) if rules else told,
        room_id=message.room_id,
        message_id=message.id,
        automated=True,
        by_role="machine",
        policy=verdict.policy,
        act_id=act_id,
        appealable=act in {"hold", "collapse"},
    )
    acts.about_message(work, message, act, read, verdict, act_id)
    return notice


def _act_of(kind: str, code: str) -> acts.Kind:
    if kind == "looked_at" or code.startswith("risk_"):
        return "surface" if code == "rule" else "risk"
    return "hold" if kind == "held" else "collapse"


def _held(message: Message, notice: frames.Notice, client_id: UUID) -> frames.Held:
    return frames.Held(
        room=message.room_id,
        client_id=client_id,
        id=message.id,
        at=message.at,
        notice=notice.id,
        words=notice.words,
    )
