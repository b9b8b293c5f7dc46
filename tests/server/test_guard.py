"""The wellbeing guard: it leaves the hard to whoever is free, never a person in danger to nobody, and tells nobody."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from moderation.urgency import Urgency
from server.access import EVENTS, Actor, Relation, Role, may
from server.errors import Claimed, NotAllowed, NotNow
from server.protocol import bodies
from server.protocol import guard as wire
from server.services import case_view, decisions, guard, queue
from server.store.queue import Wanted
from server.store.tables import Audit, Case, GuardCase, GuardShift, Member, Shift
from server.store.work import Work
from tests.server.store_fixture import House


class Desk:
    """Two moderators on shift in one room, and a peer who writes."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def set(self) -> "Desk":
        self.marram = await self.house.join("marram")
        self.fern = await self.house.join("fernhollow", Role.MODERATOR)
        self.still = await self.house.join("stillwater", Role.MODERATOR)
        seated = ((self.fern, "moderator"), (self.still, "moderator"), (self.marram, "member"))
        self.room = await self.house.room("Low days", *seated)
        for actor in (self.fern, self.still):
            await self.shift(actor, on=True)
        return self

    async def shift(self, actor: Actor, *, on: bool) -> None:
        await self.house.do(lambda work: queue.change_shift(work, actor, on=on))

    async def raised(self, urgency: Urgency = Urgency.NOW, about: Actor | None = None) -> Case:
        author = about or self.marram
        said = await self.house.say(self.room, author, "words")
        case = await self.house.case(self.room, author, said, urgency=urgency)
        self.house.clock.move(seconds=1)
        return case

    async def open(self, actor: Actor, case: Case) -> None:
        await self.house.do(lambda work: case_view.read_case(work, actor, case.id))

    async def next(self, actor: Actor, *, anyway: bool = False) -> bodies.NextCase:
        return await self.house.do(lambda work: queue.next_case(work, actor, anyway=anyway))

    async def dismiss(self, actor: Actor, case: Case) -> None:
        def verb(work: Work) -> None:
            found = work.session.get(Case, case.id)
            assert found is not None
            asked = bodies.NewDecision(action="dismiss", version=found.version, reason="Seen to.")
            decisions.decide(work, actor, case.id, asked)

        await self.house.do(verb)

    async def mine(self, actor: Actor) -> wire.Guard:
        return await self.house.do(lambda work: guard.read_mine(work, actor))

    async def choose(self, actor: Actor, **patch: Any) -> wire.Guard:
        asked = wire.GuardPatch(**patch)
        return await self.house.do(lambda work: guard.change_mine(work, actor, asked))

    async def pause(self, actor: Actor, minutes: int = 3) -> wire.Guard:
        return await self.house.do(lambda work: guard.pause(work, actor, minutes))

    async def burden(self, actor: Actor, count: int) -> None:
        """They open so many hard cases and close them, and one gentle one after."""
        for _ in range(count):
            case = await self.raised()
            await self.open(actor, case)
            await self.dismiss(actor, case)
        calm = await self.raised(Urgency.ROUTINE)
        await self.open(actor, calm)
        await self.dismiss(actor, calm)


@pytest.fixture
async def desk(any_house: House) -> Desk:
    return await Desk(any_house).set()


async def test_each_hard_case_counts_once_and_a_gentle_one_never(desk: Desk) -> None:
    hard, calm = await desk.raised(), await desk.raised(Urgency.ROUTINE)
    for case in (hard, hard, calm):
        await desk.open(desk.fern, case)
    assert (await desk.mine(desk.fern)).hard == 1
    assert (await desk.mine(desk.still)).hard == 0


async def test_words_that_were_folded_or_held_are_hard_whatever_their_urgency(desk: Desk) -> None:
    calm = await desk.raised(Urgency.ROUTINE)
    for handling, is_hard in (("collapse", True), ("hold", True), ("nudge", False), (None, False)):
        calm.handling = handling
        assert guard.is_hard(calm) is is_hard


async def test_after_a_hard_case_a_gentler_one_comes_while_somebody_else_is_free(
    desk: Desk,
) -> None:
    first = await desk.raised()
    await desk.open(desk.fern, first)
    await desk.dismiss(desk.fern, first)
    hard, calm = await desk.raised(), await desk.raised(Urgency.ROUTINE)

    given = await desk.next(desk.fern)
    assert (given.case, given.spared) == (calm.id, "in_a_row")
    assert (await desk.next(desk.still)).case == hard.id, "the other one has it"


async def test_a_gentle_case_in_between_ends_the_row(desk: Desk) -> None:
    await desk.burden(desk.fern, 1)
    hard = await desk.raised()
    assert await desk.next(desk.fern) == bodies.NextCase(case=hard.id, spared=None)


async def test_at_the_budget_the_hard_ones_go_to_whoever_is_free(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=2)
    await desk.burden(desk.fern, 2)
    hard, calm = await desk.raised(), await desk.raised(Urgency.ROUTINE)

    given = await desk.next(desk.fern)
    assert (given.case, given.spared) == (calm.id, "budget")
    nothing = await desk.next(desk.fern)
    assert (nothing.case, nothing.spared) in {(calm.id, "budget"), (None, "budget")}
    assert (await desk.next(desk.fern, anyway=True)).case == hard.id, "it is offered, not withheld"


async def test_when_nobody_else_is_free_the_guard_changes_nothing(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=1)
    await desk.burden(desk.fern, 1)

    async def handed() -> bodies.NextCase:
        given = await desk.next(desk.fern)
        assert given.case
        await desk.house.do(lambda work: queue.release(work, desk.fern, hard.id))
        return given

    await desk.raised(Urgency.ROUTINE)
    hard = await desk.raised()
    as_ever = bodies.NextCase(case=hard.id, spared=None)
    await desk.shift(desk.still, on=False)
    assert await handed() == as_ever, "off shift"
    await desk.shift(desk.still, on=True)
    await desk.pause(desk.still)
    assert await handed() == as_ever, "on a pause"
    desk.house.clock.move(minutes=3)
    hard = await desk.raised()
    [busy] = [await desk.raised(Urgency.SOON)]
    await desk.house.do(lambda work: queue.claim(work, desk.still, busy.id, 1))
    first = await desk.next(desk.fern)
    assert first.spared is None, "with a case of their own"


async def test_two_who_are_both_at_their_budget_leave_nothing_to_each_other(desk: Desk) -> None:
    for actor in (desk.fern, desk.still):
        await desk.choose(actor, budget=1)
        await desk.burden(actor, 1)
    hard = await desk.raised()
    await desk.raised(Urgency.ROUTINE)
    assert await desk.next(desk.fern) == bodies.NextCase(case=hard.id, spared=None)


async def test_nobody_waits_more_than_two_minutes_for_somebody_else(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=1)
    await desk.burden(desk.fern, 1)
    hard = await desk.raised()
    assert (await desk.next(desk.fern)).case is None
    desk.house.clock.move(minutes=2)
    assert await desk.next(desk.fern) == bodies.NextCase(case=hard.id, spared=None)


async def test_a_case_about_the_only_other_one_is_not_left_to_them(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=1)
    await desk.burden(desk.fern, 1)
    about_still = await desk.raised(about=desk.still)
    await desk.raised(Urgency.ROUTINE)
    assert await desk.next(desk.fern) == bodies.NextCase(case=about_still.id, spared=None)


async def test_a_room_where_nobody_else_is_free_is_looked_after(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=1)
    await desk.burden(desk.fern, 1)
    alone = await desk.house.room("Alone", (desk.fern, "moderator"), (desk.marram, "member"))
    here = await desk.raised()
    there = await desk.house.case(alone, desk.marram)
    given = await desk.next(desk.fern)
    assert (given.case, given.spared) == (there.id, "budget")
    assert (await desk.next(desk.still)).case == here.id


async def test_the_list_hides_nothing_and_any_case_can_be_claimed_from_it(desk: Desk) -> None:
    await desk.choose(desk.fern, budget=1)
    await desk.burden(desk.fern, 1)
    hard, calm = await desk.raised(), await desk.raised(Urgency.ROUTINE)
    shown = await desk.house.do(lambda work: queue.read_queue(work, desk.fern, Wanted()))
    assert [line.id for line in shown.cases] == [hard.id, calm.id]
    line = await desk.house.do(lambda work: queue.claim(work, desk.fern, hard.id, 1))
    assert line.claimed_by_me


async def test_not_for_me_today_goes_to_others_first_for_the_rest_of_the_shift(desk: Desk) -> None:
    soon, calm = await desk.raised(Urgency.SOON), await desk.raised(Urgency.ROUTINE)
    assert (await desk.next(desk.fern)).case == soon.id
    line = await desk.house.do(lambda work: queue.hand_off(work, desk.fern, soon.id))
    assert (line.claimed_by, line.state) == (None, "open")

    again = await desk.next(desk.fern)
    assert (again.case, again.spared) == (calm.id, "given_back")
    assert (await desk.next(desk.still)).case == soon.id
    await desk.house.do(lambda work: queue.hand_off(work, desk.still, soon.id))
    await desk.house.do(lambda work: queue.release(work, desk.fern, calm.id))
    assert (await desk.next(desk.fern)).case == soon.id, (
        "both gave it back: it is withheld from none"
    )


async def test_a_person_in_danger_who_was_given_back_comes_again_when_nobody_takes_them(
    desk: Desk,
) -> None:
    hard = await desk.raised()
    assert (await desk.next(desk.fern)).case == hard.id
    await desk.house.do(lambda work: queue.hand_off(work, desk.fern, hard.id))
    assert await desk.next(desk.fern) == bodies.NextCase(case=None, spared="given_back")
    desk.house.clock.move(minutes=2)
    assert (await desk.next(desk.fern)).case == hard.id


async def test_what_another_holds_is_not_handed_off(desk: Desk) -> None:
    case = await desk.raised()
    await desk.house.do(lambda work: queue.claim(work, desk.still, case.id, 1))
    with pytest.raises(Claimed):
        await desk.house.do(lambda work: queue.hand_off(work, desk.fern, case.id))


async def test_a_pause_is_offered_once_after_a_crisis_case_and_can_be_skipped(desk: Desk) -> None:
    calm, hard = await desk.raised(Urgency.ROUTINE), await desk.raised()
    await desk.dismiss(desk.fern, calm)
    assert (await desk.mine(desk.fern)).offer is False
    await desk.dismiss(desk.fern, hard)
    assert (await desk.mine(desk.fern)).offer is True
    assert (await desk.mine(desk.still)).offer is False
    skipped = await desk.house.do(lambda work: guard.end_pause(work, desk.fern))
    assert skipped.offer is False


async def test_a_pause_keeps_the_shift_and_is_seen_in_the_queue(desk: Desk) -> None:
    paused = await desk.pause(desk.fern, 5)
    assert paused.paused_until == desk.house.clock.now() + timedelta(minutes=5)
    shown = await desk.house.do(lambda work: queue.read_queue(work, desk.still, Wanted()))
    assert shown.on_shift == ["fernhollow", "stillwater"]
    assert shown.on_pause == ["fernhollow"]
    assert paused.covered == [desk.room]
    await desk.pause(desk.still, 1)
    assert (await desk.mine(desk.fern)).covered == [], "alerts reach them: nobody else is there"
    desk.house.clock.move(minutes=5)
    shown = await desk.house.do(lambda work: queue.read_queue(work, desk.still, Wanted()))
    assert shown.on_pause == []
    assert (await desk.mine(desk.fern)).paused_until is None


async def test_a_pause_belongs_to_a_shift(desk: Desk) -> None:
    await desk.shift(desk.fern, on=False)
    with pytest.raises(NotNow):
        await desk.pause(desk.fern)


async def test_switched_off_it_counts_nothing_and_spares_nobody(desk: Desk) -> None:
    await desk.choose(desk.fern, on=False, budget=1)
    first = await desk.raised()
    await desk.open(desk.fern, first)
    await desk.dismiss(desk.fern, first)
    assert (await desk.mine(desk.fern)).hard == 0
    assert (await desk.mine(desk.fern)).offer is False
    hard = await desk.raised()
    assert await desk.next(desk.fern) == bodies.NextCase(case=hard.id, spared=None)


async def test_a_new_shift_begins_at_nought_and_the_cases_of_the_old_one_are_forgotten(
    desk: Desk,
) -> None:
    await desk.open(desk.fern, await desk.raised())
    await desk.shift(desk.fern, on=False)
    assert (await desk.mine(desk.fern)).hard is None
    await desk.shift(desk.fern, on=True)
    assert (await desk.mine(desk.fern)).hard == 0

    def kept(work: Work) -> tuple[int, list[int]]:
        counts = work.session.exec(
            select(GuardShift.hard).where(GuardShift.member_id == desk.fern.id)
        )
        return len(work.session.exec(select(GuardCase)).all()), sorted(counts)

    assert await desk.house.do(kept) == (0, [0, 1])


async def test_the_log_and_the_world_hear_nothing_of_the_guard(desk: Desk) -> None:
    hard = await desk.raised()
    await desk.next(desk.fern)
    await desk.open(desk.fern, hard)
    await desk.house.do(lambda work: queue.hand_off(work, desk.fern, hard.id))
    heard = len(desk.house.told)
    await desk.pause(desk.fern)
    await desk.choose(desk.fern, budget=3)

    def verbs(work: Work) -> list[str]:
        return list(work.session.exec(select(Audit.verb).order_by(col(Audit.number))))

    said = await desk.house.do(verbs)
    assert said == ["shift.on", "shift.on", "case.claim", "case.read", "case.release"]
    assert [type(one).__name__ for one in desk.house.told[heard:]] == ["ShiftChanged"]
    assert not {name for name in EVENTS if "guard" in name or "journal" in name}


def test_no_row_of_the_table_opens_a_guard_or_a_journal_to_anybody_else() -> None:
    for role in Role:
        for relation in set(Relation) - {Relation.NONE}:
            assert not may(role, "guard.own", relation)
            assert not may(role, "journal.own", relation)
    assert not may(Role.STEWARD, "guard.own")
    assert not may(Role.PEER, "guard.own")


async def test_a_steward_reads_nobodys_guard_and_a_peer_has_none(desk: Desk) -> None:
    keeper = await desk.house.join("hearthkeeper", Role.STEWARD)
    for actor in (keeper, desk.marram):
        with pytest.raises(NotAllowed):
            await desk.mine(actor)
    with pytest.raises(NotAllowed):
        await desk.house.do(lambda work: guard.read_totals(work, desk.fern))


# --- what a steward may see ---


async def worked(house: House, people: int, *, shifts: int = 1, hard: int = 3) -> None:
    """So many moderators end so many shifts on Monday, each with so many hard cases."""

    def verb(work: Work) -> None:
        for number in range(people):
            member = Member(
                pseudonym=f"Keeper {number}", name_key=f"keeper{number}", role="moderator",
                joined_at=work.now,
            )  # fmt: skip
            work.session.add(member)
            work.session.flush()
            for _ in range(shifts):
                shift = Shift(
                    member_id=member.id, started_at=work.now, ended_at=work.now + timedelta(hours=4)
                )
                guard.begin(work, shift)
                work.session.flush()
                counts = work.session.get(GuardShift, shift.id)
                assert counts is not None
                counts.hard, counts.pauses, counts.hand_offs = hard, 1, 1
                work.session.add(counts)

    await house.do(verb)


@pytest.mark.parametrize(("people", "shown"), [(7, False), (8, True)])
async def test_totals_are_about_eight_people_at_least(
    any_house: House, people: int, shown: bool
) -> None:
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    await worked(any_house, people, shifts=2)
    this_week = await any_house.do(lambda work: guard.read_totals(work, keeper))
    assert not any(week.shifts.shown for week in this_week.weeks), "a week that runs is not shown"

    any_house.clock.move(days=7)
    [week, *older] = (await any_house.do(lambda work: guard.read_totals(work, keeper))).weeks
    figures = [week.shifts, week.hard_cases, week.hard_per_shift, week.pauses, week.hand_offs]
    assert [figure.shown for figure in figures] == [shown] * 5
    assert len(older) == 3
    if shown:
        assert [figure.value for figure in figures] == [15, 50, 3, 15, 15]
    else:
        assert [figure.value for figure in figures] == [None] * 5


async def test_a_mean_is_hidden_where_few_of_many_had_hard_cases(any_house: House) -> None:
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    await worked(any_house, 10, hard=0)
    any_house.clock.move(days=7)
    [week, *_] = (await any_house.do(lambda work: guard.read_totals(work, keeper))).weeks
    assert week.shifts.shown
    assert not week.hard_cases.shown
    assert not week.hard_per_shift.shown
