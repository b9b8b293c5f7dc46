"""Decisions as labels to train with: only of who agreed, under numbers that are new in each copy."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from moderation.labels import Outcome, class_of_flag
from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.ids import new_id
from server.protocol import judgement as bodies
from server.services.consents import LABELS
from server.services.decided import Looked, looked_at
from server.services.judgement import rules_of
from server.services.masking import Masks
from server.services.reading import whole_text
from server.services.small_cells import SMALLEST_GROUP
from server.store import audit, consents, decided, labels, messages
from server.store.place import get_place
from server.store.tables import LabelExport, LabelRow, Message
from server.store.work import Work

FORMAT: Final = 1
_SHOWN: Final = 10


class LabelsOff(NotNow):
    """The place does not learn from its members' words."""

    code = "labels_off"
    detail = "This place does not learn from decisions: a steward has to turn it on first, on the page Judgement."


def read_switch(work: Work, actor: Actor) -> bodies.Labels:
    """Whether it is on, and what was copied out so far."""
    check(actor, "steward.labels")
    members = consents.count_standing(work, LABELS)
    return bodies.Labels(
        allowed_at=get_place(work).labels_allowed_at,
        members=members if members >= SMALLEST_GROUP else None,
        smallest_group=SMALLEST_GROUP,
        copies=[
            bodies.LabelsCopy(id=copy.id, at=copy.at, rows=copy.rows)
            for copy in labels.exports(work, _SHOWN)
        ],
    )


def switch(work: Work, actor: Actor, *, allowed: bool) -> bodies.Labels:
    """On or off for the whole place. Off: nothing more is copied, and every earlier copy has to go."""
    check(actor, "steward.labels")
    place = get_place(work)
    changed = allowed != (place.labels_allowed_at is not None)
    if changed:
        place.labels_allowed_at = work.now if allowed else None
        work.session.add(place)
        work.session.flush()
        audit.append(work, actor.id, f"labels.{'on' if allowed else 'off'}", None)
    return read_switch(work, actor)


@dataclass(frozen=True, slots=True)
class Copy:
    """What goes into a file: the manifest, then its rows, as JSON would have them."""

    id: UUID
    made_at: datetime
    manifest: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


def copy_out(work: Work, since: datetime) -> Copy:
    """Every decided message of who agreed, from cases that opened since. The copy is kept in the ledger.

    Raises LabelsOff.
    """
    if get_place(work).labels_allowed_at is None:
        raise LabelsOff
    agreed = consents.standing(work, LABELS)
    writing = _Writing(work, new_id(), agreed, Masks(labels.pseudonyms(work)))
    rows = writing.rows(looked_at(work, since))
    export = LabelExport(
        id=writing.export,
        at=work.now,
        since=since,
        wording=max(agreed.values(), default=""),
        rows=len(rows),
    )
    work.session.add(export)
    work.session.flush()
    work.session.add_all(writing.ledger)
    work.session.flush()
    audit.append(work, None, "labels.export", export.id)
    return Copy(export.id, export.at, _manifest(export, rows, writing, agreed), rows)


def withdrawn(work: Work, export_id: UUID) -> list[UUID]:
    """The rows of an earlier copy that must go: their author or the one they answer no longer agrees,
    has left, or took these words back; all of them when the place turned it off.

    Raises NotFound for a file that was not made here.
    """
    if labels.find_export(work, export_id) is None:
        raise NotFound("This file was not made by this place.")
    rows = labels.rows_of(work, export_id)
    if get_place(work).labels_allowed_at is None:
        return [row.id for row in rows]
    agreed = consents.standing(work, LABELS)
    gone = labels.taken_back(work, export_id)

    def may_stay(author: UUID | None, message: UUID | None) -> bool:
        return author is None or (author in agreed and message not in gone)

    return [
        row.id
        for row in rows
        if not may_stay(row.author_id, row.message_id)
        or not may_stay(row.answered_author_id, row.answered_id)
    ]


def _manifest(
    export: LabelExport,
    rows: Sequence[Mapping[str, Any]],
    writing: "_Writing",
    agreed: Mapping[UUID, str],
) -> Mapping[str, Any]:
    counted = Counter(f"{name}: {row['outcome']}" for row in rows for name in row["about"])
    wordings = Counter(agreed[row.author_id] for row in writing.ledger)
    return {
        "format": FORMAT,
        "export": str(export.id),
        "made_at": export.at.isoformat(),
        "since": export.since.isoformat(),
        "consent": {"scope": LABELS, "rows_by_wording": dict(wordings)},
        "rows": len(rows),
        "authors": len(writing.numbers),
        "pairs": sum(row["in_reply_to"] is not None for row in rows),
        "labels": dict(sorted(counted.items())),
        "left_out": dict(sorted(writing.left_out.items())),
        "private": "A model trained with this is never passed on or published.",
    }


@dataclass(slots=True)
class _Writing:
    """One copy as it grows. numbers: who is which author in it. left_out: decided cases, by why."""

    work: Work
    export: UUID
    agreed: Mapping[UUID, str]
    masks: Masks
    numbers: dict[UUID, str] = field(default_factory=dict)
    ledger: list[LabelRow] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def rows(self, cases: Sequence[Looked]) -> list[dict[str, Any]]:
        """In an order that says nothing: by their own random ids."""
        judged = [case for case in cases if case.label is not Outcome.WAITING]
        said = self._messages([case.case.message for case in judged])
        answered = self._messages([message.reply_to for message in said.values()])
        found = []
        for case in judged:
            message = said.get(case.case.message) if case.case.message else None
            why_not = self._why_not(case, message)
            if why_not or message is None:
                self.left_out[why_not or "without a message"] += 1
                continue
            before = answered.get(message.reply_to) if message.reply_to else None
            found.append(self._row(case, message, before))
        return sorted(found, key=lambda row: str(row["id"]))

    def _messages(self, ids: Sequence[UUID | None]) -> dict[UUID, Message]:
        return decided.messages_of(self.work, sorted({one for one in ids if one is not None}))

    def _why_not(self, case: Looked, message: Message | None) -> str | None:
        """Whether a message stays here, and the reason in words; None when it may be copied."""
        if message is None:
            return "without a message"
        if message.author_kind != "person" or not case.case.in_room:
            return "in a private conversation, or by no person"
        if message.author_id not in self.agreed:
            return "its author has not agreed"
        if self._text(message) is None:
            return "taken back, or no longer readable"
        if message.edited_at and message.edited_at >= case.flagged_at:
            return "edited after it was flagged"
        return None

    def _text(self, message: Message) -> str | None:
        if message.state == "withdrawn":
            return None
        text = messages.open_text(self.work, message)
        if text in {None, "", messages.UNREADABLE}:
            return None
        return whole_text(messages.open_note(self.work, message), text or "")

    def _row(self, case: Looked, message: Message, answered: Message | None) -> dict[str, Any]:
        before = self._answered(message, answered)
        row = LabelRow(
            id=uuid4(),  # in no order, and no time in it
            export_id=self.export,
            message_id=message.id,
            author_id=message.author_id,
            answered_id=answered.id if answered and before is not None else None,
            answered_author_id=answered.author_id if answered and before is not None else None,
        )
        self.ledger.append(row)
        rules = sorted(rules_of(case))
        about = {rule.about for rule in rules} | {class_of_flag(reason) for reason in case.people}
        return {
            "id": str(row.id),
            "author": self.numbers.setdefault(message.author_id, uuid4().hex[:12]),
            "text": self.masks.masked(self._text(message) or ""),
            "in_reply_to": before,
            "month": case.case.opened_at.strftime("%Y-%m"),
            "outcome": str(case.label),
            "action": case.action,
            "about": sorted(map(str, about)),
            "rules": [f"{rule.kind}:{rule.name}" for rule in rules],
            "people": list(case.people),
            "missed": case.missed,
            "model": case.model,
        }

    def _answered(self, message: Message, answered: Message | None) -> str | None:
        """The words that were answered, when who wrote them agreed too and they are the same still."""
        if answered is None or answered.author_kind != "person":
            return None
        if answered.author_id not in self.agreed or answered.author_id == message.author_id:
            return None
        if answered.edited_at and answered.edited_at >= message.at:
            return None
        text = self._text(answered)
        return None if text is None else self.masks.masked(text)
