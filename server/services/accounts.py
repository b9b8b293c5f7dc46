"""Coming in: sign-up, log-in, and what members change about themselves."""

from typing import Any
from uuid import UUID

from server.access import Actor
from server.errors import InvitationNeeded, NameTaken, NotFound, WrongLogIn
from server.ids import digest, new_code, read_code
from server.protocol import bodies
from server.services import names, recovering, seats, second_step, sessions, way_words
from server.services.devices import Device
from server.store import audit, notices, people
from server.store.place import get_place
from server.store.tables import Consent, Invitation, Member
from server.store.work import Work

PROMISES_WORDING = "2026-11"
"""The wording of the declarations at sign-up; change it with the words."""
_ADULT_FROM = 18


def sign_up(
    work: Work, asked: bodies.SignUp, passphrase_hash: str | None, device: Device | None = None
) -> bodies.Entered:
    """A new member, their consents, and a first session. The recovery code is shown this once.

    Raises OtherAgeGroup where the invitation leads to a room that is not for them; it opens the door still.
    """
    shown = names.check_name(asked.pseudonym)
    key = names.name_key(shown)
    invitation = _redeemable(work, asked.invitation)
    if people.find_by_name_key(work, key):
        raise NameTaken
    code = new_code()
    member = Member(
        pseudonym=shown,
        name_key=key,
        role=invitation.role if invitation else "peer",
        state=_first_state(work, invitation),
        age_group=_first_age_group(work, asked),
        passphrase_hash=passphrase_hash,
        recovery_digest=digest(code),
        joined_at=work.now,
    )
    work.session.add(member)
    work.session.flush()
    _agree(work, member)
    if invitation:
        _redeem(work, invitation, member)
    entered = enter(work, member, as_program=asked.as_program, device=device, recovery_code=code)
    if invitation:
        audit.append(work, member.id, "invitation.redeem", invitation.id)
    return entered


def find_for_log_in(work: Work, pseudonym: str) -> tuple[UUID, str | None] | None:
    """Id and passphrase hash, to be compared off the loop; None when there is nobody."""
    member = people.find_by_name_key(work, names.name_key(pseudonym))
    return (member.id, member.passphrase_hash) if member and not member.is_bot else None


def log_in(
    work: Work,
    member_id: UUID,
    *,
    as_program: bool,
    second: str | None = None,
    device: Device | None = None,
    language: str = "en",
) -> bodies.Entered:
    """A session for someone whose passphrase was right. Raises CodeNeeded, WrongCode."""
    member = _get(work, member_id)
    second_step.check_code(work, member, second, language)
    return enter(work, member, as_program=as_program, device=device)


def log_in_with_code(
    work: Work, asked: bodies.LogIn, device: Device | None = None, language: str = "en"
) -> bodies.Entered:
    """A session for someone who holds the recovery code, which is replaced at once.

    Raises WrongLogIn, CodeNeeded, WrongCode.
    """
    code = digest(read_code(asked.recovery_code or ""))
    member = people.hold_by_code(work, names.name_key(asked.pseudonym), code)
    if member is None:
        raise WrongLogIn
    second_step.check_code(work, member, asked.second, language)
    fresh = new_code()
    member.recovery_digest = digest(fresh)
    work.session.add(member)
    return enter(work, member, as_program=asked.as_program, device=device, recovery_code=fresh)


def come_back(
    work: Work, code: str, passphrase_hash: str | None, language: str, device: Device | None
) -> bodies.Entered:
    """A session for someone with a link from a steward. Raises WrongLogIn."""
    member, fresh = recovering.come_back(work, code, passphrase_hash, language)
    return enter(work, member, as_program=False, device=device, recovery_code=fresh)


def enter(
    work: Work,
    member: Member,
    *,
    as_program: bool,
    device: Device | None = None,
    recovery_code: str | None = None,
) -> bodies.Entered:
    """A new session for someone who has shown who they are."""
    kind = "program" if as_program else "browser"
    opened = sessions.open_session(work, member, kind, device, is_proved=False)
    work.session.flush()
    return bodies.Entered(me=me(work, member), recovery_code=recovery_code, token=opened.token)


def get_me(work: Work, actor: Actor) -> bodies.Me:
    """The member as they see themselves."""
    return me(work, _get(work, actor.id))


def change_me(work: Work, actor: Actor, patch: bodies.MePatch) -> bodies.Me:
    """Set what was given."""
    member = _get(work, actor.id)
    for name, value in patch.model_dump(exclude_none=True).items():
        setattr(member, name, value)
    work.session.add(member)
    return me(work, member)


def passphrase_hash_of(work: Work, actor: Actor) -> str | None:
    """To be compared off the loop."""
    return _get(work, actor.id).passphrase_hash


def has_code(work: Work, actor: Actor, code: str) -> bool:
    """Whether this is the actor's recovery code."""
    return _get(work, actor.id).recovery_digest == digest(read_code(code))


def set_passphrase(
    work: Work, actor: Actor, passphrase_hash: str, language: str = "en"
) -> bodies.Me:
    """A new passphrase ends every other session, and its owner is told."""
    member = _get(work, actor.id)
    member.passphrase_hash = passphrase_hash
    work.session.add(member)
    sessions.end_all(work, member.id, but=actor.session)
    way_words.tell(work, member.id, "passphrase_changed", language)
    audit.append(work, member.id, "way.passphrase.change", member.id)
    return me(work, member)


def me(work: Work, member: Member) -> bodies.Me:
    """One member, for themselves."""
    role: Any = member.role
    state: Any = member.state
    return bodies.Me(
        id=member.id,
        pseudonym=member.pseudonym,
        role=role,
        state=state,
        tone_nudges=member.tone_nudges,
        country=member.country,
        has_passphrase=member.passphrase_hash is not None,
        on_shift=people.open_shift(work, member.id) is not None,
        unread_notices=notices.count_unread(work, member.id),
        joined_at=member.joined_at,
        second_step_until=second_step.due(work, member),
    )


def _get(work: Work, member_id: UUID) -> Member:
    member = people.find_member(work, member_id)
    if member is None:
        raise NotFound
    return member


def _redeemable(work: Work, code: str | None) -> Invitation | None:
    """The invitation behind a code. Raises InvitationNeeded when it opens nothing, or when one is needed."""
    if code is None:
        if get_place(work).sign_up == "invited":
            raise InvitationNeeded
        return None
    invitation = people.open_invitation(work, digest(read_code(code)))
    if invitation is None:
        raise InvitationNeeded
    return invitation


def _first_state(work: Work, invitation: Invitation | None) -> str:
    waits = invitation is None and get_place(work).sign_up == "approved"
    return "pending" if waits else "active"


def _first_age_group(work: Work, asked: bodies.SignUp) -> str | None:
    """Where nobody under 18 may come in, that says it."""
    return "adults" if get_place(work).minimum_age >= _ADULT_FROM else asked.age_group


def _redeem(work: Work, invitation: Invitation, member: Member) -> None:
    invitation.redeemed_at, invitation.redeemed_by = work.now, member.id
    work.session.add(invitation)
    if invitation.room_id:
        seats.take_seat(work, invitation.room_id, member.id, seats.seat_for(member.role))


def _agree(work: Work, member: Member) -> None:
    for scope in ("age", "not_emergency_service", "machine_reads_for_safety"):
        work.session.add(
            Consent(member_id=member.id, scope=scope, wording=PROMISES_WORDING, given_at=work.now)
        )
