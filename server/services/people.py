"""A clinician's people: those of a group who share something, and what they share."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from server.access import Actor
from server.errors import NotFound
from server.protocol import care as bodies
from server.services import emergencies, moods, rooms, sight
from server.store import messages, sharing
from server.store import rooms as stored_rooms
from server.store.tables import Consent, Member
from server.store.work import Work

_PAGE: Final = 30


def list_people(work: Work, actor: Actor, room_id: UUID) -> bodies.People:
    """Those who share something, by name. Raises NotFound where the actor is no clinician."""
    sight.check_carer(work, actor, room_id)
    room = stored_rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return bodies.People(room=room.id, room_name=room.name, people=_people(work, actor, room_id))


def read_person(work: Work, actor: Actor, room_id: UUID, member_id: UUID) -> bodies.Person:
    """One of them. Nothing of theirs is shown by it. Raises NotFound for who shares nothing."""
    sight.check_carer(work, actor, room_id)
    for person in _people(work, actor, room_id):
        if person.id == member_id:
            return person
    raise NotFound


def look_at_mood(work: Work, actor: Actor, room_id: UUID, member_id: UUID) -> bodies.Moods:
    """Their check-ins. Leaves a receipt."""
    sight.may_look(work, actor, room_id, member_id, "mood")
    found = moods.course(work, member_id)
    sight.look(work, actor, room_id, member_id, "mood")
    return found


def look_at_messages(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID, before: int | None
) -> bodies.PersonMessages:
    """What they said in this room, a page. Leaves a receipt."""
    sight.may_look(work, actor, room_id, member_id, "messages")
    page = list(messages.page_of_author(work, room_id, member_id, before, _PAGE + 1))
    shown = page[:_PAGE][::-1]
    body = bodies.PersonMessages(
        messages=rooms.lines(work, actor, shown),
        before=shown[0].seq if len(page) > _PAGE else None,
    )
    sight.look(work, actor, room_id, member_id, "messages")
    return body


def _people(work: Work, actor: Actor, room_id: UUID) -> list[bodies.Person]:
    found: dict[UUID, tuple[Member, dict[str, bodies.PersonScope]]] = {}
    for member, scopes in _shared(sharing.people(work, room_id, actor.id)):
        found.setdefault(member.id, (member, {}))[1].update(scopes)
    for member, until in emergencies.open_to(work, actor, room_id):
        _, scopes = found.setdefault(member.id, (member, {}))
        for scope in sight.IN_EMERGENCY:
            opened = bodies.PersonScope(scope=scope, until=until, emergency=True)
            scopes.setdefault(scope, opened)
    people = [
        bodies.Person(
            id=member.id,
            name=member.pseudonym,
            scopes=[scopes[scope] for scope in sight.SCOPES if scope in scopes],
        )
        for member, scopes in found.values()
    ]
    return sorted(people, key=lambda person: person.name.casefold())


def _shared(
    rows: Iterable[tuple[Member, Consent]],
) -> Iterable[tuple[Member, dict[str, bodies.PersonScope]]]:
    for member, consent in rows:
        scope: Any = consent.scope
        shared = bodies.PersonScope(scope=scope, until=consent.until, emergency=False)
        yield member, {scope: shared}
