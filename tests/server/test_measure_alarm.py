"""An answer calls for a person: whom it calls, whom it never reaches, and how it ends."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from moderation.cases import Action
from server.access import Actor, Role
from server.api.background import do_what_is_due
from server.errors import NotFound, NotNow
from server.measures import load
from server.protocol import bodies, desk, frames
from server.protocol import measures as bodies_of_measures
from server.services import (
    calling,
    case_view,
    conversations,
    decisions,
    measuring,
    notices,
    opinions,
    queue,
)
from server.store import cases, place, push, receipts
from server.store.queue import Wanted
from server.store.tables import Case, CaseFlag, Notice, PushCall, PushDevice
from server.store.work import ToMember, ToStaff
from tests.server.store_fixture import House
from tests.server.test_measures import KNOWN, Scene

WORRY = "phq9-9"


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).set()


async def the_case(scene: Scene) -> Case:
    (found,) = await scene.house.do(lambda work: list(work.session.exec(select(Case))))
    return found


async def shown_to(scene: Scene, actor: Actor) -> bodies.Queue:
    return await scene.house.do(lambda work: queue.read_queue(work, actor, Wanted()))


async def open_it(scene: Scene, actor: Actor) -> bodies.Case:
    case = await the_case(scene)
    return await scene.house.do(lambda work: case_view.read_case(work, actor, case.id))


@pytest.mark.parametrize(("value", "urgency"), [(1, "soon"), (2, "now"), (3, "now")])
async def test_under_consent_the_groups_clinicians_are_called_at_once(
    scene: Scene, value: int, urgency: str
):
    await scene.agree(scene.marram, "alerts")
    answered = await scene.answer(WORRY, value)
    assert answered.support is not None
    assert answered.support.emergency, "the emergency number comes first"
    assert [group.room for group in answered.called] == [scene.room]
    case = await the_case(scene)
    assert (case.kind, case.urgency, case.room_id, case.subject_id) == (
        "measure", urgency, scene.room, scene.marram.id,
    )  # fmt: skip
    assert [one.code for one in await scene.told(scene.linden, "called")] == ["measure"]
    assert [one.code for one in await scene.told(scene.marram, "measure_called")] == ["agreed"]
    assert [line.id for line in (await shown_to(scene, scene.linden)).cases] == [case.id]
    shown = await open_it(scene, scene.linden)
    assert shown.messages == []
    assert shown.flags[0].note is not None
    assert "Thoughts that you would be better off dead" in shown.flags[0].note


async def test_both_engines_keep_one_case_and_its_answer_sealed(any_house: House):
    scene = await Scene(any_house).set()
    await scene.agree(scene.marram, "alerts")
    await scene.answer(WORRY, 1)
    await scene.answer(WORRY, 1)
    assert len(await scene.told(scene.linden, "called")) == 1, "the same answer again calls nobody"
    await scene.answer(WORRY, 3)
    assert len(await scene.told(scene.linden, "called")) == 2
    await scene.answer(WORRY, 0)
    case = await the_case(scene)
    assert (case.urgency, case.state) == ("now", "open"), "a lower answer takes nothing back"
    flags: list[Any] = await any_house.do(lambda work: list(work.session.exec(select(CaseFlag))))
    kept = repr([(flag.reasons, flag.words, flag.sealed) for flag in flags])
    assert "better off dead" not in kept
    assert "every day" not in kept


async def test_who_was_called_before_stays_called_in_what_the_member_reads(scene: Scene):
    async def read() -> bodies_of_measures.Measure:
        return await scene.house.do(
            lambda work: measuring.read_one(work, scene.marram, KNOWN, "phq-9")
        )

    assert (await read()).help is None
    await scene.agree(scene.marram, "alerts")
    await scene.answer(WORRY, 3)
    for value in (3, 1):
        again = await scene.answer(WORRY, value)
        assert [group.room for group in again.called] == [scene.room], "nobody else is to come"
        assert again.may_call == []
    shown = (await read()).help
    assert shown is not None
    assert shown.support is not None, "help stands there when the page is opened again"
    assert [group.room for group in shown.called] == [scene.room]
    await scene.answer(WORRY, 0)
    assert (await read()).help is None


async def test_without_consent_there_is_help_and_an_offer_and_nobody_is_called(scene: Scene):
    await scene.agree(scene.marram, "measures")
    answered = await scene.answer(WORRY, 3)
    assert answered.support is not None
    assert answered.called == []
    assert [group.room for group in answered.may_call] == [scene.room]
    assert await scene.house.do(lambda work: list(work.session.exec(select(Case)))) == []
    assert await scene.told(scene.linden, "called") == []


async def ask_to_be_called(scene: Scene, room: UUID | None = None) -> Any:
    return await scene.house.do(
        lambda work: measuring.call(work, scene.marram, KNOWN, "phq-9", room or scene.room)
    )


async def test_a_member_may_ask_to_be_called_this_once(scene: Scene):
    await scene.answer(WORRY, 0)
    with pytest.raises(NotNow):
        await ask_to_be_called(scene)
    await scene.answer(WORRY, 2)
    called = await ask_to_be_called(scene)
    assert [group.room for group in called.called] == [scene.room]
    await ask_to_be_called(scene)
    assert len(await scene.told(scene.linden, "called")) == 1, "twice calls them once"
    assert (await the_case(scene)).urgency == "now"
    elsewhere = await scene.house.room("Dunes", (scene.linden, "clinician"))
    with pytest.raises(NotFound):
        await ask_to_be_called(scene, elsewhere)


async def test_where_no_clinician_is_nobody_is_said_to_come(scene: Scene):
    alone = await scene.house.room("Dunes", (scene.marram, "member"), (scene.fern, "moderator"))
    await scene.agree(scene.marram, "alerts", room=alone)
    answered = await scene.answer(WORRY, 3)
    assert answered.support is not None
    assert answered.called == []
    assert [group.room for group in answered.may_call] == [scene.room]
    assert await scene.told(scene.fern, "called") == []


async def everything_of(scene: Scene, actor: Actor) -> Any:
    """What a moderator can see: their queue, the member's other cases, notices, what is next for them."""
    other = await scene.house.do(lambda work: work.session.get(Case, scene.other))  # type: ignore[attr-defined]
    assert other is not None
    line = await scene.house.do(lambda work: cases.line_of(work, scene.room, scene.marram.id))
    shown = await scene.house.do(lambda work: case_view.view(work, actor, other))
    told = await scene.house.do(lambda work: notices.list_mine(work, actor))
    return await shown_to(scene, actor), shown, told, line


async def test_a_moderator_sees_hears_and_counts_nothing_of_it(scene: Scene):
    house = scene.house
    message = await house.say(scene.room, scene.marram, "A hard evening.")
    scene.other = (await house.case(scene.room, scene.marram, message)).id  # type: ignore[attr-defined]
    still = await house.join("stillwater", Role.MODERATOR)
    await house.room("Dunes", (still, "moderator"))
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    before = [await everything_of(scene, scene.fern), await shown_to(scene, still)]
    before.append(await shown_to(scene, keeper))
    clinicians_before = await shown_to(scene, scene.linden)

    def all_on_call(work):
        stored = place.get_place(work)
        stored.on_call = [str(one.id) for one in (scene.fern, still, scene.linden)]
        work.session.add(stored)
        push.switch(work, on=True)
        for actor in (scene.fern, still, scene.linden):
            device = PushDevice(
                member_id=actor.id,
                mark=actor.id.bytes,
                sealed=b"",
                time_zone="UTC",
                made_at=work.now,
            )
            push.add_device(work, device, push.Address("https://x.example", "p", "a"))

    await house.do(all_on_call)
    await scene.agree(scene.marram, "alerts")
    house.told.clear()
    await scene.answer(WORRY, 3)
    after = [await everything_of(scene, scene.fern), await shown_to(scene, still)]
    after.append(await shown_to(scene, keeper))
    assert after == before
    assert len((await shown_to(scene, scene.linden)).cases) == len(clinicians_before.cases) + 1

    house.clock.move(minutes=16)
    house.told.clear()
    await do_what_is_due(house.database, has_command=True)
    house.clock.move(minutes=16)
    await do_what_is_due(house.database, has_command=True)
    case = next(one for one in await all_cases(scene) if one.kind == "measure")
    assert case.rung == 4, "the guard of this test: the whole ladder was climbed"
    told = [one for one in house.told if isinstance(one, ToStaff) and one.frame.case == case.id]  # type: ignore[attr-defined]
    assert told
    assert all(one.clinicians_only for one in told)
    reached = {one.member for one in house.told if isinstance(one, ToMember)}
    assert scene.linden.id in reached
    notices_of_it = await house.do(
        lambda work: set(
            work.session.exec(select(Notice.member_id).where(Notice.case_id == case.id)).all()
        )
    )
    assert notices_of_it == {scene.linden.id}
    pushed = await house.do(
        lambda work: set(
            work.session.exec(
                select(PushDevice.member_id)
                .join(PushCall, col(PushCall.device_id) == PushDevice.id)
                .where(PushCall.case_id == case.id)
            ).all()
        )
    )
    assert pushed == {scene.linden.id}
    commands = await house.do(calling.words_to_pass)
    mine = [words for _, words in commands if words[2] == str(case.id)]
    assert mine
    assert all(set(words[4:]) <= {str(scene.linden.id)} for words in mine)
    for actor in (scene.fern, still, keeper, scene.marram):
        for verb in (case_view.read_case, partial(queue.claim, version=1)):
            with pytest.raises(NotFound):
                await house.do(partial(verb, actor=actor, case_id=case.id))
    asked = desk.NewOpinion(of=scene.fern.id, question="What do you think?")
    with pytest.raises((NotFound, NotNow)):
        await house.do(lambda work: opinions.ask(work, scene.linden, case.id, asked))


async def all_cases(scene: Scene) -> list[Case]:
    return await scene.house.do(lambda work: list(work.session.exec(select(Case))))


async def test_a_clinicians_conversation_never_becomes_the_line_to_the_moderators(scene: Scene):
    await scene.agree(scene.marram, "alerts")
    await scene.answer(WORRY, 2)
    case = await the_case(scene)
    said = bodies.NewDecision(
        action="reach_out", version=case.version, reason="To hear them.", words="I am here."
    )
    after = await scene.house.do(lambda work: decisions.decide(work, scene.linden, case.id, said))
    assert after.conversation is not None
    line = await scene.house.do(
        lambda work: conversations.open_line(work, scene.marram.id, scene.room)
    )
    assert line.id != after.conversation


async def test_it_ends_by_an_act_and_the_later_looks_are_for_clinicians_too(scene: Scene):
    await scene.agree(scene.marram, "alerts")
    await scene.answer(WORRY, 3)
    first = await open_it(scene, scene.linden)
    assert set(first.allowed) == {
        str(one)
        for one in (Action.DISMISS, Action.CARE_NOTE, Action.REACH_OUT, Action.SHARE_RESOURCES)
    }
    await scene.withdraw(scene.marram)
    assert (await the_case(scene)).state == "open", "taking consent back closes nothing"
    outcome = bodies.NewDecision(
        action="dismiss", version=first.line.version, reason="We spoke; a friend is with them."
    )
    closed = await scene.house.do(
        lambda work: decisions.decide(work, scene.linden, first.line.id, outcome)
    )
    assert closed.decisions[0].reason == "We spoke; a friend is with them."
    scene.house.clock.move(days=2)
    await do_what_is_due(scene.house.database, has_command=False)
    later = [one for one in await all_cases(scene) if one.again_of == first.line.id]
    assert [one.kind for one in later] == ["measure", "measure"]
    assert (await shown_to(scene, scene.fern)).cases == []
    assert len((await shown_to(scene, scene.linden)).cases) == 2
    seen = await scene.house.do(lambda work: receipts.of_member(work, scene.marram.id))
    assert [one.scope for one in seen] == ["alerts"]


async def test_when_nobody_comes_the_member_is_told_so(scene: Scene):
    await scene.agree(scene.marram, "alerts")
    await scene.answer(WORRY, 2)
    scene.house.clock.move(minutes=16)
    await do_what_is_due(scene.house.database, has_command=False)
    (told,) = await scene.told(scene.marram, "nobody_yet")
    assert told.code == "measure"
    frame = scene.house.notices(scene.marram)[-1]
    assert isinstance(frame, frames.Support)


def test_the_definition_says_whose_rule_it_is():
    danger = load().definitions["phq-9"].danger
    assert danger is not None
    assert "Not yet reviewed by a clinician" in danger.source
