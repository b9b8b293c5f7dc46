"""Running the place: rights end at once where they end, and stewards read nobody's words."""

from uuid import UUID

import pytest

from moderation.cases import CaseKind
from server.access import Actor, Role
from server.errors import BadFrame, NotAllowed, NotFound, NotNow
from server.ids import new_token
from server.protocol import bodies
from server.services import case_view, help, invitations, own_lines, place, queue, steward
from server.services import conversations as talks
from server.settings import read_settings
from server.store import audit, people, rooms
from server.store.tables import Member, Session
from server.store.work import SeatEnded, SeatTaken, SessionsEnded, ShiftChanged, Work
from tests.server.store_fixture import House

SETTINGS = read_settings({})


async def cast(house: House) -> tuple[Actor, Actor, Actor]:
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    marram = await house.join("marram")
    fern = await house.join("fernhollow", Role.MODERATOR)
    return keeper, marram, fern


async def log_in(house: House, actor: Actor) -> UUID:
    def verb(work: Work) -> UUID:
        session = Session(
            member_id=actor.id, token_digest=new_token().encode(), created_at=work.now,
            last_seen_at=work.now, expires_at=work.now.replace(year=2030),
        )  # fmt: skip
        work.session.add(session)
        return session.id

    return await house.do(verb)


async def change(house: House, by: Actor, who: Actor, **patch: object) -> bodies.StewardMember:
    asked = bodies.MemberPatch(**patch)  # type: ignore[arg-type]
    return await house.do(lambda work: steward.change_member(work, by, who.id, asked))


async def test_a_demoted_moderator_loses_every_right_at_once(any_house: House):
    keeper, marram, fern = await cast(any_house)
    room = await any_house.room("Low days", (marram, "member"), (fern, "moderator"))
    line = await any_house.do(lambda work: talks.open_line(work, marram.id, room))
    case = await any_house.case(room, marram, kind=CaseKind.LINE, conversation_id=line.id)
    session = await log_in(any_house, fern)
    await any_house.do(lambda work: queue.change_shift(work, fern, on=True))
    await any_house.do(lambda work: queue.claim(work, fern, case.id, 1))
    any_house.told.clear()

    await change(any_house, keeper, fern, role="peer")

    assert SessionsEnded(fern.id, frozenset({session})) in any_house.told
    assert SeatTaken(room, fern.id, "member") in any_house.told
    assert SeatEnded(line.id, fern.id, "left") in any_house.told
    assert ShiftChanged(fern.id, False) in any_house.told
    with pytest.raises(NotFound):
        await any_house.do(lambda work: case_view.read_case(work, fern, case.id))
    seats = await any_house.do(lambda work: rooms.seats_of(work, fern.id))
    assert {seat.seat for seat in seats.values()} == {"member"}
    assert await any_house.do(lambda work: people.live_sessions(work, fern.id, work.now)) == []


async def test_a_removed_member_is_out_everywhere(house: House):
    keeper, marram, _ = await cast(house)
    room = await house.room("Low days", (marram, "member"))
    session = await log_in(house, marram)
    house.told.clear()

    shown = await change(house, keeper, marram, state="removed")

    assert shown.state == "removed"
    assert SeatEnded(room, marram.id, "left") in house.told
    assert SessionsEnded(marram.id, frozenset({session})) in house.told
    assert await house.do(lambda work: rooms.seats_of(work, marram.id)) == {}


async def test_the_last_steward_stays(house: House):
    keeper, _, _ = await cast(house)
    for patch in ({"role": "peer"}, {"state": "removed"}):
        with pytest.raises(NotNow):
            await change(house, keeper, keeper, **patch)
    other = await house.join("lamplighter", Role.STEWARD)
    assert (await change(house, keeper, keeper, role="peer")).role == "peer"
    with pytest.raises(NotNow):
        await change(house, other, other, role="peer")


async def test_a_moderators_seat_needs_the_role(house: House):
    keeper, marram, fern = await cast(house)
    room = await house.room("Low days", (marram, "member"))

    def seat(who: Actor, seat_name: str | None) -> bodies.NewKeeper:
        return bodies.NewKeeper(member=who.id, seat=seat_name)  # type: ignore[arg-type]

    async def give(who: Actor, seat_name: str | None) -> list[tuple[str, str]]:
        asked = seat(who, seat_name)
        done = await house.do(lambda work: steward.seat_keeper(work, keeper, room, asked, {}))
        return [(kept.name, kept.seat) for kept in done.keepers]

    with pytest.raises(NotNow):
        await give(marram, "moderator")
    with pytest.raises(NotNow):
        await give(keeper, "clinician")
    assert await give(fern, "moderator") == [("fernhollow", "moderator")]
    assert await give(marram, "host") == [("fernhollow", "moderator"), ("marram", "host")]
    assert await give(fern, None) == [("marram", "host")]


async def test_a_steward_cannot_reach_into_a_private_conversation(house: House):
    keeper, marram, fern = await cast(house)
    room = await house.room("Low days", (marram, "member"), (fern, "moderator"))
    line = await house.do(lambda work: talks.open_line(work, marram.id, room))
    asked = bodies.NewKeeper(member=fern.id, seat="moderator")

    with pytest.raises(NotFound):
        await house.do(lambda work: steward.seat_keeper(work, keeper, line.id, asked, {}))
    listed = await house.do(lambda work: steward.list_rooms(work, keeper, {}))
    shown = await house.do(lambda work: steward.list_members(work, keeper, "fern", None, None))
    assert [found.id for found in listed.rooms] == [room]
    assert shown.members[0].seats == ["Low days: moderator"]


async def test_members_come_in_pages_by_name(house: House):
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    for number in range(60):
        await house.join(f"peer {number:02}")

    first = await house.do(lambda work: steward.list_members(work, keeper, "peer", None, None))
    rest = await house.do(
        lambda work: steward.list_members(work, keeper, "peer", None, first.after)
    )

    names = [member.pseudonym for member in [*first.members, *rest.members]]
    assert names == [f"peer {number:02}" for number in range(60)]
    assert (len(first.members), rest.after) == (50, None)


async def test_a_pending_member_is_approved(house: House):
    keeper, marram, _ = await cast(house)

    def wait(work: Work) -> None:
        member = work.session.get(Member, marram.id)
        assert member is not None
        member.state = "pending"
        work.session.add(member)

    await house.do(wait)
    assert (await change(house, keeper, marram, state="active")).state == "active"


async def test_an_invitation_tells_its_code_once_and_can_be_revoked(house: House):
    keeper, _, _ = await cast(house)
    new = bodies.NewInvitation(role="moderator", days=1)

    made = await house.do(lambda work: invitations.invite(work, keeper, new))
    [listed] = (await house.do(lambda work: invitations.list_invitations(work, keeper))).invitations
    await house.do(lambda work: invitations.revoke(work, keeper, made.id))
    after = await house.do(lambda work: invitations.list_invitations(work, keeper))

    assert made.code is not None
    assert made.path == f"/sign-up#invitation={made.code}"
    assert (listed.id, listed.code, after.invitations) == (made.id, None, [])


async def test_only_a_steward_runs_the_place_and_each_act_is_audited(house: House):
    keeper, marram, fern = await cast(house)
    new = bodies.NewRoom(name="Early steps", purpose="For first days.")
    for actor in (marram, fern):
        with pytest.raises(NotAllowed):
            await house.do(lambda work, a=actor: steward.add_room(work, a, new))  # type: ignore[misc]
    made = await house.do(lambda work: steward.add_room(work, keeper, new))
    closed = await house.do(
        lambda work: steward.change_room(
            work, keeper, made.id, bodies.RoomPatch(state="closed"), {}
        )
    )

    newest = await house.do(audit.head)
    assert (made.slug, closed.state) == ("early-steps", "closed")
    assert newest is not None
    assert (newest.number, newest.verb) == (2, "room.change")


async def test_another_country_is_not_confirmed_yet(house: House):
    keeper, _, _ = await cast(house)
    await house.do(lambda work: own_lines.confirm(work, keeper))

    def patch(country: str) -> bodies.PlacePatch:
        return bodies.PlacePatch(country=country)

    same = await house.do(lambda work: place.change_place(work, keeper, patch("IE"), SETTINGS))
    other = await house.do(lambda work: place.change_place(work, keeper, patch("GB"), SETTINGS))
    assert (same.help_lines_confirmed, other.help_lines_confirmed) == (True, False)


async def test_a_hidden_line_is_shown_to_nobody_and_an_own_line_to_all(house: House):
    keeper, _, _ = await cast(house)
    before = await house.do(lambda work: help.lines_for(work, "IE"))
    hidden = before.lines[0].id
    new = bodies.NewHelpLine(country="IE", name="The river house", dial="01 555 0100")

    await house.do(lambda work: own_lines.hide_line(work, keeper, hidden, hidden=True))
    own = await house.do(lambda work: own_lines.add_line(work, keeper, new))
    after = await house.do(lambda work: help.lines_for(work, "IE"))
    listed = await house.do(lambda work: own_lines.list_lines(work, keeper))

    assert after.lines[0].name == "The river house"
    assert hidden not in {line.id for line in after.lines}
    assert "Not verified" in (after.lines[0].about or "")
    assert {line.line.id: line.hidden for line in listed.lines}[hidden]
    assert (own.own, own.old) == (True, True)


@pytest.mark.parametrize("day", ["2027-01-01", "2026-02-31"])
async def test_a_line_cannot_be_verified_on_a_day_that_has_not_been(house: House, day: str):
    keeper, _, _ = await cast(house)
    new = bodies.NewHelpLine(country="IE", name="The river house", dial="112", verified_at=day)
    with pytest.raises(BadFrame):
        await house.do(lambda work: own_lines.add_line(work, keeper, new))
