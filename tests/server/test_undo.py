"""Undo: for half a minute, by whoever decided, in full; what waits for its end was never said."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.errors import NotFound, NotNow, Stale
from server.protocol import frames
from server.services import appeals, cases, queue
from server.store import audit, timers
from server.store.keys import KeyFile, KeyStore
from server.store.queue import Wanted
from server.store.sealing import Sealer
from server.store.sqlite import SqliteDatabase
from server.store.tables import Case
from server.store.work import ToRoom
from tests.server.desk_scene import Scene
from tests.server.store_fixture import House

WORDS = "Be gentle with yourself tonight."


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).prepare()


async def test_words_reach_their_reader_only_when_they_can_no_longer_be_taken_back(
    any_house: House,
):
    scene = await Scene(any_house).prepare()
    case = await any_house.case(scene.room, scene.marram)

    after = await scene.decide(scene.fern, case, "care_note", words=WORDS)

    assert after.line.state == "closed"
    assert after.desk.undo is not None
    assert after.desk.undo.until == any_house.clock.now() + timedelta(seconds=30)
    await scene.wait(29)
    assert await scene.told() == []
    assert any_house.notices(scene.marram) == []
    await scene.wait(2)
    [notice] = await scene.told()
    assert (notice.kind, notice.words, notice.by) == ("care_note", WORDS, "moderator")
    await scene.wait(60)
    assert len(await scene.told()) == 1, "said once"


@pytest.mark.parametrize("action", ["dismiss", "care_note", "warn"])
async def test_what_was_taken_back_was_never_said(scene: Scene, action: str):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    kind = CaseKind.HELD if action != "care_note" else CaseKind.RISK
    about = held if action != "care_note" else None
    case = await scene.house.case(scene.room, scene.marram, about, kind=kind)
    await scene.decide(scene.fern, case, action, words=WORDS)

    back = await scene.undo(scene.fern, case)
    await scene.wait(120)

    assert await scene.told() == []
    assert (await scene.message(held)).state == "held"
    assert (back.line.state, back.line.claimed_by_me) == ("open", True)
    assert [(one.action, one.undone) for one in back.decisions] == [(action, True), ("undo", False)]
    assert back.allowed == (await scene.look(scene.fern, case)).allowed != []


async def test_a_hidden_message_is_hidden_at_once_and_comes_back(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "hide")
    assert (await scene.message(said)).state == "hidden"
    assert await scene.kinds() == ["hidden"]
    scene.house.told.clear()

    await scene.undo(scene.fern, case)

    sent = [a.frame for a in scene.house.told if isinstance(a, ToRoom)]
    assert [(f.change, f.text) for f in sent if isinstance(f, frames.Changed)] == [
        ("shown", "rough words")
    ]
    assert (await scene.message(said)).state == "published"
    taken_back, first = await scene.told()
    assert (taken_back.kind, first.appeal_until) == ("taken_back", None)
    assert (await scene.look(scene.fern, case)).subject.past_sanctions == 0


@pytest.mark.parametrize("action", ["pause", "remove_member", "hide", "warn", "dismiss"])
async def test_everything_is_as_it_was(scene: Scene, action: str):
    said = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, said, kind=CaseKind.HELD)
    before = (await scene.seat(), await scene.message(said), await scene.row(case.id))

    await scene.decide(scene.fern, case, action, minutes=600)
    await scene.undo(scene.fern, case)

    seat, message, row = await scene.seat(), await scene.message(said), await scene.row(case.id)
    assert (seat.seat, seat.left_at, seat.removed_at, seat.paused_until) == (
        before[0].seat, None, None, None,
    )  # fmt: skip
    assert (message.state, message.seq) == (before[1].state, before[1].seq)
    same = ("state", "open_key", "urgency", "due_at", "handling", "first_human_at", "closed_at")
    assert {name: getattr(row, name) for name in same} == {
        name: getattr(before[2], name) for name in same
    }


async def test_a_pause_from_before_is_not_lost(scene: Scene):
    first = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, first, "pause", minutes=600, undoable=False)
    earlier = (await scene.seat()).paused_until
    second = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, second, "pause", minutes=60)

    await scene.undo(scene.fern, second)

    assert (await scene.seat()).paused_until == earlier is not None


async def test_it_is_too_late_after_half_a_minute(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    scene.house.clock.move(seconds=30)

    with pytest.raises(NotNow):
        await scene.undo(scene.fern, case)
    assert (await scene.look(scene.fern, case)).desk.undo is None


async def test_only_whoever_decided_takes_it_back(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")

    assert (await scene.look(scene.still, case)).desk.undo is None
    with pytest.raises(NotNow):
        await scene.undo(scene.still, case)
    with pytest.raises(NotFound):
        await scene.undo(scene.marram, case)
    await scene.undo(scene.fern, case)
    with pytest.raises(NotNow):
        await scene.undo(scene.fern, case)


async def test_it_is_not_taken_back_over_what_another_decided_since(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    lower = await scene.urgency(scene.fern, case, "soon", undoable=True)
    await scene.decide(scene.still, lower.line, "warn")

    with pytest.raises(NotNow):
        await scene.undo(scene.fern, case)


async def test_undoing_and_the_end_of_the_time_never_both_happen(any_house: House):
    scene = await Scene(any_house).prepare()
    for _ in range(5):
        case = await any_house.case(scene.room, scene.marram)
        told = len(await scene.told())
        await scene.decide(scene.fern, case, "care_note", words=WORDS)
        any_house.clock.move(seconds=29.9)

        async def undo(case: Case = case) -> bool:
            try:
                await scene.undo(scene.fern, case)
            except NotNow:
                return False
            return True

        undone, _ = await asyncio.gather(undo(), scene.wait(0.2))
        await scene.wait(1)
        assert len(await scene.told()) - told == (0 if undone else 1)


async def test_two_decisions_and_one_undo_leave_one_decision(any_house: House):
    scene = await Scene(any_house).prepare()
    case = await any_house.case(scene.room, scene.marram)
    answers = await asyncio.gather(
        scene.decide(scene.fern, case, "warn"),
        scene.decide(scene.still, case, "care_note"),
        return_exceptions=True,
    )
    assert sorted(type(answer) is Stale for answer in answers) == [False, True]
    winner = scene.fern if not isinstance(answers[0], Exception) else scene.still

    back = await scene.undo(winner, case)
    await scene.decide(winner, back.line, "dismiss")

    standing = [one.action for one in (await scene.look(winner, case)).decisions if not one.undone]
    assert standing == ["undo", "dismiss"]


@pytest.mark.embedded("it opens that database's file again")
async def test_it_survives_a_stop_of_the_server(scene: Scene, tmp_path: Path):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "care_note", words=WORDS)
    await scene.house.database.close()
    key_file = KeyFile.read(tmp_path / "hearth.key")
    sealer = Sealer(key_file, KeyStore(tmp_path / "keys.sqlite3", key_file))
    path = tmp_path / "hearth.sqlite3"
    scene.house.database = SqliteDatabase(path, sealer, scene.house.clock, scene.house.told.extend)

    assert await scene.told() == []
    await scene.wait(1_800)  # what fell due while nothing ran is done at once

    assert [(notice.kind, notice.words) for notice in await scene.told()] == [("care_note", WORDS)]


async def test_a_held_message_is_published_only_after_the_half_minute(scene: Scene):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)
    await scene.decide(scene.fern, case, "dismiss")
    assert (await scene.message(held)).state == "held"

    await scene.wait()

    assert (await scene.message(held)).state == "published"
    assert await scene.kinds() == ["published"]


async def test_who_asked_for_a_look_is_told_when_it_stands(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    wren = await scene.house.join("wren")
    case = await scene.house.case(scene.room, scene.marram, said, kind=CaseKind.FLAG)
    await scene.house.do(
        lambda work: cases.raise_case(
            work, room_id=scene.room, subject_id=scene.marram.id, message_id=said.id,
            kind=CaseKind.FLAG, urgency=Urgency.ROUTINE, handling=None, about=None,
            language=None, policy="1", source="member", reasons=["unkind"], words=[], spans=[],
            by=wren.id,
        )
    )  # fmt: skip
    row = await scene.row(case.id)
    await scene.decide(scene.fern, row, "warn")
    assert await scene.told(wren) == []
    await scene.wait()
    assert [notice.kind for notice in await scene.told(wren)] == ["flag_answered"]


async def test_an_appeal_against_what_is_taken_back_is_answered(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "pause", minutes=600)
    [paused] = await scene.told()
    await scene.house.do(
        lambda work: appeals.appeal(work, scene.marram, paused.id, "Please look again.")
    )

    await scene.undo(scene.fern, case)

    waiting = await scene.house.do(
        lambda work: queue.read_queue(work, scene.still, Wanted(kind="appeal"))
    )
    assert waiting.cases == []
    assert [n.appeal for n in await scene.told() if n.kind == "pause"] == ["overturned"]


async def test_whoever_is_reached_out_to_or_sent_help_lines_waits_for_nothing(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)

    shared = await scene.decide(scene.fern, case, "share_resources", words="Please call them.")
    reached = await scene.decide(scene.fern, shared.line, "reach_out", words="I am here.")

    assert await scene.kinds() == ["reach_out", "resources"]
    assert reached.desk.undo is None
    resources = (await scene.told())[1].words
    assert resources.startswith("Please call them.")
    assert "112" in resources, "the emergency number of their country"


async def test_after_an_undo_the_calling_goes_on(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    scene.house.clock.move(minutes=4, seconds=50)
    await scene.decide(scene.fern, case, "dismiss")
    await scene.wait(15)  # the first rung falls due, and finds a closed case

    back = await scene.undo(scene.fern, case)

    assert not back.line.seen_by_a_person
    rungs = await scene.house.do(partial(timers.of_case, case_id=case.id, kind=timers.RUNG))
    assert [rung.done_at for rung in rungs] == [None, None, None]
    looks = await scene.house.do(partial(timers.of_case, case_id=case.id, kind=timers.LOOK_AGAIN))
    assert list(looks) == []
    await scene.decide(scene.fern, back.line, "dismiss")
    await scene.wait()
    looks = await scene.house.do(partial(timers.of_case, case_id=case.id, kind=timers.LOOK_AGAIN))
    assert len(looks) == 2


async def test_a_case_that_opened_anew_meanwhile_stands_beside(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "warn")
    newer = await scene.house.case(scene.room, scene.marram, said)

    back = await scene.undo(scene.fern, case)

    assert newer.id != case.id
    assert back.line.state == "open"
    assert (await scene.row(newer.id)).open_key == f"message:{said.id}"


async def test_a_clinician_who_takes_it_back_is_waited_for_again(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    after = await scene.decide(scene.fern, case, "escalate", undoable=False)
    await scene.decide(scene.linden, after.line, "care_note")
    assert not (await scene.row(case.id)).awaits_clinician

    await scene.undo(scene.linden, case)

    assert (await scene.row(case.id)).awaits_clinician


async def test_it_is_written_down(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    await scene.undo(scene.fern, case)
    newest = await scene.house.do(audit.head)
    assert newest is not None
    assert (newest.verb, newest.actor, newest.subject) == ("case.undo", scene.fern.id, str(case.id))


ACTS = ["hide", "pause", "remove_member", "warn", "care_note", "dismiss", "urgency"]


async def _do(scene: Scene, act: str, case: Any) -> None:
    if act == "urgency":
        other = "soon" if case.urgency != "soon" else "routine"
        await scene.urgency(scene.fern, case, other, undoable=True)
    else:
        await scene.decide(scene.fern, case, act, minutes=60)


@pytest.mark.parametrize("acts", [ACTS, ACTS[::-1], ["hide", "urgency", "pause", "hide"]])
async def test_a_row_of_acts_each_taken_back_leaves_no_trace_on_the_member(
    scene: Scene, acts: list[str]
):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    seat = await scene.seat()
    for act in acts:
        row = await scene.row(case.id)
        await _do(scene, act, row)
        await scene.undo(scene.fern, case)
    await scene.wait(100)

    after, message = await scene.seat(), await scene.message(said)
    assert (after.seat, after.left_at, after.removed_at, after.paused_until) == (
        seat.seat, None, None, None,
    )  # fmt: skip
    assert message.state == "published"
    assert (await scene.row(case.id)).urgency == "now"
    assert set(await scene.kinds()) <= {"hidden", "pause", "removed", "taken_back"}
    assert len(await scene.undone(case)) == len(acts)
