"""What the machine did is kept where its author can read it: one entry for each act, in the same transaction.

Words that are simply published leave no entry: nothing was decided about them.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from moderation.policy import Urgency, Verdict
from server.ids import new_id
from server.services import promises, reading, reason_words
from server.services.reading import Reading
from server.store import acts
from server.store.tables import Act, Message
from server.store.work import Work

Kind = Literal["nudge", "collapse", "hold", "refuse", "risk", "surface"]
_ONE_REFUSAL_IN = timedelta(hours=1)
"""One entry says it: somebody who tries again and again need not read it fifty times."""


def about_message(
    work: Work, message: Message, kind: Kind, read: Reading, verdict: Verdict, act_id: UUID
) -> None:
    """A message was folded, held back, or shown to a person. Call it last: it writes the audit log."""
    _keep(work, kind, read, verdict, id=act_id, member_id=message.author_id,
          room_id=message.room_id, message_id=message.id)  # fmt: skip


def about_draft(
    work: Work, member_id: UUID, room_id: UUID, client_id: UUID, read: Reading, verdict: Verdict
) -> None:
    """Its author was shown a suggestion before it was sent. Call it last."""
    _keep(work, "nudge", read, verdict, id=new_id(), member_id=member_id, room_id=room_id,
          client_id=client_id)  # fmt: skip


def refused(work: Work, member_id: UUID, room_id: UUID, code: str, read: Reading) -> None:
    """Words were refused, whatever they were: once an hour for each reason. Call it last."""
    if acts.refused_lately(work, member_id, room_id, code, _ONE_REFUSAL_IN):
        return
    verdict = read.judge(reading.SCREENED)
    act = Act(
        bound=0, member_id=member_id, kind="refuse", room_id=room_id, code=code, reasons=[],
        model=read.assessment.model, policy=verdict.policy, at=work.now,
    )  # fmt: skip
    acts.add(work, act)


def _keep(work: Work, kind: Kind, read: Reading, verdict: Verdict, **ids: Any) -> None:
    is_risk = kind == "risk"
    codes = [] if is_risk else _of_tone(verdict)
    calm = verdict.urgency is Urgency.NONE
    clause = "care" if is_risk else reason_words.clause_of(codes)
    act = Act(
        **ids,
        bound=0,
        kind=kind,
        about=verdict.about or "self" if is_risk else None,
        reasons=codes,
        band=reason_words.band(codes, read.assessment.signals) if calm else None,
        clause=clause,
        clause_words=promises.words_of(work, clause),
        model=read.assessment.model,
        policy=verdict.policy,
        at=work.now,
    )
    acts.add(work, act)


def _of_tone(verdict: Verdict) -> list[str]:
    """Without what speaks of danger: for that there are words, and no rules or scores."""
    return [
        code
        for code in reading.codes(verdict.reasons)
        if reason_words.is_own_rule(code) or reason_words.clause_of([code])
    ]
