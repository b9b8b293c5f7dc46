"""Measures that leave the place: under the consent of each member, and with a receipt for each.

First they are read, beside the writer; then, in one transaction with the receipts, whoever took their
consent back meanwhile is left out. After that answer nothing is asked any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from random import SystemRandom
from typing import Final
from uuid import UUID

from server.access import Actor
from server.errors import NotFound, NotNow
from server.measures.model import Item
from server.services import seats
from server.services.fhir.model import Agreement, Definition, Export, Look, Person, Response, Source
from server.store import audit, exports, receipts
from server.store.tables import Consent, Receipt
from server.store.work import Work

SCOPE: Final = "measures"
EXPORTED: Final = "measures.export"
"""What a receipt calls it, so that a member can tell a look from a copy."""
_SAYS_SO: Final = "2026-12"
"""The first words of consent that say that a copy may leave: what was agreed to before does not cover it."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read, and has not left. `people`: each member's finished measures and the looks at them."""

    room: UUID
    definitions: tuple[Definition, ...]
    people: Mapping[UUID, tuple[tuple[Response, ...], tuple[Look, ...]]]


def check_may(work: Work, actor: Actor, room_id: UUID) -> None:
    """Whether the actor may export here at all. Raises NotFound."""
    seats.check_seat(work, actor, "measures.export", room_id)


def collect(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID | None, source: Source
) -> Collected:
    """Of one member, or of all who agreed. Only those with a finished measure. Nothing leaves yet.

    Raises NotFound: no group of theirs, no member of it, no consent look the same. NotNow where nobody
    who agreed has finished one.
    """
    allowed = _allowed(work, actor, room_id)
    if member_id is not None and member_id not in allowed:
        raise NotFound
    asked = [member_id] if member_id is not None else list(allowed)
    answered: dict[UUID, list[Response]] = {}
    for response in source.finished(work, room_id, asked):
        answered.setdefault(response.member, []).append(response)
    if not answered:
        raise NotNow("Nobody who agreed to this has finished a measure yet.")
    return Collected(
        room=room_id,
        definitions=_definitions(source, answered),
        people={
            member: (tuple(found), _looks(work, room_id, member))
            for member, found in answered.items()
            if member in allowed
        },
    )


def release(work: Work, actor: Actor, collected: Collected) -> Export:
    """Let it leave: a receipt for each member, and one line in the audit log.

    Raises NotFound when the actor may not any more; NotNow when nobody's consent stands any more.
    """
    allowed = _allowed(work, actor, collected.room, hold=True)
    people = [
        (allowed[member], *found) for member, found in collected.people.items() if member in allowed
    ]
    if not people:
        raise NotNow("Nobody agrees to this any more.")
    work.session.add_all(_receipt(work, actor, collected.room, consent) for consent, _, _ in people)
    work.session.flush()
    audit.append(work, actor.id, EXPORTED, collected.room)
    # Shuffled: the order of people must not say who agreed first.
    SystemRandom().shuffle(people)
    now = Look(at=work.now, role=actor.role, exported=True)
    return Export(
        at=work.now,
        role=actor.role,
        version=version("hearth"),
        definitions=collected.definitions,
        people=tuple(
            Person(_agreement(consent), responses, (*looks, now))
            for consent, responses, looks in people
        ),
    )


def _allowed(work: Work, actor: Actor, room_id: UUID, *, hold: bool = False) -> dict[UUID, Consent]:
    """Consent and nothing else: an emergency opens a page, and lets nothing out."""
    check_may(work, actor, room_id)
    found = exports.agreed(work, SCOPE, room_id, hold=hold)
    return {
        member: consent
        for member, consent in found.items()
        if member != actor.id and consent.wording >= _SAYS_SO
    }


def _definitions(
    source: Source, answered: Mapping[UUID, Sequence[Response]]
) -> tuple[Definition, ...]:
    """Of what was answered; also where the place has lost one, since an answer is not left out for that."""
    known = {definition.id: definition for definition in source.definitions()}
    links: dict[str, dict[str, None]] = {}
    for response in (each for found in answered.values() for each in found):
        links.setdefault(response.measure, {}).update(dict.fromkeys(response.answers))
    return tuple(known.get(name) or _unknown(name, found) for name, found in links.items())


def _unknown(name: str, links: Mapping[str, None]) -> Definition:
    return Definition(
        id=name, title=name, items=tuple(Item(link, link, None) for link in links), options=(),
        loinc_panel=None, loinc_total=None, source="Its definition is not in this place any more.",
    )  # fmt: skip


def _looks(work: Work, room_id: UUID, member_id: UUID) -> tuple[Look, ...]:
    """At the measures, in this group, oldest first."""
    found = [
        Look(at=row.at, role=row.role, exported=row.scope == EXPORTED)
        for row in receipts.of_member(work, member_id)
        if row.room_id == room_id and row.scope in (SCOPE, EXPORTED)
    ]
    return tuple(reversed(found))


def _receipt(work: Work, actor: Actor, room_id: UUID, consent: Consent) -> Receipt:
    return Receipt(
        member_id=consent.member_id, room_id=room_id, viewer_id=actor.id, role=actor.role,
        scope=EXPORTED, consent_id=consent.id, at=work.now,
    )  # fmt: skip


def _agreement(consent: Consent) -> Agreement:
    return Agreement(consent.wording, consent.given_at, consent.until)
