"""Answering a questionnaire: stored as one goes, sealed, counted; asked for once; seen under consent."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from server.access import Actor, Role
from server.errors import BadFrame, NotFound, NotNow
from server.measures import load
from server.protocol import measures as bodies
from server.services import measure_rounds, measuring, seats
from server.services.fhir.joining import Measures
from server.store import measures, receipts, rooms
from server.store.tables import Audit, Consent, CourseAlert, MeasureResponse, Notice
from server.store.work import Work
from tests.server.store_fixture import MONDAY, House

KNOWN = load()
PHQ, GAD = KNOWN.definitions["phq-9"], KNOWN.definitions["gad-7"]


class Scene:
    """A group with a member, a clinician and a moderator; the member answers."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def set(self) -> "Scene":
        join = self.house.join
        self.marram, self.sorrel = await join("marram"), await join("sorrel")
        self.linden = await join("linden", Role.CLINICIAN)
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.room = await self.house.room(
            "Tides", (self.marram, "member"), (self.sorrel, "member"), (self.linden, "clinician"),
            (self.fern, "moderator"),
        )  # fmt: skip
        return self

    async def agree(self, member: Actor, *scopes: str, room: UUID | None = None) -> None:
        def verb(work):
            for scope in scopes:
                row = Consent(
                    member_id=member.id, room_id=room or self.room, scope=scope, wording="1 en",
                    given_at=work.now, until=work.now + timedelta(days=365),
                )  # fmt: skip
                work.session.add(row)

        await self.house.do(verb)

    async def withdraw(self, member: Actor) -> None:
        def verb(work):
            for row in work.session.exec(select(Consent).where(Consent.member_id == member.id)):
                row.withdrawn_at = work.now

        await self.house.do(verb)

    async def answer(
        self, item: str, value: int, measure: str = "phq-9", who: Actor | None = None
    ) -> bodies.MeasureAnswered:
        actor = who or self.marram
        return await self.house.do(
            lambda work: measuring.answer(work, actor, KNOWN, measure, item, value)
        )

    async def finish(
        self, measure: str = "phq-9", who: Actor | None = None
    ) -> bodies.MeasureCourse:
        actor = who or self.marram
        return await self.house.do(lambda work: measuring.finish(work, actor, KNOWN, measure))

    async def take(self, value: int, measure: str = "phq-9") -> bodies.MeasureCourse:
        """Every question the same, but the last."""
        items = KNOWN.definitions[measure].items
        for item in items[:-1]:
            await self.answer(item.link_id, value, measure)
        await self.answer(items[-1].link_id, 0, measure)
        return await self.finish(measure)

    async def all(self) -> bodies.Measures:
        return await self.house.do(lambda work: measuring.read_all(work, self.marram, KNOWN))

    async def person(self, actor: Actor | None = None) -> bodies.PersonMeasures:
        who = actor or self.linden
        return await self.house.do(
            lambda work: measure_rounds.read_person(work, who, KNOWN, self.room, self.marram.id)
        )

    async def plan(self, every_days: int = 14) -> bodies.GroupMeasures:
        new = bodies.NewMeasurePlan(every_days=every_days)
        return await self.house.do(
            lambda work: measure_rounds.plan(work, self.linden, KNOWN, self.room, "gad-7", new)
        )

    async def round(self) -> int:
        due = await self.house.do(measure_rounds.find_due)
        asked = [await self.house.do(partial(measure_rounds.ask, plan_id=one)) for one in due]
        return sum(asked)

    async def told(self, member: Actor, kind: str) -> list[Notice]:
        query = select(Notice).where(Notice.member_id == member.id, Notice.kind == kind)
        return await self.house.do(lambda work: list(work.session.exec(query)))


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).set()


@pytest.fixture
async def anywhere(any_house: House) -> Scene:
    """The same on each database, for what each of its tables has to keep."""
    return await Scene(any_house).set()


async def test_what_was_answered_waits_and_goes_on_until_it_is_finished(anywhere: Scene):
    scene = anywhere
    await scene.answer("phq9-1", 2)
    await scene.answer("phq9-2", 1)
    await scene.answer("phq9-1", 3)
    read = await scene.house.do(lambda work: measuring.read_one(work, scene.marram, KNOWN, "phq-9"))
    assert read.answers == {"phq9-1": 3, "phq9-2": 1}
    assert [line.begun for line in (await scene.all()).measures] == [None, 2]
    for number in range(3, 10):
        await scene.answer(f"phq9-{number}", 0)
    (result,) = (await scene.finish()).results
    assert (result.total, result.band, result.since_first) == (4, "minimal", None)
    assert result.at == MONDAY
    assert [line.begun for line in (await scene.all()).measures] == [None, None]
    with pytest.raises(NotNow):
        await scene.finish()


async def test_with_an_answer_missing_it_is_kept_and_not_scored(scene: Scene):
    await scene.answer("gad7-1", 3, "gad-7")
    (result,) = (await scene.finish("gad-7")).results
    assert (result.total, result.band, result.answers) == (None, None, {"gad7-1": 3})
    (_, next_one) = (await scene.take(1, "gad-7")).results
    assert (next_one.total, next_one.since_first) == (6, None), "there is no first total before it"


async def test_answers_are_sealed_and_another_members_are_nowhere(scene: Scene):
    await scene.answer("phq9-1", 3)
    await scene.answer("phq9-1", 1, who=scene.sorrel)
    rows: list[Any] = await scene.house.do(
        lambda work: list(work.session.exec(select(MeasureResponse)))
    )
    assert len(rows) == 2
    assert all(b"phq9-1" not in row.sealed and len(row.sealed) > 40 for row in rows)
    mine = await scene.house.do(lambda work: measuring.read_one(work, scene.marram, KNOWN, "phq-9"))
    assert mine.answers == {"phq9-1": 3}


async def test_dropped_answers_are_gone_and_what_is_not_there_is_refused(scene: Scene):
    await scene.answer("phq9-1", 3)
    await scene.house.do(lambda work: measuring.drop(work, scene.marram, KNOWN, "phq-9"))
    read = await scene.house.do(lambda work: measuring.read_one(work, scene.marram, KNOWN, "phq-9"))
    assert read.answers == {}
    assert read.course.results == []
    for item, measure in (("phq9-10", "phq-9"), ("who5-1", "who-5")):
        with pytest.raises(NotFound):
            await scene.answer(item, 1, measure)
    with pytest.raises(BadFrame):
        await scene.answer("phq9-1", 4)


async def test_finished_answers_are_there_for_an_export(scene: Scene):
    await scene.take(1, "gad-7")
    found = await scene.house.do(lambda work: measures.finished(work, scene.marram.id))
    (one,) = found
    assert (one.member, one.room, one.measure, one.at, one.total) == (
        scene.marram.id, None, "gad-7", MONDAY, 6,
    )  # fmt: skip
    assert one.answers == {f"gad7-{number}": int(number < 7) for number in range(1, 8)}


async def test_an_earlier_edition_is_neither_named_nor_compared_and_leaves_without_its_words(
    scene: Scene,
):
    await scene.agree(scene.marram, "measures")
    await scene.take(0, "gad-7")
    await scene.house.do(_printed_anew)
    scene.house.clock.move(days=14)
    before, now = (await scene.take(3, "gad-7")).results
    assert (before.total, before.band, before.answers) == (0, None, {})
    assert (now.total, now.since_first, now.since_last) == (18, None, None)
    assert await scene.told(scene.linden, "course_alert") == [], "nothing to compare with"
    source = Measures(KNOWN)
    left = await scene.house.do(lambda work: source.finished(work, scene.room, [scene.marram.id]))
    assert [one.measure for one in left] == ["gad-7 0", "gad-7"]


def _printed_anew(work: Work) -> None:
    for response in work.session.exec(select(MeasureResponse)):
        response.edition = "0"
        work.session.add(response)


# --- being asked ---


async def test_who_agreed_is_asked_once_a_round_and_nobody_else(scene: Scene):
    await scene.agree(scene.marram, "measures")
    await scene.plan()
    assert await scene.round() == 1
    assert await scene.round() == 0, "once"
    assert len(await scene.told(scene.marram, "measure_ask")) == 1
    assert await scene.told(scene.sorrel, "measure_ask") == []
    (ask,) = (await scene.all()).asks
    assert (ask.measure, ask.room, ask.state) == ("gad-7", scene.room, "asked")
    scene.house.clock.move(days=13)
    assert await scene.round() == 0
    scene.house.clock.move(days=50)
    assert await scene.round() == 1, "what was missed is not made up for"
    assert len((await scene.all()).asks) == 1, "the older ask is passed"
    await scene.house.do(lambda work: leave(work, scene.room, scene.linden))
    scene.house.clock.move(days=14)
    assert await scene.round() == 0, "nobody is there to read it"


def leave(work: Work, room: UUID, who: Actor) -> None:
    seat = rooms.find_seat(work, room, who.id)
    assert seat
    seats.end_seat(work, seat)


async def test_answering_ends_the_ask_and_says_which_group_asked(scene: Scene):
    await scene.agree(scene.marram, "measures")
    await scene.plan()
    await scene.round()
    assert (await scene.person()).missing[0].measure == "gad-7"
    (result,) = (await scene.take(1, "gad-7")).results
    assert result.room == scene.room
    assert (await scene.all()).asks == []
    assert (await scene.person()).missing == []


async def say(scene: Scene, ask_id: UUID, said: Any) -> None:
    await scene.house.do(lambda work: measure_rounds.answer_ask(work, scene.marram, ask_id, said))


async def test_not_any_more_is_kept_until_it_is_taken_back(anywhere: Scene):
    scene = anywhere
    await scene.agree(scene.marram, "measures")
    await scene.plan()
    await scene.round()
    (ask,) = (await scene.all()).asks
    await say(scene, ask.id, "never")
    scene.house.clock.move(days=14)
    assert await scene.round() == 0
    (ask,) = (await scene.all()).asks
    assert ask.state == "never"
    await say(scene, ask.id, "again")
    scene.house.clock.move(days=14)
    assert await scene.round() == 1
    with pytest.raises(NotFound):
        await scene.house.do(
            lambda work: measure_rounds.answer_ask(work, scene.sorrel, ask.id, "never")
        )


async def test_a_plan_is_changed_and_stopped_by_the_groups_clinician_alone(scene: Scene):
    await scene.agree(scene.marram, "measures")
    await scene.plan()
    await scene.round()
    shown = await scene.plan(28)
    assert [(one.every_days, one.next_at) for one in shown.plans] == [
        (28, MONDAY + timedelta(days=28))
    ]
    for actor in (scene.marram, scene.fern):
        with pytest.raises(NotFound):
            await scene.house.do(
                partial(measure_rounds.read_group, actor=actor, catalogue=KNOWN, room_id=scene.room)
            )
    stopped = await scene.house.do(
        lambda work: measure_rounds.stop(work, scene.linden, KNOWN, scene.room, "gad-7")
    )
    assert stopped.plans == []
    assert (await scene.all()).asks == []
    scene.house.clock.move(days=60)
    assert await scene.round() == 0


# --- being seen, and courses that are not as expected ---


async def test_a_clinician_sees_the_course_under_consent_and_leaves_a_receipt(scene: Scene):
    await scene.take(2)
    for actor in (scene.linden, scene.fern):
        with pytest.raises(NotFound):
            await scene.person(actor)
    await scene.agree(scene.marram, "measures")
    shown = await scene.person()
    assert [(course.measure, course.results[0].total) for course in shown.courses] == [
        ("phq-9", 16)
    ]
    assert shown.courses[0].reliable_points == 6
    with pytest.raises(NotFound):
        await scene.person(scene.fern)
    seen = await scene.house.do(lambda work: receipts.of_member(work, scene.marram.id))
    assert [(one.scope, one.viewer_id) for one in seen] == [("measures", scene.linden.id)]
    await scene.withdraw(scene.marram)
    with pytest.raises(NotFound):
        await scene.person()


async def test_a_course_that_worsens_is_told_with_its_reason_once(scene: Scene):
    await scene.agree(scene.marram, "measures")
    await scene.take(0)
    await scene.take(1)
    assert len(await scene.told(scene.linden, "course_alert")) == 1
    await scene.take(2)
    assert len(await scene.told(scene.linden, "course_alert")) == 1, "one stands open"
    assert await scene.told(scene.fern, "course_alert") == []
    (alert,) = (await scene.person()).alerts
    assert (alert.reason, alert.first, alert.last, alert.measurements) == ("worse", 0, 8, 2)
    assert alert.reliable_points == 6
    assert "Jacobson" in alert.source
    assert alert.unknown
    rows: list[Any] = await scene.house.do(
        lambda work: list(work.session.exec(select(CourseAlert)))
    )
    assert b"worse" not in rows[0].sealed


async def test_a_closed_alert_says_what_came_of_it_and_a_new_one_may_come(anywhere: Scene):
    scene = anywhere
    await scene.agree(scene.marram, "measures")
    await scene.take(0)
    await scene.take(1)
    group = await scene.house.do(
        lambda work: measure_rounds.read_group(work, scene.linden, KNOWN, scene.room)
    )
    (alert,) = group.alerts
    closed = await scene.house.do(
        lambda work: measure_rounds.close_alert(
            work, scene.linden, KNOWN, scene.room, alert.id, "We talked."
        )
    )
    assert closed.alerts[0].outcome == "We talked."
    with pytest.raises(NotFound):
        await scene.house.do(
            lambda work: measure_rounds.close_alert(
                work, scene.fern, KNOWN, scene.room, alert.id, "Mine."
            )
        )
    await scene.take(2)
    assert len((await scene.person()).alerts) == 2


async def test_an_alert_that_was_closed_by_mistake_is_opened_again(anywhere: Scene):
    scene = anywhere
    await scene.agree(scene.marram, "measures")
    await scene.take(0)
    await scene.take(1)
    alert = (await scene.person()).alerts[0].id

    async def act(verb: Any, who: Actor, *words: str) -> bodies.PersonMeasures:
        return await scene.house.do(lambda work: verb(work, who, KNOWN, scene.room, alert, *words))

    await act(measure_rounds.close_alert, scene.linden, "The wrong one.")
    with pytest.raises(NotFound):
        await act(measure_rounds.reopen_alert, scene.fern)
    for _ in range(2):
        (opened,) = (await act(measure_rounds.reopen_alert, scene.linden)).alerts
        assert (opened.closed_at, opened.outcome) == (None, "The wrong one."), "the words stay"
    query = select(Audit.verb).where(col(Audit.verb).like("measure.alert.%"))
    lines = await scene.house.do(lambda work: work.session.exec(query).all())
    assert list(lines) == ["measure.alert.close", "measure.alert.reopen"]
    await act(measure_rounds.close_alert, scene.linden, "We talked.")
    await scene.take(2)
    with pytest.raises(NotNow):
        await act(measure_rounds.reopen_alert, scene.linden)
    await scene.withdraw(scene.marram)
    with pytest.raises(NotFound):
        await act(measure_rounds.reopen_alert, scene.linden)


async def test_without_consent_no_course_is_watched_and_later_consent_shows_no_old_alert(
    scene: Scene,
):
    await scene.take(0)
    await scene.take(2)
    assert await scene.told(scene.linden, "course_alert") == []
    await scene.agree(scene.marram, "measures")
    assert (await scene.person()).alerts == []
