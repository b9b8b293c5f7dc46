"""Between colleagues: hand-over, second opinions, removals from the place, wrong rules, words to start from."""

import asyncio
from functools import partial
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlmodel import select

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import Claimed, NotAllowed, NotFound, NotNow, Stale
from server.protocol import desk
from server.protocol.kinds import Action
from server.services import (
    appeals,
    cases,
    colleagues,
    opinions,
    queue,
    removals,
    templates,
    wrong_rules,
)
from server.store import audit
from server.store import cases as stored
from server.store.tables import Assessment, Case, HandOver, Member, Opinion
from server.store.work import Work
from tests.server.desk_scene import Scene
from tests.server.store_fixture import House

NOTE = "I wrote to them at ten; they have not answered yet."


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).prepare()


async def routine(scene: Scene, room: UUID | None = None) -> Case:
    """A case that does not concern the clinicians."""
    return await scene.house.case(
        room or scene.room, scene.marram, kind=CaseKind.FLAG, urgency=Urgency.ROUTINE
    )


# --- hand-over ---


async def hand_over(scene: Scene, actor: Actor, case: Any, to: Actor | None) -> Any:
    asked = desk.NewHandOver(version=case.version, to=to.id if to else None, note=NOTE)
    return await scene.house.do(lambda work: colleagues.hand_over(work, actor, case.id, asked))


async def test_a_case_goes_to_a_named_colleague_with_a_note(any_house: House):
    scene = await Scene(any_house).prepare()
    case = await any_house.case(scene.room, scene.marram)
    held = await any_house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))

    after = await hand_over(scene, scene.fern, held, scene.still)

    assert (after.line.claimed_by, after.line.claimed_by_me) == ("stillwater", False)
    seen = await scene.look(scene.still, case)
    [note] = seen.desk.hand_overs
    assert (note.by, note.to, note.note) == ("fernhollow", "stillwater", NOTE)
    assert seen.line.claimed_until == any_house.clock.now() + queue.LEASE
    assert not seen.line.seen_by_a_person, "handing on is no act: the calling goes on"
    [called] = await scene.told(scene.still)
    assert (called.kind, NOTE in called.words) == ("called", False)
    with pytest.raises(Claimed):
        await scene.decide(scene.fern, seen.line, "dismiss")


async def test_the_note_is_sealed_and_no_word_of_it_is_told_anywhere(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await hand_over(scene, scene.fern, case, None)

    row = await scene.house.do(lambda work: work.session.exec(select(HandOver)).one())
    assert NOTE.encode() not in row.sealed
    assert all(NOTE not in repr(told) for told in scene.house.told)
    assert (await scene.look(scene.still, case)).desk.hand_overs[0].to is None
    for stranger in (scene.marram, scene.keeper):
        with pytest.raises(NotFound):
            await scene.look(stranger, case)


async def test_a_case_back_in_the_queue_is_free(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    held = await scene.house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))
    await hand_over(scene, scene.fern, held, None)
    found = await scene.house.do(lambda work: queue.next_case(work, scene.still))
    assert found.case == case.id


async def test_only_a_colleague_on_shift_who_may_have_it_is_handed_a_case(scene: Scene):
    away = await scene.house.join("away", Role.MODERATOR)
    elsewhere = await scene.house.join("elsewhere", Role.MODERATOR)
    case = await routine(scene)
    listed = await scene.house.do(
        lambda work: colleagues.list_colleagues(work, scene.fern, case.id)
    )
    assert [one.name for one in listed.hand_over] == ["stillwater"]
    for other in (away, elsewhere, scene.linden, scene.marram, scene.fern):
        with pytest.raises(NotAllowed):
            await hand_over(scene, scene.fern, case, other)
    assert not (await scene.look(scene.fern, case)).desk.hand_overs


async def test_two_hand_overs_at_once_are_one(any_house: House):
    scene = await Scene(any_house).prepare()
    case = await any_house.case(scene.room, scene.marram)
    answers = await asyncio.gather(
        hand_over(scene, scene.fern, case, scene.still),
        hand_over(scene, scene.still, case, scene.fern),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, Claimed | Stale)]
    assert len(refused) == 1
    assert len((await scene.look(scene.fern, case)).desk.hand_overs) == 1


async def test_an_appeal_is_handed_to_nobody_who_had_a_part(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn", undoable=False)
    [notice] = await scene.told()
    await scene.house.do(lambda work: appeals.appeal(work, scene.marram, notice.id, "Please."))
    asked = await scene.house.do(lambda work: stored.find_by_key(work, f"appeal:{notice.id}"))
    assert asked is not None
    with pytest.raises(NotAllowed):
        await hand_over(scene, scene.still, asked, scene.fern)


async def test_at_the_end_of_a_shift_all_goes_with_one_note(scene: Scene):
    held = [await routine(scene) if n else await routine(scene, scene.elsewhere) for n in range(2)]
    for case in held:
        await scene.house.do(
            partial(queue.claim, actor=scene.still, case_id=case.id, version=case.version)
        )
    mine = await scene.house.do(lambda work: colleagues.read_claims(work, scene.still))
    assert set(mine.held) == {case.id for case in held}
    assert [one.name for one in mine.colleagues] == ["fernhollow"]

    asked = desk.ShiftHandOver(to=scene.fern.id, note=NOTE)
    done = await scene.house.do(lambda work: colleagues.hand_over_all(work, scene.still, asked))

    assert (done.handed, done.to_queue) == (1, 1), "Fern does not keep the other room"
    lines = {case.id: await scene.row(case.id) for case in held}
    assert {row.room_id: row.claimed_by for row in lines.values()} == {
        scene.room: scene.fern.id, scene.elsewhere: None,
    }  # fmt: skip
    assert len(await scene.told(scene.fern)) == 1


# --- second opinion ---


async def ask(scene: Scene, actor: Actor, case: Case, of: Actor) -> Any:
    asked = desk.NewOpinion(of=of.id, question="Is this a quotation?")
    return await scene.house.do(lambda work: opinions.ask(work, actor, case.id, asked))


async def answer(scene: Scene, actor: Actor, case: Case, opinion_id: UUID) -> Any:
    asked = desk.OpinionAnswer(words="I read it as one.")
    return await scene.house.do(
        lambda work: opinions.answer(work, actor, case.id, opinion_id, asked)
    )


async def test_a_colleague_is_asked_and_answers_and_the_case_stays_where_it_is(any_house: House):
    scene = await Scene(any_house).prepare()
    case = await any_house.case(scene.room, scene.marram)
    held = await any_house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))

    after = await ask(scene, scene.fern, case, scene.still)
    assert (after.line.claimed_by_me, after.line.version) == (True, held.version)
    asked = (await any_house.do(lambda work: opinions.list_asked(work, scene.still))).asked
    assert [(one.case, one.by) for one in asked] == [(case.id, "fernhollow")]
    [opinion] = (await scene.look(scene.still, case)).desk.opinions
    assert (opinion.mine, opinion.question, opinion.answer) == (True, "Is this a quotation?", None)

    await answer(scene, scene.still, case, opinion.id)

    seen = await scene.look(scene.fern, case)
    assert (seen.line.claimed_by_me, seen.desk.opinions[0].answer) == (True, "I read it as one.")
    assert (await any_house.do(lambda work: opinions.list_asked(work, scene.still))).asked == []
    assert [notice.kind for notice in await scene.told(scene.fern)] == ["called"]
    assert await scene.told() == []
    with pytest.raises(NotNow):
        await answer(scene, scene.still, case, opinion.id)


async def test_a_clinician_who_is_asked_reads_the_case_and_does_not_decide_it(scene: Scene):
    case = await routine(scene)
    with pytest.raises(NotFound):
        await scene.look(scene.linden, case)

    after = await ask(scene, scene.fern, case, scene.linden)

    seen = await scene.look(scene.linden, case)
    assert (seen.allowed, seen.desk.urgencies, seen.desk.handlings) == ([], [], [])
    for act in (
        lambda: scene.decide(scene.linden, seen.line, "dismiss"),
        lambda: scene.urgency(scene.linden, seen.line, "now"),
        lambda: hand_over(scene, scene.linden, seen.line, None),
    ):
        with pytest.raises(NotFound):
            await act()
    answered = await answer(scene, scene.linden, case, after.desk.opinions[0].id)
    assert answered.desk.opinions[0].answer is not None


async def test_nobody_is_asked_who_reported_it_or_whom_it_is_about(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.house.do(
        lambda work: cases.raise_case(
            work, room_id=scene.room, subject_id=scene.marram.id, message_id=said.id,
            kind=CaseKind.FLAG, urgency=Urgency.ROUTINE, handling=None, about=None, language=None,
            policy="1", source="member", reasons=["unkind"], words=[], spans=[], by=scene.still.id,
        )
    )  # fmt: skip
    for other in (scene.still, scene.marram, scene.keeper, scene.fern):
        with pytest.raises(NotFound):
            await ask(scene, scene.fern, case, other)
    listed = await scene.house.do(
        lambda work: colleagues.list_colleagues(work, scene.fern, case.id)
    )
    assert [one.name for one in listed.opinion] == ["linden"]


async def test_an_opinion_never_holds_up_what_is_urgent(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    after = await ask(scene, scene.fern, case, scene.still)

    reached = await scene.decide(scene.fern, after.line, "reach_out", words="I am here.")
    closed = await scene.decide(scene.fern, reached.line, "care_note", words="Be gentle.")

    assert closed.line.state == "closed"
    late = await answer(scene, scene.still, case, after.desk.opinions[0].id)
    assert late.desk.opinions[0].answer == "I read it as one."


async def test_only_whoever_is_asked_answers_and_nobody_is_asked_twice(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    after = await ask(scene, scene.fern, case, scene.still)
    with pytest.raises(NotNow):
        await ask(scene, scene.linden, case, scene.still)
    for other in (scene.fern, scene.linden, scene.marram):
        with pytest.raises(NotFound):
            await answer(scene, other, case, after.desk.opinions[0].id)
    row = await scene.house.do(lambda work: work.session.exec(select(Opinion)).one())
    assert b"quotation" not in row.sealed


# --- the member's earlier cases ---


async def test_earlier_cases_are_shown_only_from_rooms_that_one_keeps(scene: Scene):
    here, there = await routine(scene), await routine(scene, scene.elsewhere)
    await scene.decide(scene.fern, here, "warn")
    now = await scene.house.case(scene.room, scene.marram)

    for_fern = (await scene.look(scene.fern, now)).desk.earlier
    for_still = (await scene.look(scene.still, now)).desk.earlier
    for_linden = (await scene.look(scene.linden, now)).desk.earlier

    assert [(one.id, one.actions) for one in for_fern] == [(here.id, ["warn"])]
    assert {one.id for one in for_still} == {here.id, there.id}
    assert for_linden == [], "it did not concern the clinicians"


# --- removal from the place ---


async def removal_answer(scene: Scene, actor: Actor, removal_id: UUID, *, confirm: bool) -> None:
    asked = desk.RemovalAnswer(confirm=confirm, reason="Others are not safe with you here.")
    await scene.house.do(lambda work: removals.answer(work, actor, removal_id, asked))


async def asked_removals(scene: Scene) -> list[desk.AskedRemoval]:
    found = await scene.house.do(lambda work: removals.list_asked(work, scene.keeper))
    return found.removals


async def member(scene: Scene) -> Member:
    def verb(work: Work) -> Member:
        found = work.session.get(Member, scene.marram.id)
        assert found is not None
        return found

    return await scene.house.do(verb)


@pytest.mark.parametrize("who", ["linden", "keeper"])
async def test_another_person_confirms_that_a_member_leaves_the_place(scene: Scene, who: str):
    case = await routine(scene)
    after = await scene.decide(scene.fern, case, "remove_from_place")
    assert (after.line.state, (await member(scene)).state) == ("escalated", "active")
    assert await scene.told() == []
    [waiting] = await asked_removals(scene)
    assert (waiting.member_name, waiting.by) == ("marram", "fernhollow")
    assert "remove_from_place" not in after.allowed
    with pytest.raises(NotFound):
        await removal_answer(scene, scene.fern, waiting.id, confirm=True)

    await removal_answer(scene, getattr(scene, who), waiting.id, confirm=True)

    assert (await member(scene)).state == "removed"
    assert (await scene.seat()).left_at is not None
    [notice] = await scene.told()
    assert (notice.kind, notice.appeal_until is not None) == ("removed", True)
    assert (await scene.look(scene.still, case)).line.state == "closed"
    assert await asked_removals(scene) == []
    with pytest.raises(NotNow):
        await removal_answer(scene, scene.keeper, waiting.id, confirm=True)


async def test_a_no_changes_nothing_for_the_member_and_the_case_stays(scene: Scene):
    case = await routine(scene)
    await scene.decide(scene.fern, case, "remove_from_place")
    seen = await scene.look(scene.linden, case)
    assert seen.desk.removal is not None
    assert seen.desk.removal.may_answer

    await removal_answer(scene, scene.linden, seen.desk.removal.id, confirm=False)

    after = await scene.look(scene.still, case)
    assert ((await member(scene)).state, after.line.state) == ("active", "escalated")
    assert "remove_from_place" in after.allowed
    assert await scene.told() == []


async def test_whoever_asked_for_it_does_not_confirm_it(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    after = await scene.decide(scene.linden, case, "remove_from_place")
    assert after.desk.removal is not None
    assert not after.desk.removal.may_answer
    with pytest.raises(NotAllowed):
        await removal_answer(scene, scene.linden, after.desk.removal.id, confirm=True)


async def test_a_removal_that_is_overturned_lets_them_back_in(scene: Scene):
    case = await routine(scene)
    await scene.decide(scene.fern, case, "remove_from_place")
    [waiting] = await asked_removals(scene)
    await removal_answer(scene, scene.keeper, waiting.id, confirm=True)
    [notice] = await scene.told()
    await scene.house.do(lambda work: appeals.appeal(work, scene.marram, notice.id, "Please."))
    asked = await scene.house.do(lambda work: stored.find_by_key(work, f"appeal:{notice.id}"))
    assert asked is not None

    await scene.decide(scene.still, asked, "overturn", undoable=False)

    assert (await member(scene)).state == "active"


async def test_two_people_who_confirm_at_once_do_it_once(any_house: House):
    scene = await Scene(any_house).prepare()
    case = await routine(scene)
    await scene.decide(scene.fern, case, "remove_from_place")
    [waiting] = await asked_removals(scene)
    answers = await asyncio.gather(
        removal_answer(scene, scene.linden, waiting.id, confirm=True),
        removal_answer(scene, scene.keeper, waiting.id, confirm=False),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, NotNow) for one in answers) == [False, True]


# --- wrong rules ---


async def test_a_wrong_rule_is_counted_by_rule_and_model_and_closes_nothing(any_house: House):
    scene = await Scene(any_house).prepare()
    said = await any_house.say(scene.room, scene.marram, "words")

    def read(work: Work) -> None:
        work.session.add(
            Assessment(
                message_id=said.id, room_id=scene.room, assessed=True, model="m-7", signals={},
                policy="1", handling="publish", urgency="now", reasons=[], at=work.now,
            )
        )  # fmt: skip

    await any_house.do(read)
    case = await any_house.case(scene.room, scene.marram, said)
    other = await any_house.case(scene.room, scene.marram)
    call = wrong_rules.call_wrong
    for actor in (scene.fern, scene.fern, scene.still):
        await any_house.do(partial(call, actor=actor, case_id=case.id))

    counted = await any_house.do(lambda work: wrong_rules.count(work, scene.keeper))

    [one] = counted.rules
    assert (one.rule, one.model, one.wrong, one.cases) == ("risk_intent", "m-7", 1, 2)
    seen = await scene.look(scene.fern, case)
    assert (seen.line.state, seen.line.seen_by_a_person) == ("open", False)
    assert (seen.desk.wrong_rules, seen.model) == (["risk_intent"], "m-7")
    assert other.id != case.id
    for stranger in (scene.marram, scene.keeper):
        with pytest.raises(NotFound):
            await any_house.do(partial(call, actor=stranger, case_id=case.id))
    with pytest.raises(NotAllowed):
        await any_house.do(lambda work: wrong_rules.count(work, scene.fern))


# --- words to start from ---


async def read(scene: Scene, language: str, actor: Actor | None = None) -> list[desk.Template]:
    found = await scene.house.do(
        lambda work: templates.read_templates(work, actor or scene.fern, language)
    )
    return found.templates


async def change(scene: Scene, template_id: str, **patch: Any) -> desk.Template:
    asked = desk.TemplatePatch(**patch)
    return await scene.house.do(
        lambda work: templates.change_template(work, scene.keeper, template_id, asked)
    )


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ar"])
async def test_each_decision_has_words_to_start_from_in_five_languages(scene: Scene, language: str):
    found = await read(scene, language)
    assert {one.action for one in found} == set(get_args(Action))
    assert {one.written_by for one in found} == {"us"}
    assert {one.language for one in found} == {language}


async def test_a_steward_says_it_in_their_own_words(any_house: House):
    scene = await Scene(any_house).prepare()
    [first, *_] = [one for one in await read(scene, "de") if one.action == "warn"]

    changed = await change(scene, first.id, words="Bitte redet miteinander.")
    assert (changed.written_by, changed.name) == ("place", first.name)
    await change(scene, "de-hide-1", hidden=True)
    new = desk.NewTemplate(action="warn", language="de", name="Leise", words="Bitte leiser.")
    mine = await any_house.do(lambda work: templates.add_template(work, scene.keeper, new))

    found = {one.id: one for one in await read(scene, "de")}
    assert found[first.id].words == "Bitte redet miteinander."
    assert "de-hide-1" not in found
    assert found[mine.id].name == "Leise"
    again = await change(scene, first.id, as_shipped=True)
    assert (again.written_by, again.words) == ("us", first.words)
    newest = await any_house.do(audit.head)
    assert newest is not None
    assert newest.verb == "template.change"


async def test_words_are_the_stewards_to_change_and_the_staffs_to_read(scene: Scene):
    new = desk.NewTemplate(action="warn", language="en", name="Mine", words="Words.")
    for stranger in (scene.fern, scene.linden, scene.marram):
        with pytest.raises(NotAllowed):
            await scene.house.do(partial(templates.add_template, actor=stranger, new=new))
    with pytest.raises(NotAllowed):
        await read(scene, "en", scene.marram)
    with pytest.raises(NotFound):
        await change(scene, "no-such", words="Words.")


async def test_where_there_is_nothing_in_a_language_english_is_offered(scene: Scene):
    assert {one.language for one in await read(scene, "pl")} == {"en"}
