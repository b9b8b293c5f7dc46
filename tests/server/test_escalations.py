"""A case goes up to the clinicians as a conversation, with what was chosen, and comes back with an outcome."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import BadFrame, Conflict, NotFound, NotNow, Stale
from server.ids import new_id
from server.protocol import escalations as wire
from server.services import escalations, receipts, rooms, seats
from server.store import rooms as stored_rooms
from server.store.tables import Audit, Escalation, Message
from server.store.work import Work
from tests.server.desk_scene import Scene
from tests.server.store_fixture import House

NOTE = "She names a plan; I have written to her and she does not answer."


class Up:
    """Low days, a case that Fern handed up, and what can be done with it."""

    def __init__(self, scene: Scene, case: Any) -> None:
        self.scene, self.house, self.case = scene, scene.house, case

    async def read(self, actor: Actor) -> wire.Escalation:
        return await self.house.do(lambda work: escalations.read(work, actor, self.case.id))

    async def say(self, actor: Actor, text: str, client_id: UUID | None = None) -> wire.Escalation:
        word = wire.NewEscalationWord(client_id=client_id or new_id(), text=text)
        return await self.house.do(lambda work: escalations.say(work, actor, self.case.id, word))

    async def answer(
        self, actor: Actor, outcome: Any, note: str | None = None, *, version: int | None = None
    ) -> wire.Escalation:
        row = await self.scene.row(self.case.id)
        new = wire.NewOutcome(version=version or row.version, outcome=outcome, note=note)
        return await self.house.do(lambda work: escalations.answer(work, actor, self.case.id, new))

    async def standing(self, actor: Actor) -> list[wire.EscalationLine]:
        return (
            await self.house.do(lambda work: escalations.list_standing(work, actor))
        ).escalations

    async def audited(self) -> list[str]:
        def verb(work: Work) -> list[str]:
            query = select(Audit.verb).where(Audit.subject == str(self.case.id))
            return list(work.session.exec(query.order_by(col(Audit.number))))

        return await self.house.do(verb)


async def handed_up(house: House, *, shared: list[UUID] | None = None, **case: Any) -> Up:
    scene = await Scene(house).prepare()
    await house.say(scene.room, scene.still, "What came before.")
    message = await house.say(scene.room, scene.marram, "What it is about.")
    await house.say(scene.room, scene.still, "What came after.")
    raised = await house.case(scene.room, scene.marram, message, **case)
    up = Up(scene, raised)
    await scene.decide(scene.fern, raised, "escalate", reason=NOTE, shared=shared, undoable=False)
    return up


async def test_it_goes_up_with_the_message_and_the_note_and_comes_back_with_an_outcome(
    any_house: House,
):
    up = await handed_up(any_house)
    scene = up.scene
    [line] = await up.standing(scene.linden)
    assert (line.case, line.awaits, line.by, line.outcome) == (
        up.case.id, True, "fernhollow", None,
    )  # fmt: skip

    seen = await up.read(scene.linden)
    assert [one.text for one in seen.shared] == ["What it is about."], "and nothing around it"
    assert (seen.note, seen.subject, seen.may_answer) == (NOTE, "marram", True)

    after = await up.say(scene.linden, "I am calling her.")
    assert not after.awaits, "a clinician has come: nobody else is called"
    assert [one.kind for one in await scene.told(scene.fern)] == ["called"]
    assert [word.text for word in (await up.read(scene.fern)).words] == ["I am calling her."]
    assert not (await up.read(scene.fern)).may_answer

    done = await up.answer(scene.linden, "reached_them", "She is with her sister.")
    assert (done.state, done.outcomes[0].note) == ("closed", "She is with her sister.")
    case = await scene.look(scene.fern, up.case)
    assert case.line.answered == "reached_them"
    assert [(one.action, one.by, one.reason) for one in case.decisions][-1] == (
        "reached_them", "linden", "She is with her sister.",
    )  # fmt: skip
    assert await up.standing(scene.linden) == []
    assert await up.audited() == [
        "case.escalate", "escalation.read", "escalation.say", "escalation.read",
        "escalation.read", "escalation.reached_them", "case.read",
    ]  # fmt: skip
    [receipt] = (await any_house.do(lambda work: receipts.list_mine(work, scene.marram))).receipts
    assert (receipt.scope, receipt.by, receipt.looks) == ("case", "clinician", 1)
    told = await scene.told(scene.marram)
    assert all("sister" not in one.words and NOTE not in one.words for one in told)


@pytest.mark.parametrize(("reason", "looks"), [("flag_worried", 1), ("flag_unkind", 0)])
async def test_a_look_at_what_was_reported_out_of_worry_leaves_a_receipt(
    house: House, reason: str, looks: int
):
    up = await handed_up(house, kind=CaseKind.FLAG, reasons=[reason])
    await up.read(up.scene.linden)
    shown = await house.do(lambda work: receipts.list_mine(work, up.scene.marram))
    assert [one.scope for one in shown.receipts] == ["case"] * looks


async def test_nobody_else_learns_of_it(any_house: House):
    house = any_house
    up = await handed_up(house)
    scene = up.scene
    elsewhere = await house.join("bracken", Role.CLINICIAN)
    await house.room("Another group", (elsewhere, "clinician"))
    stranger = await house.join("outsider", Role.MODERATOR)

    assert await up.standing(elsewhere) == []
    for actor in (elsewhere, stranger, scene.marram, scene.keeper):
        with pytest.raises(NotFound):
            await up.read(actor)
        with pytest.raises(NotFound):
            await up.say(actor, "Let me in.")
        with pytest.raises(NotFound):
            await up.answer(actor, "keep_an_eye")
    with pytest.raises(NotFound):
        await up.answer(scene.fern, "keep_an_eye")  # a moderator asks, and does not answer
    row = await house.do(lambda work: work.session.exec(select(Escalation)).one())
    for actor in (scene.fern, scene.linden, scene.marram):
        with pytest.raises(NotFound):
            await house.do(partial(rooms.get_room, actor=actor, room_id=row.room_id, here={}))
        listed = await house.do(partial(rooms.list_rooms, actor=actor, here={}))
        assert row.room_id not in {room.id for room in listed.rooms}


async def test_a_clinician_whose_seat_ended_reads_it_no_more(any_house: House):
    up = await handed_up(any_house)
    linden = up.scene.linden
    await up.read(linden)

    def leave(work: Work) -> None:
        seat = stored_rooms.find_seat(work, up.scene.room, linden.id)
        assert seat is not None
        seats.end_seat(work, seat)

    await any_house.do(leave)
    assert await up.standing(linden) == []
    with pytest.raises(NotFound):
        await up.read(linden)


async def test_it_keeps_calling_until_a_clinician_acts_and_again_when_handed_up_again(
    any_house: House,
):
    up = await handed_up(any_house)
    scene = up.scene
    await up.say(scene.fern, "One thing more: she has a dog.")
    assert (await up.read(scene.linden)).awaits, "a moderator's word is not what was waited for"
    await scene.wait(6 * 60)
    assert "called" in [one.kind for one in await scene.told(scene.linden)]

    back = await up.answer(scene.linden, "please_look", "Is she in the room now?")
    assert (back.state, back.awaits) == ("open", False)
    row = await scene.row(up.case.id)
    assert row.due_at > any_house.clock.now()
    assert (await scene.look(scene.fern, row)).line.answered == "please_look"

    calls = len(await scene.told(scene.linden))
    await scene.decide(scene.fern, row, "escalate", reason="She is not.", undoable=False)
    assert [line.outcome for line in await up.standing(scene.linden)] == [None]
    assert len((await up.read(scene.linden)).words) == 1, "one conversation for one case"
    await scene.wait(6 * 60)
    assert len(await scene.told(scene.linden)) > calls, "called again"


async def test_an_eye_is_kept_on_it_by_the_clinicians(house: House):
    up = await handed_up(house)
    kept = await up.answer(up.scene.linden, "keep_an_eye")
    assert (kept.state, kept.awaits, kept.outcomes[0].note) == ("escalated", False, None)
    [line] = await up.standing(up.scene.linden)
    assert line.outcome == "keep_an_eye"
    done = await up.answer(up.scene.linden, "nothing_further")
    assert [one.outcome for one in done.outcomes] == ["keep_an_eye", "nothing_further"]
    with pytest.raises(NotNow):
        await up.answer(up.scene.linden, "reached_them")
    with pytest.raises(NotNow):
        await up.say(up.scene.fern, "Thank you.")


async def test_a_held_message_is_never_forgotten_by_an_outcome(house: House):
    scene = await Scene(house).prepare()
    message = await house.hold(scene.room, scene.marram, "Held words.")
    case = await house.case(scene.room, scene.marram, message, kind=CaseKind.HELD)
    up = Up(scene, case)
    await scene.decide(scene.fern, case, "escalate", undoable=False)
    done = await up.answer(scene.linden, "nothing_further")
    assert done.state == "open", "somebody still decides whether the room reads it"
    assert (await scene.message(message)).state == "held"


async def test_exactly_what_was_ticked_is_shown(house: House):
    scene = await Scene(house).prepare()
    before = await house.say(scene.room, scene.still, "What came before.")
    about = await house.say(scene.room, scene.marram, "What it is about.")
    foreign = await house.say(scene.elsewhere, scene.still, "Said in another room.")
    case = await house.case(scene.room, scene.marram, about)
    with pytest.raises(BadFrame):
        await scene.decide(scene.fern, case, "escalate", shared=[foreign.id], undoable=False)
    assert (await scene.row(case.id)).state == "open", "nothing of it happened"
    await scene.decide(scene.fern, case, "escalate", shared=[before.id], undoable=False)
    seen = await Up(scene, case).read(scene.linden)
    assert [one.text for one in seen.shared] == ["What came before."]


async def test_nothing_is_shown_where_nothing_was_ticked(house: House):
    up = await handed_up(house, shared=[])
    assert (await up.read(up.scene.linden)).shared == []


async def test_a_word_said_twice_stands_once_and_is_sealed(any_house: House):
    up = await handed_up(any_house)
    once = new_id()
    await up.say(up.scene.fern, "She has a dog.", once)
    await up.say(up.scene.fern, "She has a dog.", once)
    assert len((await up.read(up.scene.linden)).words) == 1
    with pytest.raises(Conflict):
        await up.say(up.scene.fern, "She has a cat.", once)

    def rows(work: Work) -> list[bytes | None]:
        return list(work.session.exec(select(Message.sealed)))

    sealed = await any_house.do(rows)
    assert all(b"dog" not in (words or b"") for words in sealed)
    assert all("dog" not in repr(told) for told in any_house.told if "Queue" in repr(told))


async def test_two_clinicians_do_not_answer_over_each_other(house: House):
    up = await handed_up(house, urgency=Urgency.SOON)
    read = await up.read(up.scene.linden)
    await up.answer(up.scene.linden, "keep_an_eye")
    with pytest.raises(Stale):
        await up.answer(up.scene.linden, "nothing_further", version=read.version)
