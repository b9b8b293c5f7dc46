"""Every act of staff leaves its row in the audit log: who, what, about what. And so does an appeal."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, select

from server.access import Actor, Role
from server.cli.members import add_member, make_token
from server.cli.rooms import add_room, seat_member
from server.protocol import bodies
from server.services import accounts, appeals, decisions, founding, invitations, queue, steward
from server.services import notices as told
from server.store import people, rooms
from server.store.place import get_place
from server.store.tables import Audit, Case
from server.store.work import Work
from tests.server.store_fixture import House

Line = tuple[str, object, str | None]


def _log(work: Work) -> list[Line]:
    rows = work.session.exec(select(Audit).order_by(col(Audit.number)))
    return [(row.verb, row.actor, row.subject) for row in rows]


async def _added(house: House, verb: Callable[[Work], Any]) -> list[Line]:
    """What a verb wrote down."""
    before = len(await house.do(_log))
    await house.do(verb)
    return (await house.do(_log))[before:]


async def _case(house: House) -> tuple[Actor, Actor, Case]:
    """A moderator, an author, and a case about them."""
    fern = await house.join("fernhollow", Role.MODERATOR)
    marram = await house.join("marram")
    room = await house.room("Low days", (fern, "moderator"), (marram, "member"))
    return fern, marram, await house.case(room, marram)


async def test_an_appeal_is_written_down(any_house: House):
    fern, marram, case = await _case(any_house)
    asked = bodies.NewDecision(action="warn", version=1, reason="Please look at this again.")
    about = str(case.id)
    kept, decided = await _added(
        any_house, lambda work: decisions.decide(work, fern, case.id, asked)
    )
    assert decided == ("case.warn", fern.id, about)
    assert kept[:2] == ("decision.keep", fern.id)
    [notice] = (await any_house.do(lambda work: told.list_mine(work, marram))).notices
    [(verb, actor, subject)] = await _added(
        any_house, lambda work: appeals.appeal(work, marram, notice.id, "Please.")
    )
    assert (verb, actor) == ("appeal.open", marram.id)
    assert subject not in (None, about)


async def test_whoever_takes_a_case_or_gives_it_back_is_written_down(house: House):
    fern, _, case = await _case(house)
    taken, given = ("case.claim", fern.id, str(case.id)), ("case.release", fern.id, str(case.id))
    assert await _added(house, lambda work: queue.claim(work, fern, case.id, 1)) == [taken]
    assert await _added(house, lambda work: queue.release(work, fern, case.id)) == [given]
    assert await _added(house, lambda work: queue.release(work, fern, case.id)) == []
    assert await _added(house, lambda work: queue.next_case(work, fern)) == [taken]


@pytest.mark.parametrize("patch", [{"role": "peer"}, {"state": "removed"}])
async def test_a_shift_and_sessions_that_a_steward_ends_are_written_down(
    house: House, patch: dict[str, Any]
):
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    fern = await house.join("fernhollow", Role.MODERATOR)
    await house.do(lambda work: queue.change_shift(work, fern, on=True))
    asked = bodies.MemberPatch(**patch)
    lines = await _added(house, lambda work: steward.change_member(work, keeper, fern.id, asked))
    last = "member.role.peer" if "role" in patch else "member.removed"
    verbs = ["shift.off", "session.end_all", last]
    assert lines == [(verb, keeper.id, str(fern.id)) for verb in verbs]


async def test_an_invitation_that_lets_somebody_in_is_written_down(any_house: House):
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    new = bodies.NewInvitation(role="moderator", days=1)
    made = await any_house.do(lambda work: invitations.invite(work, keeper, new))
    asked = bodies.SignUp(
        pseudonym="fernhollow", invitation=made.code, old_enough=True,
        not_an_emergency_service=True, machine_reads_for_safety=True,
    )  # fmt: skip
    [(verb, actor, subject)] = await _added(
        any_house, lambda work: accounts.sign_up(work, asked, None)
    )
    member = await any_house.do(lambda work: people.find_by_name_key(work, "fernhollow"))
    assert member is not None
    assert (verb, actor, subject) == ("invitation.redeem", member.id, str(made.id))


async def test_the_first_start_and_each_new_door_are_written_down(house: House):
    await house.do(lambda work: work.session.delete(get_place(work)))
    found = partial(founding.found, open_to_all=True)
    first, second = await _added(house, found), await _added(house, found)
    assert [verb for verb, _, _ in first] == ["place.found", "invitation.make"]
    assert [verb for verb, _, _ in second] == ["invitation.make"]


async def test_what_is_done_at_the_terminal_is_written_down(any_house: House):
    lines = await _added(any_house, lambda work: add_member(work, "fernhollow", "moderator", None))
    lines += await _added(any_house, lambda work: add_room(work, "Low days", "To talk.", "en"))
    lines += await _added(
        any_house, lambda work: seat_member(work, "low-days", "fernhollow", "moderator")
    )
    lines += await _added(any_house, lambda work: make_token(work, "fernhollow"))
    member = await any_house.do(lambda work: people.find_by_name_key(work, "fernhollow"))
    room = await any_house.do(lambda work: rooms.find_by_slug(work, "low-days"))
    assert member is not None
    assert room is not None
    assert lines == [
        ("member.add.moderator", None, str(member.id)),
        ("room.make", None, str(room.id)),
        ("seat.moderator", None, f"{room.id}/{member.id}"),
        ("session.token", None, str(member.id)),
    ]
