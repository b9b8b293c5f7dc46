"""The ways a member can log in, as they see and change them."""

from uuid import UUID

from server.access import Actor, Relation, check
from server.errors import NotFound, NotNow
from server.ids import digest, new_code
from server.protocol import ways as wire
from server.services import second_step, sessions, way_words
from server.services.passkeys import Party
from server.store import audit, people, ways
from server.store.tables import Member, Passkey
from server.store.work import Work


def read(work: Work, actor: Actor, party: Party, *, is_demo: bool) -> wire.Ways:
    """All of them. is_demo: staff of a community that is thrown away need no second step."""
    check(actor, "way.read")
    member = _member(work, actor.id)
    proved = sessions.proved_until(work, actor)
    return wire.Ways(
        has_passphrase=member.passphrase_hash is not None,
        passkeys=[_info(work, one) for one in ways.passkeys_of(work, actor.id)],
        passkeys_at=wire.PasskeysAt(origin=party.origin, why_not=party.why_not),
        code_app=ways.has_app(work, actor.id),
        recovery_codes_left=ways.count_codes(work, actor.id),
        asks_code=second_step.asks_code(work, member),
        must_have_second_step=second_step.is_staff(member.role) and not is_demo,
        second_step_until=None if is_demo else second_step.due(work, member),
        proved_until=proved,
    )


def rename(work: Work, actor: Actor, passkey_id: UUID, name: str) -> None:
    """Another name for one of the actor's own."""
    passkey = _own(work, actor, passkey_id)
    ways.rename(work, passkey, name)


def remove(work: Work, actor: Actor, passkey_id: UUID, language: str) -> None:
    """It opens nothing any more. Raises NotNow where staff would have no second step."""
    passkey = _own(work, actor, passkey_id)
    is_last = len(ways.passkeys_of(work, actor.id)) == 1 and not ways.has_app(work, actor.id)
    if is_last and second_step.is_staff(actor.role):
        raise NotNow(second_step.LAST)
    ways.remove_passkey(work, passkey)
    second_step.drop_idle_codes(work, actor.id, actor.role)
    way_words.tell(work, actor.id, "passkey_removed", language)
    audit.append(work, actor.id, "way.passkey.remove", passkey_id)


def new_codes(work: Work, actor: Actor, language: str) -> wire.RecoveryCodes:
    """Ten for who has a second step, else the one that is the way back. Those before open nothing."""
    check(actor, "way.change")
    member = _member(work, actor.id)
    if second_step.asks_code(work, member):
        codes = second_step.make_codes(work, actor.id)
    else:
        codes = [new_code()]
        member.recovery_digest = digest(codes[0])
        work.session.add(member)
    way_words.tell(work, actor.id, "codes_made", language)
    audit.append(work, actor.id, "way.codes.make", actor.id)
    return wire.RecoveryCodes(codes=codes)


def _own(work: Work, actor: Actor, passkey_id: UUID) -> Passkey:
    passkey = ways.find_passkey(work, passkey_id)
    is_own = passkey is not None and passkey.member_id == actor.id
    check(actor, "way.passkey", Relation.SELF if is_own else Relation.NONE)
    assert passkey is not None  # noqa: S101 - checked just now
    return passkey


def _member(work: Work, member_id: UUID) -> Member:
    member = people.find_member(work, member_id)
    if member is None:
        raise NotFound
    return member


def _info(work: Work, passkey: Passkey) -> wire.PasskeyInfo:
    return wire.PasskeyInfo(
        id=passkey.id,
        name=ways.name_of(work, passkey),
        made_at=passkey.made_at,
        used_at=passkey.used_at,
    )
