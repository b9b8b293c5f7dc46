"""Notes that only the clinicians of a room read: about a member, or about the group. Appended, never edited."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from server.access import Actor
from server.errors import NotAllowed, NotFound, NotNow, Stale
from server.ids import new_id
from server.protocol import escalations as bodies
from server.services import seats, sight
from server.store import audit, cases, rooms, team_notes
from server.store.tables import Room, TeamNote
from server.store.work import Work


def read(work: Work, actor: Actor, room_id: UUID, member_id: UUID | None) -> bodies.TeamNotes:
    """The room's notes, or those about one member. Each person they are about gets a receipt."""
    room = _find(work, actor, room_id, "team_note.read")
    shown = [one for one in team_notes.of_room(work, room_id, member_id) if _is_for(actor, one)]
    found = bodies.TeamNotes(room=room_id, room_name=room.name, notes=_bodies(work, actor, shown))
    for subject in sorted({one.member_id for one in shown if one.member_id}):
        sight.note_notes(work, actor, room_id, subject)
    audit.append(work, actor.id, "team_note.read", member_id or room_id)
    return found


def list_members(work: Work, actor: Actor, room_id: UUID) -> bodies.NotedMembers:
    """About whom a note may be written here: everybody seated but the clinicians."""
    _find(work, actor, room_id, "team_note.write")
    found = team_notes.members_in(work, room_id)
    return bodies.NotedMembers(
        members=[bodies.NotedMember(id=one.id, name=one.pseudonym) for one in found]
    )


def write(work: Work, actor: Actor, room_id: UUID, new: bodies.NewTeamNote) -> bodies.TeamNote:
    """A new note. Raises NotFound for somebody who never sat in this room, or is one of its clinicians."""
    _find(work, actor, room_id, "team_note.write")
    if new.member is not None:
        seat = rooms.find_any_seat(work, room_id, new.member)
        if seat is None or seat.seat == "clinician":
            raise NotFound
    first = new_id()
    version = TeamNote(
        id=first, note_id=first, version=1, kind="written", room_id=room_id,
        member_id=new.member, author_id=actor.id, sealed=b"", at=work.now,
    )  # fmt: skip
    team_notes.append(work, version, new.text)
    audit.append(work, actor.id, "team_note.write", first)
    return _bodies(work, actor, [version])[0]


def change(
    work: Work, actor: Actor, room_id: UUID, note_id: UUID, asked: bodies.TeamNoteChange
) -> bodies.TeamNote:
    """Correct a note of one's own, or strike one, with a reason. What stood before stays to be read.

    Raises NotFound, NotAllowed (another's is not corrected), NotNow (it is struck), Stale.
    """
    _find(work, actor, room_id, "team_note.write")
    before = team_notes.versions_of(work, room_id, note_id)
    if not before or not _is_for(actor, before[0]):
        raise NotFound
    newest = before[-1]
    if newest.kind == "struck":
        raise NotNow("This note was struck.")
    if newest.version != asked.version:
        raise Stale
    if not asked.strike and before[0].author_id != actor.id:
        raise NotAllowed(
            "Only whoever wrote a note corrects it; you can strike it, or add your own."
        )
    version = TeamNote(
        note_id=note_id, version=newest.version + 1,
        kind="struck" if asked.strike else "corrected", room_id=room_id,
        member_id=newest.member_id, author_id=actor.id, sealed=b"", at=work.now,
    )  # fmt: skip
    team_notes.append(work, version, asked.text)
    audit.append(work, actor.id, f"team_note.{'strike' if asked.strike else 'correct'}", note_id)
    return _bodies(work, actor, [*before, version])[0]


def _find(work: Work, actor: Actor, room_id: UUID, operation: str) -> Room:
    """The room, for a clinician of it. Raises NotFound: missing and not theirs look the same."""
    seats.check_seat(work, actor, operation, room_id)
    room = rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return room


def _is_for(actor: Actor, version: TeamNote) -> bool:
    """Who became a clinician of their own group does not read what was written about them before."""
    return version.member_id != actor.id


def _bodies(work: Work, actor: Actor, found: Iterable[TeamNote]) -> list[bodies.TeamNote]:
    notes: dict[UUID, list[TeamNote]] = {}
    for version in found:
        notes.setdefault(version.note_id, []).append(version)
    people = {one.author_id for versions in notes.values() for one in versions}
    people |= {one.member_id for versions in notes.values() for one in versions if one.member_id}
    names = cases.member_names(work, people)
    return [_body(work, actor, versions, names) for versions in reversed(notes.values())]


def _body(
    work: Work, actor: Actor, versions: Sequence[TeamNote], names: Mapping[UUID, str]
) -> bodies.TeamNote:
    first = versions[0]
    return bodies.TeamNote(
        id=first.note_id,
        member=first.member_id,
        member_name=names[first.member_id] if first.member_id else None,
        struck=versions[-1].kind == "struck",
        mine=first.author_id == actor.id,
        versions=[_version(work, one, names) for one in versions],
    )


def _version(work: Work, one: TeamNote, names: Mapping[UUID, str]) -> bodies.TeamNoteVersion:
    kind: Any = one.kind
    return bodies.TeamNoteVersion(
        kind=kind, text=team_notes.open_version(work, one), by=names[one.author_id], at=one.at
    )
