"""Statements of reasons: whoever is restricted reads what, why, by which role, and how to ask again."""

from functools import partial

import pytest

from moderation.cases import Action, CaseKind
from server.access import Role
from server.errors import BadFrame, NotAllowed, NotFound
from server.protocol import frames, reasons
from server.services import promises, statements
from tests.server.readings import severe
from tests.server.store_fixture import House
from tests.server.test_decisions import REASON, Scene
from tests.server.test_posting import post, say


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).set()


async def read(scene: Scene, notice: frames.Notice) -> reasons.Statement:
    return await scene.house.database.read(
        lambda work: statements.read_statement(work, scene.marram, notice.id)
    )


async def told(scene: Scene, kind: str) -> frames.Notice:
    return next(notice for notice in await scene.told() if notice.kind == kind)


@pytest.mark.parametrize("action", ["hide", "warn", "pause", "remove_member"])
async def test_every_sanction_has_a_statement_with_all_that_the_law_asks_for(
    scene: Scene, action: str
):
    said = await scene.house.say(scene.room, scene.marram, "you are all the same")
    case = await scene.house.case(scene.room, scene.marram, said, kind=CaseKind.HARM)
    await scene.decide(scene.fern, case, action, minutes=600, clause="listen")

    statement = await read(scene, (await scene.told())[0])

    assert statement.restricted
    assert (statement.room_name, statement.own_words) == ("Low days", "you are all the same")
    assert (statement.reason, statement.by) == (REASON, "moderator")
    assert (statement.detected_by_machine, statement.decided_by_machine) == (True, False)
    assert statement.clause == "listen"
    assert statement.clause_words is not None
    assert statement.clause_words.startswith("We listen first")
    assert statement.policy == "1"
    assert statement.stands
    assert statement.redress.may_appeal
    assert statement.redress.until is not None
    assert "court" in statement.redress.outside
    assert (statement.until is not None) == (action == "pause")
    assert "fernhollow" not in statement.model_dump_json()


async def test_a_clause_that_nobody_chose_fits_what_it_is_about(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    seen = await scene.look(scene.still, case.id)
    assert seen.clause == "kind"
    assert [one.clause for one in seen.decisions] == ["kind"]
    assert promises.usual_clause(["flag_private"]) == "private"
    assert promises.usual_clause(["es_encouragement"]) == "safe"
    assert promises.usual_clause(["risk_intent"]) == "kind"


async def test_a_decision_keeps_the_promise_in_the_words_of_its_time(scene: Scene):
    steward = await scene.house.join("hearthkeeper", Role.STEWARD)
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    before = (await read(scene, await told(scene, "warn"))).clause_words
    patch = reasons.PromisePatch(words="Be gentle.")
    changed = await scene.house.do(lambda work: promises.change_words(work, steward, "kind", patch))
    assert [one.words for one in changed.promises if not one.shipped] == ["Be gentle."]
    assert (await read(scene, await told(scene, "warn"))).clause_words == before != "Be gentle."

    again = reasons.PromisePatch(words=None)
    shipped = await scene.house.do(lambda work: promises.change_words(work, steward, "kind", again))
    assert all(one.shipped for one in shipped.promises)


async def test_only_a_steward_words_the_promises_and_only_those_there_are(scene: Scene):
    patch = reasons.PromisePatch(words="Be gentle.")
    with pytest.raises(NotAllowed):
        await scene.house.do(lambda work: promises.change_words(work, scene.fern, "kind", patch))
    steward = await scene.house.join("hearthkeeper", Role.STEWARD)
    with pytest.raises(NotFound):
        await scene.house.do(lambda work: promises.change_words(work, steward, "no_such", patch))
    outside = reasons.PromisePatch(words="Write to the ombudswoman.")
    found = await scene.house.do(
        lambda work: promises.change_words(work, steward, "outside", outside)
    )
    assert found.outside == "Write to the ombudswoman."


async def test_what_a_machine_held_says_that_a_machine_did(scene: Scene):
    await say(scene.house, scene.marram, post(scene.room, "you will be sorry"), severe())

    statement = await read(scene, await told(scene, "held"))

    assert (statement.detected_by_machine, statement.decided_by_machine) == (True, True)
    assert (statement.by, statement.model, statement.clause) == ("machine", "test", "kind")
    assert statement.rules
    assert statement.lasts == "Until a person has looked."
    assert statement.redress.may_appeal


async def test_whoever_was_removed_from_a_room_still_reads_why_and_asks_again(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "remove_member")
    removed = await told(scene, "removed")
    assert (await read(scene, removed)).redress.may_appeal

    asked = await scene.appeal(removed)
    await scene.decide(scene.still, asked, "uphold", reason="It stays. I am sorry.")

    redress = (await read(scene, await told(scene, "removed"))).redress
    assert (redress.appeal, redress.answer) == ("upheld", "It stays. I am sorry.")
    assert not redress.may_appeal


async def test_a_statement_is_for_whom_it_is_about_and_only_about_restrictions(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    other = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, other, "care_note")
    warning, note = await told(scene, "warn"), await told(scene, "care_note")

    for reader, notice in ((scene.fern, warning), (scene.still, warning), (scene.marram, note)):
        with pytest.raises(NotFound):
            await scene.house.database.read(
                partial(statements.read_statement, actor=reader, notice_id=notice.id)
            )


async def test_the_text_to_keep_says_the_same(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "you are all the same")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "pause", minutes=600)
    notice = await told(scene, "pause")

    text = await scene.house.database.read(
        lambda work: statements.read_text(work, scene.marram, notice.id)
    )

    for part in (
        REASON, "you are all the same", "Low days", "A moderator decided this.", str(notice.id),
        "2026-11-16 19:00 UTC", "court", "We speak kindly",
    ):  # fmt: skip
        assert part in text


async def test_a_pause_that_was_shortened_says_its_new_end(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "pause", minutes=600)
    asked = await scene.appeal(await told(scene, "pause"))
    await scene.decide(scene.still, asked, "change", minutes=60)

    statement = await read(scene, await told(scene, "pause"))

    assert statement.until == scene.house.clock.now().replace(hour=10)
    scene.house.clock.move(hours=2)
    over = await read(scene, await told(scene, "pause"))
    assert not over.stands
    assert over.lasts.startswith("It ended on")


async def test_how_long_an_answer_takes_is_told_when_there_were_some(scene: Scene):
    async def one(minutes: int) -> None:
        case = await scene.house.case(scene.room, scene.marram)
        await scene.decide(scene.fern, case, "warn")
        asked = await scene.appeal((await scene.told())[0])
        scene.house.clock.move(minutes=minutes)
        await scene.decide(scene.still, asked, "uphold")

    for minutes in (10, 20, 30, 40):
        await one(minutes)
    few = await read(scene, await told(scene, "warn"))
    await one(50)
    enough = await read(scene, await told(scene, "warn"))

    assert few.redress.usual_wait_s is None, "four answers say too much of each"
    assert enough.redress.usual_wait_s == 30 * 60


async def test_an_unknown_clause_is_refused(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    with pytest.raises(ValueError, match="clause"):
        await scene.decide(scene.fern, case, "warn", clause="no_such")
    with pytest.raises(BadFrame):
        promises.chosen(Action.WARN, "no_such", [])
