"""Queries about team notes, and the sealing of each version under its author's key."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from server.store.sealing import Spot
from server.store.tables import Member, Membership, TeamNote
from server.store.work import Work


def append(work: Work, version: TeamNote, text: str) -> None:
    """Keep one version; its words are sealed under its author's key."""
    version.sealed = work.sealer.seal(version.author_id, text, _spot(version))
    work.session.add(version)
    work.session.flush()


def open_version(work: Work, version: TeamNote) -> str | None:
    """Its words; None when they can no longer be read."""
    return work.sealer.opened(version.author_id, version.sealed, _spot(version))


def of_room(work: Work, room_id: UUID, member_id: UUID | None) -> Sequence[TeamNote]:
    """All versions of a room's notes, oldest first; member_id: only of those about one member."""
    query = select(TeamNote).where(TeamNote.room_id == room_id)
    if member_id is not None:
        query = query.where(TeamNote.member_id == member_id)
    return work.session.exec(query.order_by(col(TeamNote.at), col(TeamNote.id))).all()


def versions_of(work: Work, room_id: UUID, note_id: UUID) -> Sequence[TeamNote]:
    """One note of this room, oldest version first, locked where the engine locks rows."""
    query = (
        select(TeamNote)
        .where(TeamNote.room_id == room_id, TeamNote.note_id == note_id)
        .order_by(col(TeamNote.version))
        .with_for_update()
    )
    return work.session.exec(query).all()


def notes_about(work: Work, member_id: UUID) -> Sequence[TeamNote]:
    """All versions of all notes about a member, in every room, oldest first: for when they ask."""
    query = select(TeamNote).where(TeamNote.member_id == member_id)
    return work.session.exec(query.order_by(col(TeamNote.at), col(TeamNote.id))).all()


def members_in(work: Work, room_id: UUID) -> Sequence[Member]:
    """Those about whom a note may be written: everybody seated there but its clinicians, by name."""
    query = (
        select(Member)
        .join(Membership, col(Membership.member_id) == Member.id)
        .where(
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            Membership.seat != "clinician",
            col(Member.is_bot).is_(False),
        )
        .order_by(Member.pseudonym)
    )
    return work.session.exec(query).all()


def _spot(version: TeamNote) -> Spot:
    return Spot("team_note", "sealed", version.id, version.room_id)
