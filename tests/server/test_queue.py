"""The queue: what comes first, who sees it, and that one case has one holder."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from moderation import triage
from moderation.cases import CaseKind, CaseState
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import BadFrame, Claimed, NotAllowed, NotFound, Stale
from server.protocol import bodies
from server.services import appeals, decisions, notices, queue
from server.store import queue as store_queue
from server.store.queue import Wanted
from server.store.tables import Case
from server.store.work import Work
from tests.server.store_fixture import House


async def cast(house: House) -> tuple[Actor, Actor, Actor]:
    marram = await house.join("marram")
    fern = await house.join("fernhollow", Role.MODERATOR)
    still = await house.join("stillwater", Role.MODERATOR)
    return marram, fern, still


async def read(house: House, actor: Actor, **wanted: object) -> bodies.Queue:
    return await house.do(
        lambda work: queue.read_queue(work, actor, Wanted(**wanted))  # type: ignore[arg-type]
    )


async def test_an_unclaimed_now_case_comes_first(any_house: House):
    marram, fern, still = await cast(any_house)
    room = await any_house.room("Low days", (fern, "moderator"), (still, "moderator"))
    says = [await any_house.say(room, marram, f"words {n}") for n in range(5)]
    urgencies = [Urgency.SOON, Urgency.ROUTINE, Urgency.NOW, Urgency.NONE, Urgency.NOW]
    raised: list[Case] = []
    for said, urgency in zip(says, urgencies, strict=True):
        raised.append(await any_house.case(room, marram, said, urgency=urgency))
        any_house.clock.move(seconds=1)
    await any_house.do(lambda work: queue.claim(work, still, raised[2].id, 1))

    order = [line.id for line in (await read(any_house, fern)).cases]

    assert order == [raised[n].id for n in (4, 2, 0, 1, 3)]


async def test_the_queue_has_the_order_of_triage(any_house: House, monkeypatch: pytest.MonkeyPatch):
    marram, fern, _ = await cast(any_house)
    room = await any_house.room("Low days", (fern, "moderator"))
    raised: list[Case] = []
    for hours in range(60):
        any_house.clock.move(hours=1)
        said = await any_house.say(room, marram, f"words {hours}")
        urgency = list(Urgency)[hours * 7 % 4]
        raised.append(await any_house.case(room, marram, said, urgency=urgency))

    now = any_house.clock.now()
    expected = sorted(
        raised,
        key=lambda c: triage.queue_key(Urgency(c.urgency), c.due_at, c.opened_at, now),
    )
    shown = await read(any_house, fern)
    rest = await any_house.do(lambda work: queue.read_queue(work, fern, Wanted(), shown.after))

    assert any(c.urgency == "routine" and c.due_at + timedelta(days=1) <= now for c in raised)
    assert len(shown.cases) == 50
    assert rest.after is None
    assert [line.id for line in [*shown.cases, *rest.cases]] == [case.id for case in expected]
    assert shown.open == {"none": 15, "routine": 15, "soon": 15, "now": 15}

    monkeypatch.setattr(store_queue, "COUNTED_TO", 3)
    assert (await read(any_house, fern)).open == {"none": 3, "routine": 3, "soon": 3, "now": 15}


async def test_a_token_that_is_not_ours_is_refused(house: House):
    _, fern, _ = await cast(house)
    for token in ("x", "ü", "AAAA", "fHx8fA=="):
        with pytest.raises(BadFrame):
            await house.do(partial(queue.read_queue, actor=fern, wanted=Wanted(), after=token))


async def test_a_moderator_sees_only_the_cases_of_rooms_they_keep(house: House):
    marram, fern, still = await cast(house)
    mine = await house.room("Low days", (fern, "moderator"))
    other = await house.room("Anxious minds", (still, "moderator"), (fern, "member"))
    own = await house.case(mine, marram)
    foreign = await house.case(other, marram)

    assert [line.id for line in (await read(house, fern)).cases] == [own.id]
    assert (await read(house, fern, room=other)).cases == []
    with pytest.raises(NotFound):
        await house.do(lambda work: queue.claim(work, fern, foreign.id, 1))


async def test_nobody_sees_a_case_about_themselves(house: House):
    _, fern, still = await cast(house)
    room = await house.room("Low days", (fern, "moderator"), (still, "moderator"))
    case = await house.case(room, fern)

    assert (await read(house, fern)).cases == []
    assert [line.id for line in (await read(house, still)).cases] == [case.id]


async def test_a_clinician_sees_what_is_urgent_escalated_or_appealed(house: House):
    marram, fern, _ = await cast(house)
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room("Low days", (fern, "moderator"), (linden, "clinician"))
    urgent = await house.case(room, marram)
    said = await house.say(room, marram, "rough words")
    calm = await house.case(room, marram, said, urgency=Urgency.ROUTINE, kind=CaseKind.HARM)

    assert [line.id for line in (await read(house, linden)).cases] == [urgent.id]
    assert {line.id for line in (await read(house, fern)).cases} == {urgent.id, calm.id}


async def test_peers_have_no_queue_and_stewards_an_empty_one(house: House):
    marram, fern, _ = await cast(house)
    steward = await house.join("hearthkeeper", Role.STEWARD)
    room = await house.room("Low days", (fern, "moderator"), (marram, "member"))
    await house.case(room, marram)
    with pytest.raises(NotAllowed):
        await read(house, marram)
    assert len((await read(house, fern)).cases) == 1, "the guard: there is a case"
    assert (await read(house, steward)).cases == []


async def test_two_moderators_cannot_hold_the_same_case(any_house: House):
    marram, fern, still = await cast(any_house)
    room = await any_house.room("Low days", (fern, "moderator"), (still, "moderator"))
    case = await any_house.case(room, marram)

    async def claim(actor: Actor) -> str:
        try:
            line = await any_house.do(lambda work: queue.claim(work, actor, case.id, 1))
        except (Claimed, Stale) as refusal:
            return refusal.code
        return "mine" if line.claimed_by_me else "lost"

    answers = await asyncio.gather(*(claim(actor) for actor in (fern, still) * 4))

    # Whoever has it may claim again and is told that the version moved on.
    assert answers.count("mine") == 1
    assert set(answers) <= {"mine", "claimed", "stale"}


async def test_a_claim_runs_out_after_fifteen_minutes(house: House):
    marram, fern, still = await cast(house)
    room = await house.room("Low days", (fern, "moderator"), (still, "moderator"))
    case = await house.case(room, marram)
    mine = await house.do(lambda work: queue.claim(work, fern, case.id, 1))

    with pytest.raises(Claimed):
        await house.do(lambda work: queue.claim(work, still, case.id, mine.version))
    house.clock.move(minutes=15)
    theirs = await house.do(lambda work: queue.claim(work, still, case.id, mine.version))

    assert (mine.claimed_by, theirs.claimed_by) == ("fernhollow", "stillwater")


async def test_the_next_case_goes_to_one_moderator_only(any_house: House):
    marram, fern, still = await cast(any_house)
    room = await any_house.room("Low days", (fern, "moderator"), (still, "moderator"))
    for n in range(4):
        await any_house.case(room, marram, await any_house.say(room, marram, f"words {n}"))

    handed = await asyncio.gather(
        *(any_house.do(partial(queue.next_case, actor=a)) for a in (fern, still) * 3)
    )

    given = [answer.case for answer in handed if answer.case]
    assert len(given) == len(set(given)) >= 2
    rest = [await any_house.do(lambda work: queue.next_case(work, fern)) for _ in range(5)]
    assert len({*given, *(answer.case for answer in rest if answer.case)}) == 4
    assert rest[-1].case is None


async def test_the_end_of_a_shift_gives_claims_back(house: House):
    marram, fern, still = await cast(house)
    room = await house.room("Low days", (fern, "moderator"), (still, "moderator"))
    case = await house.case(room, marram)
    await house.do(lambda work: queue.change_shift(work, fern, on=True))
    assert (await read(house, still)).on_shift == ["fernhollow"]
    await house.do(lambda work: queue.claim(work, fern, case.id, 1))

    await house.do(lambda work: queue.change_shift(work, fern, on=False))

    shown = await read(house, still)
    assert (shown.cases[0].claimed_by, shown.on_shift) == (None, [])


async def test_what_was_handed_up_is_not_handed_back(any_house: House) -> None:
    fern, ash = await any_house.join("Fern", Role.MODERATOR), await any_house.join("Ash")
    room = await any_house.room("Kitchen", (fern, "moderator"), (ash, "member"))
    case = await any_house.case(room, ash)

    def hand_up(work: Work) -> None:
        found = work.session.get(Case, case.id)
        assert found is not None
        found.state = CaseState.ESCALATED
        work.session.add(found)

    await any_house.do(hand_up)
    assert (await any_house.do(lambda work: queue.next_case(work, fern))).case is None
    listed = await read(any_house, fern)
    assert [line.id for line in listed.cases] == [case.id], "it is not hidden"


async def test_whoever_loses_a_claim_is_told_who_has_it_and_until_when(any_house: House) -> None:
    marram, fern, still = await cast(any_house)
    room = await any_house.room("Low days", (fern, "moderator"), (still, "moderator"))
    case = await any_house.case(room, marram)
    mine = await any_house.do(lambda work: queue.claim(work, fern, case.id, 1))

    with pytest.raises(Claimed) as lost:
        await any_house.do(lambda work: queue.claim(work, still, case.id, 1))
    assert lost.value.detail.startswith("fernhollow has this case until 09:15 UTC.")
    with pytest.raises(Stale) as again:
        await any_house.do(lambda work: queue.claim(work, fern, case.id, 1))
    assert again.value.detail.startswith("You took this case meanwhile.")

    await any_house.do(lambda work: queue.release(work, fern, case.id))
    with pytest.raises(Stale) as nobodys:
        await any_house.do(lambda work: queue.claim(work, still, case.id, mine.version))
    assert nobodys.value.detail == Stale.detail


async def test_many_that_were_handed_up_do_not_stand_before_the_others(any_house: House) -> None:
    marram, fern, _ = await cast(any_house)
    room = await any_house.room("Kitchen", (fern, "moderator"), (marram, "member"))
    urgent = [
        await any_house.case(room, marram, await any_house.say(room, marram, f"words {n}"))
        for n in range(55)
    ]
    calm = await any_house.case(
        room, marram, await any_house.say(room, marram, "calm"), urgency=Urgency.ROUTINE
    )

    def hand_up(work: Work) -> None:
        for case in urgent:
            found = work.session.get(Case, case.id)
            assert found is not None
            found.state = CaseState.ESCALATED
            work.session.add(found)

    await any_house.do(hand_up)

    assert (await any_house.do(lambda work: queue.next_case(work, fern))).case == calm.id


async def test_the_next_case_passes_over_any_number_of_appeals_against_oneself(
    any_house: House,
) -> None:
    marram, fern, _ = await cast(any_house)
    room = await any_house.room("Kitchen", (fern, "moderator"), (marram, "member"))

    def decide_and_appeal(work: Work, case: Case) -> None:
        asked = bodies.NewDecision(action="warn", version=1, reason="Too loud.")
        decisions.decide(work, fern, case.id, asked)
        told = notices.list_mine(work, marram).notices
        appeals.appeal(work, marram, told[0].id, "Please look.")

    for n in range(25):
        any_house.clock.move(seconds=1)
        said = await any_house.say(room, marram, f"words {n}")
        case = await any_house.case(room, marram, said)
        await any_house.do(partial(decide_and_appeal, case=case))
    any_house.clock.move(seconds=1)
    said = await any_house.say(room, marram, "calm")
    last = await any_house.case(room, marram, said, urgency=Urgency.NONE)

    assert (await any_house.do(lambda work: queue.next_case(work, fern))).case == last.id


@pytest.mark.embedded("it is asked for its plan; PostgreSQL chooses by how full a table is")
async def test_a_page_walks_the_index_of_the_queue_and_sorts_nothing(house: House) -> None:
    marram, fern, _ = await cast(house)
    room = await house.room("Low days", (fern, "moderator"))
    await house.case(room, marram)

    def plans(work: Work) -> list[str]:
        asked: list[tuple[str, Any]] = []

        def keep(_: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
            asked.append((statement, values))

        event.listen(work.connection, "before_cursor_execute", keep)
        queue.read_queue(work, fern, Wanted())
        queue.next_case(work, fern)
        event.remove(work.connection, "before_cursor_execute", keep)
        return [
            step[3]
            for statement, values in asked
            if "care_case.due_at >" in statement or "ORDER BY care_case.due_at" in statement
            for step in work.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]

    steps = await house.do(plans)
    assert any("ix_care_case_living" in step for step in steps)
    assert not [
        step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN care_case")
    ]
