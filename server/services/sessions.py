"""Sessions: opaque tokens, kept as digests, ended for real."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from server.access import Actor, Relation, Role, check
from server.errors import NoSession, NotAllowed, Pending, Removed, SecondStepNeeded
from server.ids import digest, new_token
from server.protocol import bodies
from server.services import second_step
from server.services.devices import Device
from server.store import entering, people, ways
from server.store.entering import Entering
from server.store.tables import Member, Session
from server.store.work import SessionsEnded, Work

PEER_IDLE = timedelta(days=30)
PEER_LIFE = timedelta(days=90)
STAFF_LIFE = timedelta(hours=12)
"""Those who see others' words come back each shift."""
PROOF_LIFE = timedelta(minutes=10)
"""Long enough to do what one came for, short enough for a screen that was left."""
_TOUCH_EVERY = timedelta(minutes=10)
"""Last-seen is written at most this often: reading must not cost a write."""


class Opened(NamedTuple):
    """A new session and the only copy of its token."""

    session: Session
    token: str


def open_session(
    work: Work, member: Member, kind: str, device: Device | None = None, *, is_proved: bool = True
) -> Opened:
    """Let a member in. is_proved: what is sensitive is open without asking again, as at the terminal."""
    browser, system = device or Device()
    token = new_token()
    life = PEER_LIFE if member.role == "peer" else STAFF_LIFE
    session = Session(
        member_id=member.id,
        token_digest=digest(token),
        kind=kind,
        created_at=work.now,
        last_seen_at=work.now,
        expires_at=work.now + life,
        proved_at=work.now if is_proved else None,
        browser=browser,
        system=system,
    )
    work.session.add(session)
    return Opened(session, token)


class Known(NamedTuple):
    """Who a token belongs to, whether its last-seen is worth writing, and the place's epoch."""

    actor: Actor
    stale: bool
    epoch: str


def find_actor(work: Work, token: str, *, asks_second_step: bool = True) -> Known:
    """Raises NoSession when the token opens nothing, Pending while a steward has not approved, Removed.

    asks_second_step: raises SecondStepNeeded for staff who had their days to set one up, and did not.
    """
    found = _find_fresh(work, token)
    if found.state == "removed":
        raise Removed
    if found.state == "pending":
        raise Pending
    asks_second_step = asks_second_step and found.kind != "token"
    if asks_second_step and second_step.is_overdue(
        work, found.member, found.role, found.staff_since
    ):
        raise SecondStepNeeded
    scopes = frozenset((found.scopes or "").split()) if found.kind == "token" else None
    actor = Actor(found.member, found.name, Role(found.role), found.session, found.token, scopes)
    return Known(actor, found.last_seen_at + _TOUCH_EVERY <= work.now, found.epoch)


def find_for_record(work: Work, token: str) -> Actor:
    """Who may read what was decided about them: members, and those who were removed, as peers.

    Raises NoSession, Pending, NotAllowed for a program's token.
    """
    found = _find_fresh(work, token)
    if found.state == "pending":
        raise Pending
    if found.kind == "token":
        raise NotAllowed
    role = Role.PEER if found.state == "removed" else Role(found.role)
    return Actor(found.member, found.name, role, found.session)


def _find_fresh(work: Work, token: str) -> Entering:
    found = entering.find_session(work, digest(token), work.now - PEER_IDLE)
    if found is None:
        raise NoSession
    return found


def standing(
    work: Work, session_ids: Collection[UUID], *, asks_second_step: bool = True
) -> dict[UUID, Role]:
    """Those of these sessions that still stand, and what their members are now."""
    return {
        one.session: Role(one.role)
        for one in entering.still_open(work, session_ids, work.now - PEER_IDLE)
        if not asks_second_step
        or not second_step.is_overdue(work, one.member, one.role, one.staff_since)
    }


def touch(work: Work, session_id: UUID) -> None:
    """Remember that it was used."""
    session = work.session.get(Session, session_id)
    if session:
        session.last_seen_at = work.now
        work.session.add(session)


def proved_until(work: Work, actor: Actor) -> datetime | None:
    """Until when what is sensitive is open in this session; None: it was not proved lately who asks."""
    proved_at = ways.session_proved_at(work, actor.session)
    until = proved_at + PROOF_LIFE if proved_at else None
    return until if until and until > work.now else None


def note_proved(work: Work, actor: Actor) -> None:
    """It was proved just now who asks."""
    ways.note_proved(work, actor.session)


def list_sessions(work: Work, actor: Actor) -> bodies.Sessions:
    """Every session of the actor that still stands."""
    found = people.live_sessions(work, actor.id, work.now)
    return bodies.Sessions(sessions=[_info(session, actor) for session in found])


def end_session(work: Work, actor: Actor, session_id: UUID) -> None:
    """One of the actor's own. Its sockets close."""
    session = work.session.get(Session, session_id)
    own = session is not None and session.member_id == actor.id
    check(actor, "session.end", Relation.SELF if own else Relation.NONE)
    assert session is not None  # noqa: S101 - checked just now
    end(work, actor.id, [session])


def end_mine(work: Work, actor: Actor) -> None:
    """Every one of the actor's own."""
    check(actor, "session.end", Relation.SELF)
    end_all(work, actor.id)


def end_all(work: Work, member_id: UUID, *, but: UUID | None = None) -> None:
    """Everywhere, or everywhere but here."""
    end(
        work, member_id, [s for s in people.live_sessions(work, member_id, work.now) if s.id != but]
    )


def end(work: Work, member_id: UUID, sessions: list[Session]) -> None:
    """Mark them over and tell their sockets."""
    for session in sessions:
        session.ended_at = work.now
        work.session.add(session)
    if sessions:
        work.announce(SessionsEnded(member_id, frozenset(session.id for session in sessions)))


def _info(session: Session, actor: Actor) -> bodies.SessionInfo:
    kind: Any = session.kind
    return bodies.SessionInfo(
        id=session.id,
        kind=kind,
        browser=session.browser,
        system=session.system,
        name=session.name,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        current=session.id == actor.session,
    )
