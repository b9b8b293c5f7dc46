"""Queries about a place's own policies, and the sealing of the reasons for them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, func, select

from server.store.sealing import Spot
from server.store.tables import Member, Place, PolicyEdition, PolicyReplay, ReplayJob, ShadowCount
from server.store.work import Work

PLACE = UUID(int=0)
"""Whose key seals reasons: the place's own, for they stay when a steward goes."""

ShadowKey = tuple[str, int, str, str]
"""Day, edition, what, outcome."""


def newest_number(work: Work) -> int:
    """0 where everything is as it was shipped."""
    return work.session.exec(select(func.max(PolicyEdition.number))).one() or 0


def next_number(work: Work) -> int:
    """For a change of now; nobody else takes it before this work is done."""
    work.session.exec(select(Place.id).with_for_update()).all()
    return newest_number(work) + 1


def find(work: Work, number: int) -> PolicyEdition | None:
    """One edition."""
    return work.session.get(PolicyEdition, number)


def find_applied(work: Work) -> PolicyEdition | None:
    """What judges; None: the shipped one."""
    query = select(PolicyEdition).where(PolicyEdition.mode == "applied")
    return work.session.exec(query.order_by(col(PolicyEdition.number).desc()).limit(1)).first()


def find_on_trial(work: Work) -> PolicyEdition | None:
    """What is on trial: the newest change of all, when it began a trial. Every later change ends it."""
    number = newest_number(work)
    newest = find(work, number) if number else None
    return newest if newest and newest.mode == "shadow" else None


def all_editions(work: Work) -> Sequence[PolicyEdition]:
    """Every change, newest first."""
    query = select(PolicyEdition).order_by(col(PolicyEdition.number).desc())
    return work.session.exec(query).all()


def names_of(work: Work, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """Who changed it, by pseudonym."""
    query = select(Member.id, Member.pseudonym).where(col(Member.id).in_(member_ids))
    return dict(work.session.exec(query).all())


def add(work: Work, edition: PolicyEdition, reason: str) -> None:
    """Append a change, its reason sealed."""
    edition.sealed = work.sealer.seal(PLACE, reason, _spot(edition))
    work.session.add(edition)
    work.session.flush()


def open_reason(work: Work, edition: PolicyEdition) -> str:
    """Why it was changed; '' when it can no longer be read."""
    return work.sealer.opened(PLACE, edition.sealed, _spot(edition)) or ""


def add_replay(work: Work, replay: PolicyReplay) -> None:
    """Keep what a replay found."""
    work.session.add(replay)
    work.session.flush()


def find_replay(work: Work, replay_id: UUID) -> PolicyReplay | None:
    """One replay."""
    return work.session.get(PolicyReplay, replay_id)


def begin_job(work: Work, replay_id: UUID) -> None:
    """In place of any before it."""
    work.session.exec(delete(ReplayJob))
    work.session.add(ReplayJob(id=replay_id, told_at=work.now))
    work.session.flush()


def jobs(work: Work) -> Sequence[ReplayJob]:
    """Replays that are not done; nobody else begins one before this work is done."""
    work.session.exec(select(Place.id).with_for_update()).all()
    return work.session.exec(select(ReplayJob)).all()


def find_job(work: Work, replay_id: UUID) -> ReplayJob | None:
    """One that is not done."""
    return work.session.get(ReplayJob, replay_id)


def find_replay_of(work: Work, fingerprint: str, against: int) -> PolicyReplay | None:
    """The newest replay of a text against the edition in force."""
    query = select(PolicyReplay).where(
        PolicyReplay.fingerprint == fingerprint, PolicyReplay.against == against
    )
    return work.session.exec(query.order_by(col(PolicyReplay.at).desc()).limit(1)).first()


def add_counts(work: Work, counts: Mapping[ShadowKey, int]) -> None:
    """Add to the counts of what is in shadow."""
    dialect = work.connection.dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    for (day, edition, what, outcome), count in sorted(counts.items()):
        row = insert(ShadowCount).values(
            day=day, edition=edition, what=what, outcome=outcome, count=count
        )
        added = row.on_conflict_do_update(
            index_elements=["day", "edition", "what", "outcome"],
            set_={"count": col(ShadowCount.count) + row.excluded["count"]},
        )
        work.session.execute(added)


def counts_of(work: Work, edition: int, since: str) -> Sequence[ShadowCount]:
    """What was counted under one edition, from a day on."""
    query = select(ShadowCount).where(ShadowCount.edition == edition, ShadowCount.day >= since)
    return work.session.exec(
        query.order_by(col(ShadowCount.day), col(ShadowCount.what), col(ShadowCount.outcome))
    ).all()


def _spot(edition: PolicyEdition) -> Spot:
    return Spot("policy_edition", "sealed", edition.id, None)
