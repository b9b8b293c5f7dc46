"""Decisions: one per version, carried out, told, audited; appeals are judged by another person."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from moderation.cases import CaseKind
from server.access import Actor, Role
from server.errors import AppealClosed, Claimed, NotAllowed, NotFound, NotNow, Stale
from server.protocol import bodies, frames
from server.services import appeals, case_view, cases, decisions, notices, publishing, queue
from server.store import audit, messages, rooms
from server.store import cases as stored
from server.store.tables import Case, Membership, Message
from server.store.work import SeatEnded, ToRoom, Work
from tests.server.store_fixture import House

REASON = "It was aimed at a person."


class Scene:
    """A room with a peer, two moderators and a clinician."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def set(self) -> "Scene":
        join = self.house.join
        self.marram = await join("marram")
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.still = await join("stillwater", Role.MODERATOR)
        self.linden = await join("linden", Role.CLINICIAN)
        self.room = await self.house.room(
            "Low days",
            (self.marram, "host"),
            (self.fern, "moderator"),
            (self.still, "moderator"),
            (self.linden, "clinician"),
        )
        return self

    async def decide(
        self, actor: Actor, case: Case | bodies.CaseLine, action: Any, **more: Any
    ) -> bodies.Case:
        asked = bodies.NewDecision(
            action=action, version=case.version, reason=more.pop("reason", REASON), **more
        )
        return await self.house.do(lambda work: decisions.decide(work, actor, case.id, asked))

    async def look(self, actor: Actor, case_id: UUID) -> bodies.Case:
        return await self.house.do(lambda work: case_view.read_case(work, actor, case_id))

    async def seat(self) -> Membership | None:
        return await self.house.do(
            lambda work: rooms.find_any_seat(work, self.room, self.marram.id)
        )

    async def told(self) -> list[frames.Notice]:
        mine = await self.house.do(lambda work: notices.list_mine(work, self.marram))
        return mine.notices

    async def appeal(self, notice: frames.Notice) -> Case:
        await self.house.do(
            lambda work: appeals.appeal(work, self.marram, notice.id, "Please look again.")
        )

        def find(work: Work) -> Case:
            found = stored.find_by_key(work, f"appeal:{notice.id}")
            assert found is not None
            return found

        return await self.house.do(find)

    async def state(self, message: Message) -> str:
        found = await self.house.do(lambda work: messages.by_id(work, [message.id]))
        return found[message.id].state


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).set()


async def test_two_moderators_cannot_decide_the_same_case(any_house: House):
    scene = await Scene(any_house).set()
    said = await any_house.say(scene.room, scene.marram, "you are all the same")
    case = await any_house.case(scene.room, scene.marram, said)

    async def decide(actor: Actor, action: str) -> str:
        try:
            await scene.decide(actor, case, action)
        except (Stale, Claimed) as refusal:
            return refusal.code
        return "done"

    answers = await asyncio.gather(
        *(decide(actor, act) for actor, act in [(scene.fern, "hide"), (scene.still, "warn")] * 3)
    )

    seen = await scene.look(scene.still, case.id)
    assert sorted(answers) == ["done", *["stale"] * 5]
    assert len(seen.decisions) == 1
    assert len(await scene.told()) == 1


async def test_a_case_that_another_holds_is_not_decided(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    held = await scene.house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))

    with pytest.raises(Claimed):
        await scene.decide(scene.still, held, "dismiss")
    with pytest.raises(Stale):
        await scene.decide(scene.fern, case, "dismiss")
    done = await scene.decide(scene.fern, held, "dismiss")

    assert done.line.state == "closed"
    assert done.allowed == []


async def test_whoever_comes_too_late_is_told_who_decided_what(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "care_note")

    with pytest.raises(Stale) as late:
        await scene.decide(scene.still, case, "warn")
    with pytest.raises(Stale) as again:
        await scene.decide(scene.fern, case, "care_note")

    assert late.value.detail.startswith("fernhollow decided on this meanwhile: care_note.")
    assert again.value.detail.startswith("You decided on this meanwhile: care_note.")


async def test_a_hidden_message_never_reaches_a_peer_again(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    scene.house.told.clear()

    await scene.decide(scene.fern, case, "hide")

    sent = [a.frame for a in scene.house.told if isinstance(a, ToRoom)]
    [change] = [frame for frame in sent if isinstance(frame, frames.Changed)]
    [notice] = await scene.told()
    assert (change.change, change.text) == ("hidden", None)
    assert await scene.state(said) == "hidden"
    assert (notice.kind, notice.words, notice.by) == ("hidden", REASON, "moderator")
    assert notice.appeal_until is not None
    assert "fernhollow" not in notice.model_dump_json()


async def test_dismissing_a_held_message_publishes_it(scene: Scene):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)
    scene.house.told.clear()

    await scene.decide(scene.fern, case, "dismiss")

    [shown] = [a.frame for a in scene.house.told if isinstance(a, ToRoom)]
    assert isinstance(shown, frames.Message)
    assert (shown.id, shown.text) == (held.id, "strong words")
    assert [notice.kind for notice in await scene.told()] == ["published"]


async def test_a_held_message_is_not_forgotten_when_its_case_closes_otherwise(scene: Scene):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)

    with pytest.raises(NotNow):
        await scene.decide(scene.fern, case, "care_note")
    await scene.decide(scene.fern, case, "warn")

    assert await scene.state(held) == "hidden"


async def test_the_case_shows_what_was_said_around_it_and_the_look_is_audited(scene: Scene):
    for n in range(10):
        await scene.house.say(scene.room, scene.fern, f"before {n}")
        scene.house.clock.move(seconds=1)
    held = await scene.house.hold(scene.room, scene.marram, "the held words")
    for n in range(10):
        scene.house.clock.move(seconds=1)
        await scene.house.say(scene.room, scene.fern, f"after {n}")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)

    seen = await scene.look(scene.still, case.id)

    texts = [message.text for message in seen.messages]
    assert texts == [
        *(f"before {n}" for n in range(2, 10)),
        "the held words",
        *(f"after {n}" for n in range(8)),
    ]
    assert [message.state for message in seen.messages if message.subject] == ["held"]
    assert seen.flags[0].spans == [frames.Marked(start=0, end=4, signal="risk")]
    newest = await scene.house.do(audit.head)
    assert newest is not None
    assert (newest.verb, newest.subject, newest.actor) == (
        "case.read",
        str(case.id),
        scene.still.id,
    )


async def test_a_refused_post_is_read_inside_its_case(scene: Scene):
    case = await scene.house.case(
        scene.room, scene.marram, kind=CaseKind.LINE, refused_text="I have the pills"
    )

    seen = await scene.look(scene.fern, case.id)

    [refused] = [message for message in seen.messages if message.subject]
    assert (refused.state, refused.text) == ("refused", "I have the pills")
    assert "hide" not in seen.allowed


async def test_a_pause_has_an_end_and_can_be_appealed(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)

    await scene.decide(scene.fern, case, "pause", minutes=60)

    seat, [notice] = await scene.seat(), await scene.told()
    assert seat is not None
    assert seat.paused_until == notice.until == scene.house.clock.now().replace(hour=10)


async def test_a_removed_member_hears_no_more_and_does_not_come_back_alone(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)

    await scene.decide(scene.fern, case, "remove_member")

    seat = await scene.seat()
    ended = [a for a in scene.house.told if isinstance(a, SeatEnded)]
    head = await scene.house.do(lambda work: rooms.get_head(work, scene.room))
    assert seat is not None
    assert (seat.left_at, seat.removed_at) == (scene.house.clock.now(),) * 2
    assert ended == [SeatEnded(scene.room, scene.marram.id, "removed")]
    assert head.members == 3


async def test_reaching_out_opens_a_conversation_and_stops_the_clock(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot do this any more")
    case = await scene.house.case(scene.room, scene.marram, said)

    after = await scene.decide(scene.fern, case, "reach_out", words="I read you. I am here.")

    seats = await scene.house.do(lambda work: rooms.seats_of(work, scene.marram.id))
    assert after.conversation in seats
    assert (after.line.state, after.line.seen_by_a_person) == ("open", True)
    assert after.line.claimed_by_me
    spoken = [
        a.frame for a in scene.house.told if isinstance(a, ToRoom) and a.room == after.conversation
    ]
    assert "I read you. I am here." in [f.text for f in spoken if isinstance(f, frames.Message)]
    [notice] = await scene.told()
    assert (notice.kind, notice.conversation) == ("reach_out", after.conversation)


async def test_a_claim_is_no_human_act_but_a_word_in_the_conversation_is(scene: Scene):
    line = await scene.house.room("A line", (scene.marram, "member"), (scene.fern, "moderator"))
    case = await scene.house.case(
        scene.room, scene.marram, kind=CaseKind.LINE, conversation_id=line
    )
    claimed = await scene.house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))
    assert not claimed.seen_by_a_person

    def speak(work: Work, actor: Actor) -> None:
        publishing.say(work, line, actor.id, "words")
        cases.note_word_in(work, line, actor.id)

    await scene.house.do(lambda work: speak(work, scene.marram))
    assert not (await scene.look(scene.fern, case.id)).line.seen_by_a_person
    await scene.house.do(lambda work: speak(work, scene.fern))
    assert (await scene.look(scene.fern, case.id)).line.seen_by_a_person


async def test_an_escalated_case_reaches_the_clinician_and_stays_theirs_when_closed(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "words")
    case = await scene.house.case(scene.room, scene.marram, said, kind=CaseKind.HARM)
    await scene.house.do(lambda work: _calm(work, case))
    with pytest.raises(NotFound):
        await scene.look(scene.linden, case.id)

    await scene.decide(scene.fern, case, "escalate")
    seen = await scene.look(scene.linden, case.id)
    await scene.decide(scene.linden, seen.line, "care_note", words="Be gentle with yourself.")

    assert (await scene.look(scene.linden, case.id)).line.state == "closed"
    [notice] = await scene.told()
    assert (notice.words, notice.by) == ("Be gentle with yourself.", "clinician")


def _calm(work: Work, case: Case) -> None:
    found = stored.find_locked(work, case.id)
    assert found is not None
    found.urgency, found.urgency_rank = "routine", 1
    work.session.add(found)


async def test_an_appeal_is_judged_by_another_person(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "misread words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "hide")
    [hidden] = await scene.told()

    asked = await scene.appeal(hidden)

    assert (await scene.look(scene.fern, asked.id)).allowed == ["escalate"]
    with pytest.raises(NotAllowed):
        await scene.decide(scene.fern, asked, "uphold")
    seen = await scene.look(scene.still, asked.id)
    assert seen.appeal_words == "Please look again."
    await scene.decide(scene.still, seen.line, "overturn", reason="It was a quotation.")

    assert await scene.state(said) == "published"
    answer, first = await scene.told()
    assert (answer.kind, answer.words) == ("appeal", "It was a quotation.")
    assert first.appeal == "overturned"
    assert (await scene.look(scene.still, case.id)).subject.past_sanctions == 0


async def test_a_sanction_is_not_held_against_anybody_for_ever(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "warn")
    scene.house.clock.move(days=90)
    assert (await scene.look(scene.still, case.id)).subject.past_sanctions == 1
    scene.house.clock.move(seconds=1)
    assert (await scene.look(scene.still, case.id)).subject.past_sanctions == 0


async def test_the_next_case_is_never_an_appeal_against_oneself(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "misread words")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, case, "hide")
    asked = await scene.appeal((await scene.told())[0])

    nothing = await scene.house.do(lambda work: queue.next_case(work, scene.fern))
    something = await scene.house.do(lambda work: queue.next_case(work, scene.still))

    assert (nothing.case, something.case) == (None, asked.id)


async def test_a_hold_can_be_appealed_at_once(scene: Scene):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)
    notice = await scene.house.do(lambda work: _tell_held(work, scene, held))

    asked = await scene.appeal(notice)
    await scene.decide(scene.still, asked, "overturn")

    assert await scene.state(held) == "published"
    assert (await scene.look(scene.fern, case.id)).line.state == "closed"


async def test_publishing_a_held_message_answers_its_appeal(scene: Scene):
    held = await scene.house.hold(scene.room, scene.marram, "strong words")
    case = await scene.house.case(scene.room, scene.marram, held, kind=CaseKind.HELD)
    notice = await scene.house.do(lambda work: _tell_held(work, scene, held))
    asked = await scene.appeal(notice)

    await scene.decide(scene.fern, case, "dismiss")

    assert (await scene.look(scene.still, asked.id)).line.state == "closed"
    assert [n.appeal for n in await scene.told() if n.kind == "held"] == ["overturned"]


def _tell_held(work: Work, scene: Scene, held: Message) -> frames.Notice:
    return notices.tell(
        work, member_id=scene.marram.id, kind="held", code="held", words=None, by_role="machine",
        automated=True, room_id=scene.room, message_id=held.id, appealable=True,
    )  # fmt: skip


@pytest.mark.parametrize("action", ["pause", "remove_member"])
async def test_an_overturned_sanction_is_undone_in_full(scene: Scene, action: str):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, action, minutes=600)
    asked = await scene.appeal((await scene.told())[0])

    await scene.decide(scene.still, asked, "overturn")

    seat = await scene.seat()
    assert seat is not None
    assert (seat.paused_until, seat.left_at, seat.removed_at) == (None, None, None)
    assert seat.seat == "host"


async def test_a_changed_removal_becomes_a_pause(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "remove_member")
    asked = await scene.appeal((await scene.told())[0])

    await scene.decide(scene.still, asked, "change", minutes=60)

    seat = await scene.seat()
    assert seat is not None
    assert seat.left_at is None
    assert seat.paused_until is not None
    assert (await scene.told())[1].appeal == "changed"


async def test_what_cannot_be_appealed_is_refused_and_nothing_twice(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    [warning] = await scene.told()
    await scene.appeal(warning)
    with pytest.raises(AppealClosed):
        await scene.appeal(warning)

    other = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, other, "care_note")
    note = next(notice for notice in await scene.told() if notice.kind == "care_note")
    with pytest.raises(AppealClosed):
        await scene.appeal(note)
    with pytest.raises(NotFound):
        await scene.house.do(lambda work: appeals.appeal(work, scene.fern, warning.id, "Mine?"))


async def test_an_appeal_comes_too_late_after_thirty_days(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    scene.house.clock.move(days=30, seconds=1)
    with pytest.raises(AppealClosed):
        await scene.appeal((await scene.told())[0])


async def test_a_failed_decision_leaves_nothing_behind(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    scene.house.told.clear()

    with pytest.raises(Exception, match="malformed"):
        await scene.decide(scene.fern, case, "pause")

    seen = await scene.look(scene.fern, case.id)
    assert (seen.decisions, seen.line.version, scene.house.told) == ([], 1, [])
