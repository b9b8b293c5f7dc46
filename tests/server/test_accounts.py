"""Coming in: names that cannot be mistaken, codes that open once, sessions that end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from server.access import Actor, Role
from server.errors import (
    InvitationNeeded,
    NameNotAllowed,
    NameTaken,
    NoSession,
    NotFound,
    Pending,
    TooCommon,
    WrongLogIn,
)
from server.ids import digest, new_code
from server.protocol import bodies
from server.services import accounts, names, notices, sessions
from server.services.passphrases import check_passphrase
from server.store.place import get_place
from server.store.tables import Audit, Invitation
from server.store.work import SessionsEnded, Work
from tests.server.store_fixture import House


def asks(name: str, **more: Any) -> bodies.SignUp:
    promises = {
        "old_enough": True,
        "not_an_emergency_service": True,
        "machine_reads_for_safety": True,
    }
    return bodies.SignUp(pseudonym=name, **promises, **more)  # type: ignore[arg-type]


async def enter(house: House, name: str, **more: Any) -> bodies.Entered:
    return await house.do(lambda work: accounts.sign_up(work, asks(name, **more), None))


async def actor_of(house: House, token: str) -> Actor:
    return (await house.do(lambda work: sessions.find_actor(work, token))).actor


@pytest.mark.parametrize(
    "alike",
    ["Ash Tree", "ash tree", "AshTree", "\u0410sh Tree", "ash-tree", "Ash  Tree", "Ásh Tree"],
)
async def test_two_members_never_have_names_that_look_alike(house: House, alike: str) -> None:
    await enter(house, "Ash Tree")
    with pytest.raises(NameTaken):
        await enter(house, alike)


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "a\u202eb", "moderator", "M0derator", "...", "a\nb@c", "😀😀"]
)
def test_a_name_that_cannot_be_shown_safely_is_refused(name: str) -> None:
    with pytest.raises(NameNotAllowed):
        names.check_name(name)


@pytest.mark.parametrize("name", ["Marram", "Ñandú", "سلام", "雨の日", "O'Brien-Lee", "fern 2"])
def test_names_of_the_world_are_welcome(name: str) -> None:
    assert names.check_name(name) == name


@pytest.mark.parametrize(
    "passphrase", ["password", "Password", "aaaaaaaaaa", "ash tree", "12345678"]
)
def test_what_others_guess_first_is_refused(passphrase: str) -> None:
    with pytest.raises(TooCommon):
        check_passphrase(passphrase, "Ash Tree")


async def test_a_recovery_code_opens_once_and_gives_the_next(any_house: House) -> None:
    entered = await enter(any_house, "Ash")
    assert entered.recovery_code

    def log_in(code: str) -> Any:
        asked = bodies.LogIn(pseudonym="ash", recovery_code=code)
        return lambda work: accounts.log_in_with_code(work, asked)

    again = await any_house.do(log_in(entered.recovery_code.lower().replace("-", " ")))
    assert again.recovery_code not in {None, entered.recovery_code}
    with pytest.raises(WrongLogIn):
        await any_house.do(log_in(entered.recovery_code))
    with pytest.raises(WrongLogIn):
        await any_house.do(log_in(new_code()))


async def test_an_invitation_opens_the_door_once(any_house: House) -> None:
    code = new_code()

    def invite(work: Work) -> None:
        get_place(work).sign_up = "invited"
        work.session.add(
            Invitation(
                code_digest=digest(code),
                role="moderator",
                created_at=work.now,
                expires_at=work.now + timedelta(days=1),
            )
        )

    await any_house.do(invite)
    with pytest.raises(InvitationNeeded):
        await enter(any_house, "Uninvited")
    assert (await enter(any_house, "Fern", invitation=code)).me.role == "moderator"
    with pytest.raises(InvitationNeeded):
        await enter(any_house, "Second", invitation=code)


async def test_an_old_invitation_opens_nothing(house: House) -> None:
    code = new_code()
    await house.do(
        lambda work: work.session.add(
            Invitation(
                code_digest=digest(code),
                role="steward",
                created_at=work.now,
                expires_at=work.now + timedelta(days=1),
            )
        )
    )
    house.clock.move(days=2)
    with pytest.raises(InvitationNeeded):
        await enter(house, "Late", invitation=code)


async def test_who_waits_for_approval_is_told_so(house: House) -> None:
    await house.do(lambda work: setattr(get_place(work), "sign_up", "approved"))
    entered = await enter(house, "Ash")
    assert entered.me.state == "pending"
    with pytest.raises(Pending):
        await actor_of(house, entered.token or "")


async def test_a_session_ends_when_it_is_ended_and_says_so_to_its_sockets(any_house: House) -> None:
    token = (await enter(any_house, "Ash")).token or ""
    actor = await actor_of(any_house, token)
    await any_house.do(lambda work: sessions.end_session(work, actor, actor.session))
    assert [a.sessions for a in any_house.told if isinstance(a, SessionsEnded)] == [
        frozenset({actor.session})
    ]
    with pytest.raises(NoSession):
        await actor_of(any_house, token)


async def test_a_new_passphrase_ends_every_other_session(house: House) -> None:
    token = (await enter(house, "Ash")).token or ""
    actor = await actor_of(house, token)
    other = (
        await house.do(lambda work: accounts.log_in(work, actor.id, as_program=True))
    ).token or ""
    await house.do(lambda work: accounts.set_passphrase(work, actor, "hash"))
    assert (await actor_of(house, token)).id == actor.id
    with pytest.raises(NoSession):
        await actor_of(house, other)


async def test_a_new_passphrase_is_told_to_its_owner_in_their_language(any_house: House) -> None:
    actor = await actor_of(any_house, (await enter(any_house, "Ash")).token or "")
    await any_house.do(lambda work: accounts.set_passphrase(work, actor, "hash", "de"))
    told = (await any_house.do(lambda work: notices.list_mine(work, actor))).notices
    assert [(one.kind, one.words.partition(",")[0]) for one in told] == [
        ("way_in", "Dein Kennwort wurde geändert")
    ]
    verbs = await any_house.do(lambda work: work.session.exec(select(Audit.verb)).all())
    assert verbs.count("way.passphrase.change") == 1


async def test_sessions_run_out_idle_and_absolute(house: House) -> None:
    token = (await enter(house, "Ash")).token or ""
    house.clock.move(days=29)
    await actor_of(house, token)
    house.clock.move(days=2)
    with pytest.raises(NoSession):
        await actor_of(house, token)


async def test_nobody_ends_the_session_of_another(house: House) -> None:
    ash = await actor_of(house, (await enter(house, "Ash")).token or "")
    birch = await actor_of(house, (await enter(house, "Birch")).token or "")
    with pytest.raises(NotFound):
        await house.do(lambda work: sessions.end_session(work, birch, ash.session))
    assert ash.role is Role.PEER
