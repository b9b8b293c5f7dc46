"""What moderators were answered, beside what the database holds: one owner, one decision, nobody left guessing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, select

from server.errors import Stale
from server.services import auditing
from server.store.tables import Audit, Case, CaseFlag, Decision, Message, Notice
from server.store.work import Work
from tests.drills._claiming import Act

_LOST = frozenset({"claimed", "stale"})


class Decided(NamedTuple):
    """One stored decision: who, what, and the version it was made on."""

    case: UUID
    by: UUID
    action: str
    version: int


@dataclass(slots=True)
class Book:
    """What is stored about some cases.

    versions: as they stand. audited: (actor, verb, case) of each decision's audit line. told: who was
    told of each decision. answered: who of those that flagged was told that a case is over.
    chain: the audit log is whole.
    """

    versions: dict[UUID, int]
    states: dict[UUID, str]
    subjects: dict[UUID, UUID]
    flaggers: dict[UUID, list[UUID]]
    hidden: set[UUID]
    decided: list[Decided]
    audited: Counter[tuple[UUID | None, str, UUID]]
    told: Counter[tuple[UUID, UUID, UUID]]
    answered: Counter[tuple[UUID, UUID]]
    chain: bool


_NO_DECISIONS = frozenset({"case.read", "case.claim", "case.release"})


def read_book(work: Work, cases: Sequence[UUID]) -> Book:
    """Everything about these cases."""
    known = set(cases)
    found = [one for one in work.session.exec(select(Case)) if one.id in known]
    flags = [one for one in work.session.exec(select(CaseFlag)) if one.case_id in known]
    decisions = [one for one in work.session.exec(select(Decision)) if one.case_id in known]
    notices = [one for one in work.session.exec(select(Notice)) if one.case_id in known]
    hidden = set(work.session.exec(select(Message.id).where(Message.state == "hidden")))
    audited = [
        (row.actor, row.verb, UUID(row.subject or ""))
        for row in work.session.exec(select(Audit).where(col(Audit.verb).startswith("case.")))
        if row.verb not in _NO_DECISIONS
    ]
    return Book(
        versions={one.id: one.version for one in found},
        states={one.id: one.state for one in found},
        subjects={one.id: one.subject_id for one in found},
        flaggers={
            one.id: [flag.by for flag in flags if flag.by and flag.case_id == one.id]
            for one in found
        },
        hidden={one.id for one in found if one.message_id in hidden},
        decided=[Decided(d.case_id, d.by, d.action, d.case_version) for d in decisions],
        audited=Counter(line for line in audited if line[2] in known),
        told=Counter(
            (notice.case_id, notice.member_id, notice.by)
            for notice in notices
            if notice.decision_id and notice.case_id and notice.by
        ),
        answered=Counter(
            (notice.case_id, notice.member_id)
            for notice in notices
            if notice.kind == "flag_answered" and notice.case_id
        ),
        chain=auditing.examine(work, None).ok,
    )


def find_faults(
    acts: Sequence[Act], book: Book, heard: Mapping[UUID, list[int]], names: Mapping[UUID, str]
) -> Counter[str]:
    """What should not have been; empty when all is well.

    heard: the versions of each case in `queue` frames, in the order of a line that never broke.
    names: pseudonyms of the moderators.
    """
    wrong: Counter[str] = Counter()
    for act in acts:
        wrong["acted_unread"] += act.got not in (None, act.asked + 1)
        wrong["unclear"] += act.got is None and not _is_clear(act, acts, names)
    for case, done in _by_case(acts):
        wrong += _two_owners(done)
        wrong["version_stands_elsewhere"] += book.versions[case] != (done[-1].got or 0)
    wrong += _decisions(acts, book)
    wrong += _told(book)
    for case, version in book.versions.items():
        versions = heard.get(case, [])
        wrong["heard_falling"] += any(later <= before for before, later in pairwise(versions))
        wrong["heard_not_all"] += version > 1 and versions[-1:] != [version]
    return +wrong


def _by_case(acts: Iterable[Act]) -> Iterable[tuple[UUID, list[Act]]]:
    """What was granted about each case, in the order of its versions."""
    done = sorted((a for a in acts if a.got is not None), key=lambda a: (a.case, a.got))
    for case, granted in groupby(done, key=lambda act: act.case):
        yield case, list(granted)


def _two_owners(done: Sequence[Act]) -> Counter[str]:
    """Follow who has it from version to version."""
    wrong: Counter[str] = Counter()
    holder: UUID | None = None
    for before, act in zip([None, *done], done, strict=False):
        wrong["version_twice"] += before is not None and before.got == act.got
        if act.what in {"claim", "handed"}:
            wrong["two_owners"] += holder is not None
            holder = act.who
        else:
            wrong["acted_without_it"] += holder != act.who
            holder = None
    return wrong


def _is_clear(act: Act, acts: Sequence[Act], names: Mapping[UUID, str]) -> bool:
    """One of two codes, with whoever has it or decided it; nobody, where it was given back."""
    granted = [one for one in acts if one.case == act.case and one.got]
    named = any(act.detail.startswith(_as_told(one, act, names)) for one in granted)
    given_back = any(one.what == "release" for one in granted)
    return act.code in _LOST and (named or (given_back and act.detail == Stale.detail))


def _as_told(granted: Act, to: Act, names: Mapping[UUID, str]) -> str:
    return "You " if granted.who == to.who else f"{names[granted.who]} "


def _decisions(acts: Sequence[Act], book: Book) -> Counter[str]:
    granted = Counter(
        Decided(act.case, act.who, act.action, act.asked)
        for act in acts
        if act.what == "decide" and act.got
    )
    per_case = Counter(decided.case for decided in book.decided)
    audited = Counter((d.by, f"case.{d.action}", d.case) for d in book.decided)
    hides = {d.case for d in book.decided if d.action == "hide"}
    return Counter(
        decided_twice=sum(1 for count in per_case.values() if count > 1),
        undecided=sum(1 for case in book.versions if not per_case[case]),
        answered_otherwise=_differ(granted, Counter(book.decided)),
        audited_otherwise=_differ(audited, book.audited),
        audit_broken=not book.chain,
        hidden_otherwise=len(hides ^ book.hidden),
    )


def _told(book: Book) -> Counter[str]:
    due = Counter(
        (d.case, book.subjects[d.case], d.by) for d in book.decided if d.action != "escalate"
    )
    closed = [case for case, state in book.states.items() if state == "closed"]
    answers = Counter((case, member) for case in closed for member in set(book.flaggers[case]))
    return Counter(
        told_otherwise=_differ(due, book.told), flag_answered_otherwise=_differ(answers, book.answered)
    )  # fmt: skip


def _differ(wanted: Counter[Any], found: Counter[Any]) -> int:
    return ((wanted - found) + (found - wanted)).total()
