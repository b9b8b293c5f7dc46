"""Two axes, each set by a person: how soon somebody must look, and what the readers see."""

from datetime import timedelta

import pytest

from moderation.cases import CaseKind
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.errors import Claimed, NotFound, NotNow, Stale
from server.protocol import bodies, desk, frames
from server.services import axes, queue
from server.store import audit
from server.store.queue import Wanted
from server.store.tables import Case, Message
from server.store.work import ToRoom, Work
from tests.server.desk_scene import REASON, Scene
from tests.server.store_fixture import House


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).prepare()


async def harm(scene: Scene, *, held: bool = False) -> tuple[Case, Message]:
    """A message that may hurt others, of somebody who is in no danger."""
    put = scene.house.hold if held else scene.house.say
    said = await put(scene.room, scene.marram, "rough words")
    kind = CaseKind.HELD if held else CaseKind.HARM
    case = await scene.house.case(
        scene.room, scene.marram, said, kind=kind, urgency=Urgency.ROUTINE
    )

    def in_no_danger(work: Work) -> Case:
        found = work.session.get(Case, case.id)
        assert found is not None
        found.about = None
        work.session.add(found)
        return found

    return await scene.house.do(in_no_danger), said


async def test_a_more_urgent_case_is_due_sooner_stands_first_and_calls_people(any_house: House):
    scene = await Scene(any_house).prepare()
    case, _ = await harm(scene)
    any_house.clock.move(minutes=3)

    after = await scene.urgency(scene.fern, case, "now")

    now = any_house.clock.now()
    assert (after.line.urgency, after.line.due_at) == ("now", now + timedelta(minutes=5))
    assert not after.line.seen_by_a_person
    assert any_house.staff()[-1].alert
    first = await any_house.do(lambda work: queue.read_queue(work, scene.still, Wanted()))
    assert first.cases[0].id == case.id
    await scene.wait(10 * 60 + 5)
    assert (await scene.row(case.id)).rung == Rung.CLINICIANS


async def test_whoever_makes_it_less_urgent_has_looked_and_nobody_is_called(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)

    after = await scene.urgency(scene.fern, case, "routine")

    assert after.line.seen_by_a_person
    assert after.line.due_at == case.opened_at + timedelta(hours=24)
    await scene.wait(3_600)
    assert (await scene.row(case.id)).rung == 0
    assert await scene.told() == [], "its author knows of no urgency, and is told of none"


async def test_raised_again_after_it_was_lowered_people_are_called_again(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    lowered = await scene.urgency(scene.fern, case, "routine", undoable=True)
    await scene.wait(5 * 60)

    with pytest.raises(NotNow):
        await scene.undo(scene.fern, case)
    raised = await scene.urgency(scene.fern, lowered.line, "now")

    assert raised.line.urgency == "now"
    assert [decision.action for decision in raised.decisions] == ["urgency", "urgency"]


async def test_the_two_axes_do_not_touch_each_other(scene: Scene):
    case, said = await harm(scene)

    after = await scene.urgency(scene.fern, case, "soon")
    assert (after.line.handling, (await scene.message(said)).state) == ("publish", "published")
    again = await scene.handling(scene.fern, after.line, "collapse")

    assert (again.line.urgency, again.line.handling, again.line.state) == (
        "soon", "collapse", "open",
    )  # fmt: skip


async def test_folding_a_message_is_told_and_can_be_appealed(scene: Scene):
    case, said = await harm(scene)
    scene.house.told.clear()

    await scene.handling(scene.fern, case, "collapse", content_note="violence")

    [notice] = await scene.told()
    assert (notice.kind, notice.words, notice.by) == ("collapsed", REASON, "moderator")
    assert notice.appeal_until is not None
    sent = [a.frame for a in scene.house.told if isinstance(a, ToRoom)]
    assert [(f.change, f.content_note) for f in sent if isinstance(f, frames.Changed)] == [
        ("collapsed", "This speaks of violence.")
    ]
    assert (await scene.message(said)).state == "published"


async def test_a_message_is_held_again_and_comes_back_in_its_place(scene: Scene):
    case, said = await harm(scene)

    held = await scene.handling(scene.fern, case, "hold")
    assert (await scene.message(said)).state == "held"
    assert held.desk.handlings == ["publish", "collapse"]
    await scene.handling(scene.fern, held.line, "publish")

    assert ((await scene.message(said)).state, (await scene.message(said)).seq) == (
        "published", said.seq,
    )  # fmt: skip
    assert await scene.kinds() == ["published", "held"]


@pytest.mark.parametrize("kind", [CaseKind.RISK, CaseKind.FLAG])
async def test_nobody_who_may_be_in_danger_is_held(scene: Scene, kind: CaseKind):
    said = await scene.house.say(scene.room, scene.marram, "I have the pills")
    case = await scene.house.case(scene.room, scene.marram, said, kind=kind)  # about: self

    seen = await scene.look(scene.fern, case)
    with pytest.raises(NotNow):
        await scene.handling(scene.fern, case, "hold")
    folded = await scene.handling(scene.fern, case, "collapse", content_note="self_harm")

    assert seen.desk.handlings == ["collapse"]
    assert folded.desk.handlings == ["publish"]
    assert (await scene.message(said)).state == "published"


async def test_what_would_come_into_the_room_waits_and_can_be_taken_back(scene: Scene):
    case, held = await harm(scene, held=True)

    folded = await scene.handling(scene.fern, case, "collapse", undoable=True)
    assert (await scene.message(held)).state == "held"
    back = await scene.undo(scene.fern, case)
    await scene.wait()
    assert ((await scene.message(held)).state, (await scene.message(held)).collapsed_by) == (
        "held", None,
    )  # fmt: skip
    assert (folded.line.handling, back.line.handling) == ("collapse", "publish")

    await scene.handling(scene.fern, back.line, "publish", undoable=True)
    await scene.wait()
    assert (await scene.message(held)).state == "published"
    assert await scene.kinds() == ["published"]


@pytest.mark.parametrize("handling", ["collapse", "hold"])
async def test_what_the_readers_saw_comes_back(scene: Scene, handling: str):
    case, said = await harm(scene)

    await scene.handling(scene.fern, case, handling, undoable=True)
    await scene.undo(scene.fern, case)

    message = await scene.message(said)
    assert (message.state, message.collapsed_by) == ("published", None)
    assert (await scene.kinds())[0] == "taken_back"


async def test_a_hidden_message_is_shown_again_from_the_same_case(scene: Scene):
    case, said = await harm(scene)
    closed = await scene.decide(scene.fern, case, "hide")
    assert (closed.line.state, closed.desk.may_show_again) == ("closed", True)

    shown = await scene.house.do(lambda work: _show_again(work, scene, closed.line.version, case))

    assert (await scene.message(said)).state == "published"
    assert await scene.kinds() == ["published", "hidden"]
    assert [notice.appeal_until for notice in await scene.told() if notice.kind == "hidden"] == [
        None
    ]
    assert (shown.subject.past_sanctions, shown.desk.may_show_again) == (0, False)
    with pytest.raises(NotNow):
        await scene.house.do(lambda work: _show_again(work, scene, shown.line.version, case))


def _show_again(work: Work, scene: Scene, version: int, case: Case) -> bodies.Case:
    asked = desk.ShowAgain(version=version, reason="It was a quotation.")
    return axes.show_again(work, scene.still, case.id, asked)


async def test_only_who_may_decide_sets_them_and_on_what_they_read(scene: Scene):
    case, _ = await harm(scene)
    for stranger in (scene.marram, scene.keeper, scene.linden):
        with pytest.raises(NotFound):
            await scene.urgency(stranger, case, "now")
    line = await scene.house.do(lambda work: queue.claim(work, scene.still, case.id, 1))
    with pytest.raises(Claimed):
        await scene.urgency(scene.fern, line, "now")
    with pytest.raises(Stale):
        await scene.urgency(scene.still, case, "now")
    with pytest.raises(NotNow):
        await scene.urgency(scene.still, line, "routine")
    await scene.urgency(scene.still, line, "now")
    newest = await scene.house.do(audit.head)
    assert newest is not None
    assert (newest.verb, newest.subject) == ("case.urgency.now", str(case.id))


async def test_a_closed_case_has_no_axes(scene: Scene):
    case, _ = await harm(scene)
    closed = await scene.decide(scene.fern, case, "dismiss", undoable=False)
    assert (closed.desk.urgencies, closed.desk.handlings) == ([], [])
    with pytest.raises(NotNow):
        await scene.urgency(scene.fern, closed.line, "now")
    with pytest.raises(NotNow):
        await scene.handling(scene.fern, closed.line, "collapse")
