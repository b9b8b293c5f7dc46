"""Calling: each rung once, in its time, for those who may see the case; and later looks at a person."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.api.background import do_what_is_due
from server.errors import NotAllowed, NotFound, NotNow
from server.ids import new_token
from server.protocol import bodies, frames
from server.services import (
    appeals,
    calling,
    case_view,
    cases,
    decisions,
    notices,
    publishing,
    queue,
)
from server.services import timers as planning
from server.store import place, rooms, timers
from server.store.queue import Wanted
from server.store.tables import Case, Notice, Session, Timer
from server.store.work import ShiftChanged, Work
from tests.server.store_fixture import House


class Scene:
    """A room with a peer, a moderator on shift, a clinician, and a moderator who is on call."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def set(self) -> "Scene":
        join = self.house.join
        self.marram = await join("marram")
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.still = await join("stillwater", Role.MODERATOR)
        self.linden = await join("linden", Role.CLINICIAN)
        self.keeper = await join("hearthkeeper", Role.STEWARD)
        self.room = await self.house.room(
            "Low days",
            (self.marram, "member"),
            (self.fern, "moderator"),
            (self.still, "moderator"),
            (self.linden, "clinician"),
        )
        await self.log_in(self.fern)
        await self.house.do(lambda work: queue.change_shift(work, self.fern, on=True))
        await self.set_calling(on_call=[self.still.id])
        return self

    async def log_in(self, actor: Actor, **life: float) -> UUID:
        def verb(work: Work) -> UUID:
            session = Session(
                member_id=actor.id, token_digest=new_token().encode(), created_at=work.now,
                last_seen_at=work.now, expires_at=work.now + timedelta(**(life or {"days": 90})),
            )  # fmt: skip
            work.session.add(session)
            return session.id

        return await self.house.do(verb)

    async def set_calling(self, **patch: Any) -> bodies.Calling:
        asked = bodies.CallingPatch(**patch)
        return await self.house.do(
            lambda work: calling.change_calling(work, self.keeper, asked, has_command=True)
        )

    async def pass_time(self, *, has_command: bool = True, **by: float) -> int:
        """The clock moves, and the loop looks once."""
        self.house.clock.move(**by)
        return await do_what_is_due(self.house.database, has_command=has_command)

    async def told(self, actor: Actor, kind: str) -> list[str]:
        """The codes of the notices of this kind, oldest first."""

        def verb(work: Work) -> list[str]:
            query = select(Notice.code).where(Notice.member_id == actor.id, Notice.kind == kind)
            return list(work.session.exec(query.order_by(col(Notice.at), col(Notice.id))))

        return await self.house.do(verb)

    async def decide(self, actor: Actor, case_id: UUID, action: Any, **more: Any) -> bodies.Case:
        def verb(work: Work) -> bodies.Case:
            known = work.session.get(Case, case_id)
            assert known is not None
            asked = bodies.NewDecision(
                action=action, version=known.version, reason="Seen to.", **more
            )
            return decisions.decide(work, actor, case_id, asked)

        return await self.house.do(verb)

    async def open_cases(self) -> list[Case]:
        def verb(work: Work) -> list[Case]:
            query = select(Case).where(col(Case.open_key).is_not(None))
            return list(work.session.exec(query.order_by(col(Case.opened_at))))

        return await self.house.do(verb)

    def alerts(self, case: Case) -> int:
        return sum(frame.alert and frame.case == case.id for frame in self.house.staff())


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).set()


async def test_each_rung_calls_more_people_once(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    assert scene.alerts(case) == 1

    assert await scene.pass_time(minutes=4, seconds=59) == 0
    assert await scene.pass_time(seconds=1) == 1
    assert (await scene.told(scene.fern, "called"), scene.alerts(case)) == (["again"], 2)
    assert await scene.pass_time() == 0
    await scene.pass_time(minutes=5)
    assert await scene.told(scene.linden, "called") == ["clinicians"]
    assert await scene.told(scene.still, "called") == []
    await scene.pass_time(minutes=5)
    assert await scene.told(scene.still, "called") == ["on_call"]
    assert scene.alerts(case) == 4
    assert await scene.told(scene.fern, "called") == ["again"]
    for repeated in (5, 6, 7):
        await scene.pass_time(minutes=15)
        assert scene.alerts(case) == repeated
    assert await scene.told(scene.still, "called") == ["on_call"], "one notice is enough"


async def test_at_the_end_of_the_ladder_the_author_is_told_honestly(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot go on")
    await scene.house.case(scene.room, scene.marram, said)
    await scene.pass_time(minutes=14)
    assert await scene.told(scene.marram, "nobody_yet") == []

    await scene.pass_time(minutes=1)

    assert await scene.told(scene.marram, "nobody_yet") == ["self"]
    told = scene.house.notices(scene.marram)
    assert [frame for frame in told if isinstance(frame, frames.Support)]
    await scene.pass_time(minutes=60)
    assert await scene.told(scene.marram, "nobody_yet") == ["self"]


async def test_whoever_was_flagged_by_another_learns_nothing_of_it(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "words")
    await scene.house.case(scene.room, scene.marram, said, kind=CaseKind.FLAG, urgency=Urgency.SOON)
    await scene.pass_time(minutes=20)
    assert await scene.told(scene.still, "called") == ["on_call"]
    assert scene.house.notices(scene.marram) == []


async def test_a_clinician_sees_a_case_from_the_rung_that_calls_them(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case = await scene.house.case(scene.room, scene.marram, said, urgency=Urgency.SOON)
    look = partial(case_view.read_case, actor=scene.linden, case_id=case.id)
    await scene.pass_time(minutes=5)
    with pytest.raises(NotFound):
        await scene.house.do(look)

    await scene.pass_time(minutes=5)

    assert (await scene.house.do(look)).line.rung == "clinicians"
    shown = await scene.house.do(lambda work: queue.read_queue(work, scene.linden, Wanted()))
    assert [line.id for line in shown.cases] == [case.id]


async def test_nobody_is_called_about_themselves(scene: Scene):
    await scene.house.case(scene.room, scene.still)
    await scene.pass_time(minutes=15)
    assert await scene.told(scene.still, "called") == []


async def test_the_first_human_act_ends_the_calling_and_a_claim_only_holds_it_up(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=4)
    line = await scene.house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))
    assert await scene.pass_time(minutes=6) == 0
    for _ in range(2):  # claimed again and again, and nothing done
        await scene.pass_time(minutes=6)
        again = partial(queue.claim, actor=scene.fern, case_id=case.id, version=line.version)
        line = await scene.house.do(again)
    assert await scene.told(scene.fern, "called") == ["again"]

    await scene.decide(scene.fern, case.id, "reach_out", words="I am here.")

    alerts = scene.alerts(case)
    await scene.pass_time(hours=2)
    assert scene.alerts(case) == alerts
    assert await scene.told(scene.still, "called") == []


async def test_a_claim_given_back_lets_the_calling_go_on_at_once(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.house.do(lambda work: queue.claim(work, scene.fern, case.id, 1))
    assert await scene.pass_time(minutes=7) == 0
    await scene.house.do(lambda work: queue.release(work, scene.fern, case.id))
    assert await scene.pass_time() == 1


async def test_a_case_that_becomes_urgent_is_called_for_from_then_on(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "words")
    case = await scene.house.case(
        scene.room, scene.marram, said, urgency=Urgency.ROUTINE, kind=CaseKind.HARM
    )
    assert await scene.pass_time(hours=5) == 0
    await scene.house.case(scene.room, scene.marram, said)
    assert await scene.pass_time(minutes=4) == 0
    assert await scene.pass_time(minutes=1) == 1
    assert (await scene.open_cases())[0].id == case.id


async def test_a_clinician_who_was_asked_is_called_until_one_acts(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=15)
    await scene.decide(scene.fern, case.id, "escalate")
    alerts, calm = scene.alerts(case), len(await scene.told(scene.marram, "nobody_yet"))

    assert await scene.pass_time(minutes=4) == 0, "the rungs of before are done with"
    await scene.pass_time(minutes=1)
    assert await scene.told(scene.linden, "called") == ["clinicians", "clinicians"]
    await scene.pass_time(minutes=5)
    assert await scene.told(scene.still, "called") == ["on_call", "on_call"]
    await scene.pass_time(minutes=15)
    assert scene.alerts(case) == alerts + 3
    await scene.decide(scene.fern, case.id, "reach_out", words="Linden will write to you.")
    assert await scene.pass_time(minutes=15) == 1, "no clinician has acted"
    assert len(await scene.told(scene.marram, "nobody_yet")) == calm, "somebody was there"

    await scene.decide(scene.linden, case.id, "reach_out", words="I am Linden.")

    alerts = scene.alerts(case)
    await scene.pass_time(hours=2)
    assert scene.alerts(case) == alerts


async def test_a_clinicians_word_in_the_conversation_ends_the_calling(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    after = await scene.decide(scene.fern, case.id, "reach_out", words="How are you?")
    talk = after.conversation
    assert talk is not None
    await scene.decide(scene.fern, case.id, "escalate")
    await scene.house.do(lambda work: cases.note_word_in(work, talk, scene.fern.id))
    assert await scene.pass_time(minutes=5) == 1
    await scene.house.do(lambda work: cases.note_word_in(work, talk, scene.linden.id))
    alerts = scene.alerts(case)
    await scene.pass_time(hours=2)
    assert scene.alerts(case) == alerts


async def test_a_case_that_can_wait_calls_nobody_when_it_is_escalated(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram, urgency=Urgency.ROUTINE)
    await scene.decide(scene.fern, case.id, "escalate")
    assert await scene.pass_time(hours=2) == 0


async def test_the_steward_sets_the_minutes_and_who_is_on_call(scene: Scene):
    shown = await scene.set_calling(now_minutes=[1, 2, 3], on_call=[scene.linden.id])
    assert (shown.now_minutes, shown.soon_minutes) == ([1, 2, 3], [5, 10, 15])
    assert [(one.name, one.rooms) for one in shown.on_call] == [("linden", ["Low days"])]
    await scene.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=3)
    assert await scene.told(scene.linden, "called") == ["clinicians", "on_call"]
    with pytest.raises(NotNow):
        await scene.set_calling(on_call=[scene.marram.id])
    with pytest.raises(NotNow):
        await scene.set_calling(soon_minutes=[5, 5, 15])
    with pytest.raises(NotAllowed):
        await scene.house.do(lambda work: calling.read_calling(work, scene.fern, has_command=False))


async def test_the_command_is_given_ids_and_codes_only_and_each_run_is_recorded(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "the words of marram")
    case = await scene.house.case(scene.room, scene.marram, said)
    await scene.pass_time(minutes=15)

    calls = await scene.house.do(calling.words_to_pass)

    ids = [str(case.id), str(scene.room)]
    assert [words for _, words in calls] == [
        ["again", "now", *ids, str(scene.fern.id)],
        ["clinicians", "now", *ids, str(scene.linden.id)],
        ["on_call", "now", *ids, str(scene.still.id)],
    ]
    for timer_id, _ in calls:
        await scene.house.do(partial(calling.record_call, timer_id=timer_id, outcome="exit_3"))
    assert await scene.house.do(calling.words_to_pass) == []
    assert (await scene.set_calling()).last_call == "exit_3"


async def test_without_a_command_there_is_nothing_to_run(scene: Scene):
    await scene.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=15, has_command=False)
    assert await scene.house.do(calling.words_to_pass) == []


async def test_what_fell_due_while_nothing_ran_is_done_at_once_and_in_order(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    assert await scene.pass_time(hours=9) == 3
    assert scene.alerts(case) == 4
    assert await scene.pass_time(minutes=14) == 0
    assert await scene.pass_time(minutes=1) == 1


async def test_cases_from_before_there_were_rungs_get_theirs_at_a_start(scene: Scene):
    await scene.house.case(scene.room, scene.marram)

    def forget(work: Work) -> None:
        for timer in work.session.exec(select(Timer)).all():
            work.session.delete(timer)

    await scene.house.do(forget)
    assert await scene.house.do(planning.plan_unplanned) == 1
    assert await scene.house.do(planning.plan_unplanned) == 0
    assert await scene.pass_time(minutes=5) == 1


async def test_one_timer_that_fails_does_not_keep_the_others_back(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)

    def spoil(work: Work) -> None:
        work.session.add(Timer(case_id=case.id, kind=timers.LOOK_AGAIN, step=9, due_at=work.now))

    await scene.house.do(spoil)
    assert await scene.pass_time(minutes=5) == 1
    assert await scene.told(scene.fern, "called") == ["again"]


# --- looking again ---


async def test_a_person_in_danger_is_looked_at_again_twice(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot go on")
    first = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, first.id, "care_note", words="We are here.")
    assert await scene.open_cases() == []

    await scene.pass_time(minutes=59)
    assert await scene.open_cases() == []
    await scene.pass_time(minutes=1)

    [again] = await scene.open_cases()
    assert (again.kind, again.urgency, again.again_of) == ("look_again", "soon", first.id)
    seen = await scene.house.do(lambda work: case_view.read_case(work, scene.fern, again.id))
    assert seen.line.again_of == first.id
    assert [message.text for message in seen.messages if message.subject] == ["I cannot go on"]
    assert seen.flags[0].source == "clock"
    await scene.decide(scene.fern, again.id, "dismiss")
    await scene.pass_time(hours=23)
    [last] = await scene.open_cases()
    await scene.decide(scene.fern, last.id, "dismiss")
    await scene.pass_time(days=9)
    assert await scene.open_cases() == []


async def test_a_look_is_put_aside_with_a_reason_that_stays_with_the_staff(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot go on")
    first = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, first.id, "care_note", words="We are here.")
    await scene.pass_time(hours=1)
    [again] = await scene.open_cases()
    before = len(scene.house.notices(scene.marram))

    done = await scene.decide(scene.fern, again.id, "dismiss")

    assert done.decisions[0].reason == "Seen to."
    assert len(scene.house.notices(scene.marram)) == before


async def test_the_person_is_told_of_the_look_if_they_knew_of_the_first(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot go on")
    first = await scene.house.case(scene.room, scene.marram, said)
    await scene.decide(scene.fern, first.id, "care_note", words="We are here.")
    quiet = await scene.house.say(scene.room, scene.marram, "it is late")
    second = await scene.house.case(scene.room, scene.marram, quiet)
    await scene.decide(scene.fern, second.id, "dismiss")
    await scene.pass_time(hours=1)
    assert len(await scene.open_cases()) == 2
    assert await scene.told(scene.marram, "looked_at") == ["again"]


async def test_what_was_no_danger_is_not_looked_at_again(scene: Scene):
    def harm(work: Work, message_id: UUID) -> UUID:
        return cases.raise_case(
            work, room_id=scene.room, subject_id=scene.marram.id, message_id=message_id,
            kind=CaseKind.HELD, urgency=Urgency.SOON, handling=None, about=None, language="en",
            policy="1", source="classifier", reasons=["insult"], words=["It insults."], spans=[],
        ).id  # fmt: skip

    said = await scene.house.say(scene.room, scene.marram, "rough words")
    case_id = await scene.house.do(lambda work: harm(work, said.id))
    await scene.decide(scene.fern, case_id, "dismiss")
    await scene.pass_time(days=2)
    assert await scene.open_cases() == []


async def test_a_members_own_words_never_close_a_case(scene: Scene):
    said = await scene.house.say(scene.room, scene.marram, "I cannot go on")
    case = await scene.house.case(scene.room, scene.marram, said)
    after = await scene.decide(scene.fern, case.id, "reach_out", words="How are you?")
    talk = after.conversation
    assert talk is not None

    def answer(work: Work) -> None:
        publishing.say(work, talk, scene.marram.id, "I'm fine.")
        cases.note_word_in(work, talk, scene.marram.id)

    await scene.house.do(answer)
    assert [open_case.id for open_case in await scene.open_cases()] == [case.id]


# --- shifts and lapses ---


async def test_a_shift_ends_with_the_last_session_of_its_member(scene: Scene):
    await scene.log_in(scene.still, hours=12)
    await scene.house.do(lambda work: queue.change_shift(work, scene.still, on=True))
    await scene.pass_time(hours=11, minutes=59)
    assert ShiftChanged(scene.still.id, False) not in scene.house.told

    await scene.pass_time(minutes=1)

    assert ShiftChanged(scene.still.id, False) in scene.house.told
    assert ShiftChanged(scene.fern.id, False) not in scene.house.told
    assert await scene.told(scene.still, "shift_ended") == ["shift_ended"]


async def _pause_and_appeal(scene: Scene, by: Actor) -> None:
    case = await scene.house.case(
        scene.room, scene.marram, urgency=Urgency.ROUTINE, kind=CaseKind.HARM
    )
    await scene.decide(by, case.id, "pause", minutes=60 * 24 * 30)

    def ask(work: Work) -> None:
        told = notices.list_mine(work, scene.marram).notices
        notice = next(one for one in told if one.kind == "pause")
        appeals.appeal(work, scene.marram, notice.id, "Please look.")

    await scene.house.do(ask)


async def test_a_sanction_whose_appeal_nobody_may_judge_lapses_after_a_week(any_house: House):
    scene = Scene(any_house)
    scene.marram = await any_house.join("marram")
    scene.fern = await any_house.join("fernhollow", Role.MODERATOR)
    scene.room = await any_house.room(
        "Low days", (scene.marram, "member"), (scene.fern, "moderator")
    )
    await _pause_and_appeal(scene, scene.fern)
    await scene.pass_time(days=6, hours=23)
    assert len(await scene.open_cases()) == 1

    await scene.pass_time(hours=1)

    assert await scene.open_cases() == []
    assert await scene.told(scene.marram, "appeal") == ["lapsed"]
    seats = await any_house.do(lambda work: rooms.seats_of(work, scene.marram.id))
    [seat] = seats.values()
    assert seat.paused_until is None


async def test_an_appeal_that_somebody_may_judge_waits_for_them(scene: Scene):
    await _pause_and_appeal(scene, scene.fern)
    await scene.pass_time(days=8)
    [waiting] = await scene.open_cases()
    assert waiting.kind == "appeal"
    assert await scene.told(scene.marram, "appeal") == []


async def test_an_empty_place_has_the_default_minutes_and_nobody_on_call(house: House):
    def verb(work: Work) -> tuple[dict[str, list[int]], list[str]]:
        stored = place.get_place(work)
        return stored.call_minutes, stored.on_call

    assert await house.do(verb) == ({}, [])
