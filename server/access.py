"""ONE table: who may do what, and who may receive what. What is not in it is refused.

A row reads: this operation is open to this role when it stands in this relation to the thing.
Routes, socket commands and event types all have a row here; a test fails when one is missing.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.errors import NoSession, NotAllowed, NotFound


class Role(StrEnum):
    """What somebody is in this place."""

    STRANGER = "stranger"
    PEER = "peer"
    MODERATOR = "moderator"
    CLINICIAN = "clinician"
    STEWARD = "steward"


class Relation(StrEnum):
    """How they stand to the thing in question."""

    NONE = "none"
    SELF = "self"
    """It is theirs: their message, notice, session."""
    SEAT = "seat"
    """A seat in the room, of any kind."""
    KEEPER = "keeper"
    """A moderator's seat in the room."""
    CARER = "carer"
    """A clinician's seat in the room."""
    OUTSIDE = "outside"
    """No part in keeping the room, for what is not to go to those who keep it."""


_PEER, _MODERATOR, _CLINICIAN, _STEWARD = Role.PEER, Role.MODERATOR, Role.CLINICIAN, Role.STEWARD
_MEMBERS = (_PEER, _MODERATOR, _CLINICIAN, _STEWARD)
_ALL = (Role.STRANGER, *_MEMBERS)


def _rows(roles: tuple[Role, ...], *relations: Relation) -> frozenset[tuple[Role, Relation]]:
    return frozenset((role, relation) for role in roles for relation in relations)


_ANYBODY = _rows(_ALL, Relation.NONE)
_ANY_MEMBER = _rows(_MEMBERS, Relation.NONE)
_OWN = _rows(_MEMBERS, Relation.SELF)
_SEATED = _rows(_MEMBERS, Relation.SEAT, Relation.KEEPER, Relation.CARER)
_STAFF = _rows((_MODERATOR, _CLINICIAN), Relation.NONE)
_CASE = _rows((_MODERATOR,), Relation.KEEPER) | _rows((_CLINICIAN,), Relation.CARER)
_ASIDE = _CASE | _rows((_MODERATOR, _STEWARD), Relation.OUTSIDE)
_CLINIC = _rows((_CLINICIAN,), Relation.CARER)
_STEWARDS = _rows((_STEWARD,), Relation.NONE)
_CLIMATE = _CLINIC | _rows((_STEWARD,), *(each for each in Relation if each is not Relation.SELF))

OPERATIONS: dict[str, frozenset[tuple[Role, Relation]]] = {
    # the place
    "place.read": _ANYBODY,
    "place.promises": _ANYBODY,
    "place.retention": _ANYBODY,
    "help.read": _ANYBODY,
    "health.read": _ANYBODY,
    "page.read": _ANYBODY,
    "openapi.read": _ANYBODY,
    # reports from outside, and what came of them
    "outside.report": _ANYBODY,
    "outside.status": _ANYBODY,
    # accounts
    "member.sign_up": _ANYBODY,
    "session.log_in": _ANYBODY,
    "session.list": _ANY_MEMBER,
    "session.end": _OWN,
    "session.prove": _ANY_MEMBER,
    "session.recover": _ANYBODY,
    "way.read": _ANY_MEMBER,
    "way.change": _ANY_MEMBER,
    "way.passkey": _OWN,
    "me.read": _ANYBODY | _ANY_MEMBER,
    "me.change": _ANY_MEMBER,
    "consent.read": _ANY_MEMBER,
    "consent.change": _ANY_MEMBER,
    "me.data": _ANY_MEMBER,
    "me.data.fetch": _OWN,
    "care.read": _ANY_MEMBER,
    "care.change": _ANY_MEMBER,
    "receipt.list": _ANY_MEMBER,
    "mood.own": _ANY_MEMBER,
    "measure.own": _ANY_MEMBER,
    "plan.own": _ANY_MEMBER,
    "journal.own": _ANY_MEMBER,
    "age.own": _ANY_MEMBER,
    "age.list": _rows((_MODERATOR, _STEWARD), Relation.NONE),
    "age.answer": _rows((_MODERATOR,), Relation.KEEPER) | _STEWARDS,
    "quiet.read": _ANY_MEMBER,
    "quiet.change": _ANY_MEMBER,
    "comfort.read": _ANY_MEMBER,
    "comfort.change": _ANY_MEMBER,
    "balance.read": _ANY_MEMBER,
    "notice.list": _ANY_MEMBER,
    "notice.read": _OWN,
    "notice.appeal": _OWN,
    "complaint.own": _ANY_MEMBER,
    "statement.read": _OWN,
    "ledger.read": _ANY_MEMBER,
    "ledger.ask": _OWN,
    # rooms
    "room.list": _ANY_MEMBER,
    "room.enter": _ANY_MEMBER,
    "room.leave": _SEATED,
    "room.read": _SEATED,
    "room.climate": _SEATED,
    "ask.list": _ANY_MEMBER,
    "ask.pass_on": _SEATED,
    "group_session.list": _ANY_MEMBER,
    "group_session.read": _SEATED,
    "group_session.remind": _SEATED,
    "group_session.change": _CASE,
    "socket.open": _ANY_MEMBER,
    "socket.use": _OWN,
    "frame.join": _SEATED,
    "frame.leave": _SEATED,
    "frame.post": _SEATED,
    "frame.edit": _OWN,
    "frame.discard": _OWN,
    "frame.withdraw": _OWN,
    "frame.react": _SEATED,
    "frame.felt_heard": _OWN,
    "frame.flag": _SEATED,
    "frame.typing": _SEATED,
    "frame.read": _SEATED,
    # the queue
    "queue.read": _STAFF | _rows((_STEWARD,), Relation.NONE),
    "queue.next": _STAFF | _rows((_STEWARD,), Relation.NONE),
    "case.read": _ASIDE,
    "case.claim": _ASIDE,
    "case.decide": _ASIDE,
    "case.axes": _ASIDE,
    "case.show_again": _ASIDE,
    "case.undo": _ASIDE,
    "case.hand_over": _ASIDE,
    "case.colleagues": _ASIDE,
    "case.opinion": _ASIDE,
    "case.rule_wrong": _ASIDE,
    "opinion.list": _STAFF,
    "opinion.answer": _ASIDE,
    "shift.hand_over": _STAFF,
    "removal.answer": _CLINIC | _rows((_STEWARD,), Relation.NONE),
    "template.read": _rows((_MODERATOR, _CLINICIAN, _STEWARD), Relation.NONE),
    "not_assessed.read": _STAFF,
    "shift.change": _STAFF,
    "guard.own": _STAFF,
    # calls to one's own browsers
    "push.own": _ANY_MEMBER,
    # clinic
    "clinic.list": _rows((_CLINICIAN,), Relation.NONE),
    "clinic.climate": _CLIMATE,
    "climate.note": _CLIMATE,
    "member.look": _CLINIC,
    "measures.export": _CLINIC,
    "emergency.ask": _CLINIC,
    "emergency.list": _rows((_CLINICIAN, _STEWARD), Relation.NONE),
    "emergency.answer": _CLIMATE,
    "emergency.end": _CLIMATE,
    "clinic.measures": _CLINIC,
    "policy.read": _rows((_CLINICIAN,), Relation.NONE),
    "policy.confirm": _rows((_CLINICIAN,), Relation.NONE),
    "escalation.list": _rows((_CLINICIAN,), Relation.NONE),
    "escalation.read": _ASIDE,
    "escalation.say": _ASIDE,
    "escalation.answer": _CLINIC,
    "team_note.read": _CLINIC,
    "team_note.write": _CLINIC,
    # steward: configures, and reads nothing but what is about those who keep a room
    "steward.status": _STEWARDS,
    "steward.well": _STEWARDS,
    "steward.place": _STEWARDS,
    "steward.rooms": _STEWARDS,
    "steward.members": _STEWARDS,
    "steward.invitations": _STEWARDS,
    "steward.help_lines": _STEWARDS,
    "steward.calling": _STEWARDS,
    "steward.push": _STEWARDS,
    "steward.away": _STEWARDS,
    "steward.wellbeing": _STEWARDS,
    "steward.promises": _STEWARDS,
    "steward.removals": _STEWARDS,
    "steward.retention": _STEWARDS,
    "steward.templates": _STEWARDS,
    "steward.wrong_rules": _STEWARDS,
    "steward.judgement": _STEWARDS,
    "steward.labels": _STEWARDS,
    "steward.policy": _STEWARDS,
    "steward.reports": _STEWARDS,
    "steward.complaints": _STEWARDS,
}

EVENTS: dict[str, frozenset[tuple[Role, Relation]]] = {
    # to whoever opened the socket, about themselves
    "hello": _OWN,
    "posted": _OWN,
    "nudge": _OWN,
    "praise": _OWN,
    "held": _OWN,
    "refused": _OWN,
    "support": _OWN,
    "notice": _OWN,
    "left": _OWN,
    "reset": _OWN,
    # to those who sit in the room
    "joined": _SEATED,
    "message": _SEATED,
    "changed": _SEATED,
    "reaction": _SEATED,
    "presence": _SEATED,
    "typing": _SEATED,
    # to those who keep it
    "queue": _ASIDE,
    # to its clinicians
    "sight": _CLINIC,
}

_SEAT_RELATIONS = {"moderator": Relation.KEEPER, "clinician": Relation.CARER}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a member and the session they ask through.

    token, scopes: of a program that acts for them; it may ask for these operations alone.
    """

    id: UUID
    name: str
    role: Role
    session: UUID
    token: str | None = None
    scopes: frozenset[str] | None = None


def relation_of(seat: str | None) -> Relation:
    """The relation a seat gives."""
    if seat is None:
        return Relation.NONE
    return _SEAT_RELATIONS.get(seat, Relation.SEAT)


def admits(room_is_for: str, age_group: str | None, seat: str) -> bool:
    """Whether somebody may hold this seat in a room that is for one age group, or for everybody.

    Adults keep and care for minors' rooms by a seat of that role; who has not said is let into none of either.
    """
    if room_is_for in ("everybody", age_group):
        return True
    return age_group == "adults" and seat in _SEAT_RELATIONS


def aside(relation: Relation) -> Relation:
    """The same, for what is not to go to those who keep the room; its clinicians stay who they are."""
    if relation is Relation.CARER:
        return relation
    return Relation.NONE if relation is Relation.KEEPER else Relation.OUTSIDE


def may(role: Role, operation: str, relation: Relation = Relation.NONE) -> bool:
    """Whether the table holds this row. An operation without a row is refused."""
    return (role, relation) in OPERATIONS.get(operation, frozenset())


def may_receive(role: Role, event: str, relation: Relation) -> bool:
    """Whether this event type may reach somebody in this relation."""
    return (role, relation) in EVENTS.get(event, frozenset())


def check(actor: Actor | None, operation: str, relation: Relation = Relation.NONE) -> None:
    """Raises NoSession for a stranger, NotAllowed where only the role decides, else NotFound."""
    role = actor.role if actor else Role.STRANGER
    if may(role, operation, relation):
        return
    if actor is None:
        raise NoSession
    if all(relation is Relation.NONE for _, relation in OPERATIONS.get(operation, frozenset())):
        raise NotAllowed
    raise NotFound
