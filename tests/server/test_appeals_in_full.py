"""Overturning: whatever was done, in whatever order, what is undone leaves the member as before."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from moderation.cases import CaseKind
from moderation.ladder import LAPSES_AFTER
from server.access import Role
from server.errors import AppealClosed, NoSession, NotNow, Removed
from server.protocol import bodies, frames
from server.services import (
    accounts,
    appeals,
    by_itself,
    case_view,
    decisions,
    notices,
    queue,
    sessions,
    steward,
)
from server.services import rooms as verbs
from server.store import cases as stored
from server.store import people, rooms, staff, standing
from server.store.queue import Wanted
from server.store.tables import Case, Message
from server.store.work import Work
from tests.server.readings import severe
from tests.server.store_fixture import House, TestClock, open_sqlite
from tests.server.test_decisions import Scene
from tests.server.test_posting import post, say


@dataclass
class Step:
    """One thing that happens. which: of those that are there, by turns."""

    what: str
    which: int
    minutes: int


@dataclass
class Given:
    """A sanction as it was given."""

    action: str
    notice: frames.Notice
    message: Message | None
    until: datetime | None
    is_undone: bool = False


@dataclass
class Told:
    """What should stand, by the rules alone."""

    given: list[Given] = field(default_factory=list)

    def standing(self) -> list[Given]:
        return [one for one in self.given if not one.is_undone]

    def pause_end(self, now: datetime) -> datetime | None:
        ends = [one.until for one in self.standing() if one.until and one.until > now]
        return max(ends, default=None)


_STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["hide", "hide held", "warn", "warn held", "pause", "pause held", "remove_member",
             "overturn", "overturn", "overturn", "wait"]
        ),
        st.integers(0, 5),
        st.sampled_from([30, 60, 600, 6000]),
    ),
    min_size=1,
    max_size=10,
)  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(_STEPS)
def test_what_is_overturned_leaves_the_member_as_before(steps: list[Step]) -> None:
    asyncio.run(_through(steps))


async def _through(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        clock, heard = TestClock(), []  # type: ignore[var-annotated]
        house = House(open_sqlite(Path(folder), clock, heard), clock, heard)
        try:
            await _play(await Scene(house).set(), steps)
        finally:
            await house.database.close()


async def _play(scene: Scene, steps: list[Step]) -> None:
    told = Told()
    at_first = await _member(scene, [])
    for step in steps:
        scene.house.clock.move(seconds=1)
        if step.what == "wait":
            scene.house.clock.move(minutes=step.minutes)
        elif step.what == "overturn":
            await _overturn(scene, told, step.which)
        else:
            await _sanction(scene, told, step)
        await _compare(scene, told)
    while told.standing():
        await _overturn(scene, told, 0)
    messages = [one.message for one in told.given if one.message]
    assert await _member(scene, messages) == at_first | {"shown": [True] * len(messages)}


async def _sanction(scene: Scene, told: Told, step: Step) -> None:
    action, _, held = step.what.partition(" ")
    make = scene.house.hold if held else scene.house.say
    message = await make(scene.room, scene.marram, "words")
    case = await scene.house.case(scene.room, scene.marram, message, kind=CaseKind.HARM)
    await scene.decide(scene.fern, case, action, minutes=step.minutes)
    notice = (await scene.told())[0]
    is_hidden = action == "hide" or bool(held)
    told.given.append(Given(action, notice, message if is_hidden else None, notice.until))


async def _overturn(scene: Scene, told: Told, which: int) -> None:
    standing = told.standing()
    if standing:
        one = standing[which % len(standing)]
        asked = await scene.appeal(one.notice)
        await scene.decide(scene.still, asked, "overturn")
        one.is_undone = True


async def _compare(scene: Scene, told: Told) -> None:
    messages = [one.message for one in told.given if one.message]
    is_out = any(one.action == "remove_member" for one in told.standing())
    found = await _member(scene, messages)
    assert found["removed"] == is_out
    assert found["seated"] == (not is_out)
    assert found["paused"] == told.pause_end(scene.house.clock.now())
    assert found["shown"] == [one.is_undone for one in told.given if one.message]
    assert found["sanctions"] == len(told.standing())
    assert found["members"] == (3 if is_out else 4)


async def _member(scene: Scene, messages: list[Message]) -> dict[str, Any]:
    def find(work: Work) -> dict[str, Any]:
        seat = rooms.find_any_seat(work, scene.room, scene.marram.id)
        assert seat is not None
        paused = seat.paused_until
        long_ago = datetime.min.replace(tzinfo=UTC)
        count = standing.count(work, scene.room, scene.marram.id, long_ago)
        return {
            "seat": seat.seat,
            "seated": seat.left_at is None,
            "removed": seat.removed_at is not None,
            "paused": paused if paused and paused > work.now else None,
            "sanctions": count,
            "members": rooms.get_head(work, scene.room).members,
        }

    shown = [await scene.state(message) == "published" for message in messages]
    return await scene.house.do(find) | {"shown": shown}


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).set()


async def test_a_removed_keeper_gets_the_keepers_seat_back(scene: Scene):
    case = await scene.house.case(scene.room, scene.still)
    asked = bodies.NewDecision(action="remove_member", version=1, reason="Please rest.")
    await scene.house.do(lambda work: decisions.decide(work, scene.fern, case.id, asked))
    mine = await scene.house.do(lambda work: notices.list_mine(work, scene.still))
    removed = next(notice for notice in mine.notices if notice.kind == "removed")
    await scene.house.do(lambda work: appeals.appeal(work, scene.still, removed.id, "Why?"))
    appeal = await scene.house.do(lambda work: stored.find_by_key(work, f"appeal:{removed.id}"))
    assert appeal is not None
    await scene.decide(scene.linden, appeal, "overturn")

    seat = await scene.house.do(lambda work: rooms.find_seat(work, scene.room, scene.still.id))
    assert seat is not None
    assert seat.seat == "moderator"


async def test_who_had_left_before_they_were_removed_is_not_put_back(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.house.do(lambda work: verbs.leave(work, scene.marram, scene.room))
    await scene.decide(scene.fern, case, "remove_member")
    asked = await scene.appeal((await scene.told())[0])
    await scene.decide(scene.still, asked, "overturn")

    seat = await scene.seat()
    assert seat is not None
    assert (seat.left_at is None, seat.removed_at) == (False, None)


async def test_overturning_a_hold_answers_the_hiding_that_followed_it(scene: Scene):
    await say(scene.house, scene.marram, post(scene.room, "you will be sorry"), severe())
    held = next(notice for notice in await scene.told() if notice.kind == "held")
    asked = await scene.appeal(held)
    [case] = [one for one in await _living(scene) if one.kind == "held"]
    await scene.decide(scene.fern, case, "hide")

    await scene.decide(scene.still, asked, "overturn")

    hidden = next(notice for notice in await scene.told() if notice.kind == "hidden")
    history = await scene.look(scene.still, case.id)
    assert hidden.appeal == "overturned"
    assert [message.state for message in history.messages] == ["published"]
    assert history.subject.past_sanctions == 0


async def _living(scene: Scene) -> list[Case]:
    return await scene.house.do(
        lambda work: list(
            work.session.exec(select(Case).where(col(Case.open_key).is_not(None))).all()
        )
    )


async def test_a_second_appeal_is_refused_with_a_reason_that_helps(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")
    [warning] = await scene.told()
    asked = await scene.appeal(warning)
    with pytest.raises(AppealClosed) as waiting:
        await scene.appeal(warning)
    await scene.decide(scene.still, asked, "uphold")
    with pytest.raises(AppealClosed) as answered:
        await scene.appeal(warning)
    scene.house.clock.move(days=31)

    assert "nothing is lost" in waiting.value.detail
    assert "outside this place" in answered.value.detail


async def test_a_room_where_one_person_decides_alone_is_named(any_house: House):
    fern, still = [await any_house.join(name, Role.MODERATOR) for name in ("fern", "still")]
    linden = await any_house.join("linden", Role.CLINICIAN)
    ash = await any_house.join("Ash")
    await any_house.room("Alone", (fern, "moderator"), (ash, "host"))
    await any_house.room("Two moderators", (fern, "moderator"), (still, "moderator"))
    await any_house.room("With a clinician", (fern, "moderator"), (linden, "clinician"))
    await any_house.room("Nobody yet", (ash, "member"))
    assert await any_house.do(staff.rooms_with_one_judge) == ["Alone"]


# --- the place itself ---


async def _place(scene: Scene) -> tuple[Any, Any]:
    one = await scene.house.join("hearthkeeper", Role.STEWARD)
    two = await scene.house.join("lampkeeper", Role.STEWARD)
    patch = bodies.MemberPatch(state="removed", reason="It was asked for thrice.")
    await scene.house.do(lambda work: steward.change_member(work, one, scene.marram.id, patch))
    return one, two


async def test_who_was_removed_from_the_place_reads_why_and_is_let_back_in(scene: Scene):
    one, two = await _place(scene)
    [removed] = await scene.told()
    assert (removed.kind, removed.words, removed.by) == (
        "removed", "It was asked for thrice.", "steward",
    )  # fmt: skip

    asked = await scene.appeal(removed)
    seen = await scene.house.do(lambda work: queue.read_queue(work, two, Wanted()))
    assert [line.id for line in seen.cases] == [asked.id]
    shown = await scene.house.do(lambda work: case_view.read_case(work, one, asked.id))
    assert "overturn" not in shown.allowed, "whoever removed them does not judge it"
    with pytest.raises(NotNow):
        await scene.decide(two, asked, "change", minutes=60)
    await scene.decide(two, asked, "overturn")

    member = await scene.house.do(lambda work: people.find_member(work, scene.marram.id))
    seat = await scene.seat()
    assert member is not None
    assert seat is not None
    assert (member.state, seat.left_at, seat.seat) == ("active", None, "host")


async def test_a_session_of_somebody_removed_opens_their_record_and_nothing_else(scene: Scene):
    await _place(scene)

    def log_in(work: Work) -> str:
        return accounts.log_in(work, scene.marram.id, as_program=True).token or ""

    token = await scene.house.do(log_in)
    with pytest.raises(Removed):
        await scene.house.do(lambda work: sessions.find_actor(work, token))
    actor = await scene.house.do(lambda work: sessions.find_for_record(work, token))
    assert (actor.id, actor.role) == (scene.marram.id, Role.PEER)
    with pytest.raises(NoSession):
        await scene.house.do(lambda work: sessions.find_for_record(work, "no such token"))


async def test_with_one_steward_and_nobody_else_a_removal_lapses(any_house: House):
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    ash = await any_house.join("Ash")
    await any_house.room("Kitchen", (ash, "member"))
    patch = bodies.MemberPatch(state="removed")
    await any_house.do(lambda work: steward.change_member(work, keeper, ash.id, patch))
    [removed] = (await any_house.do(lambda work: notices.list_mine(work, ash))).notices
    await any_house.do(lambda work: appeals.appeal(work, ash, removed.id, "Please."))
    any_house.clock.move(seconds=(LAPSES_AFTER + timedelta(minutes=1)).total_seconds())

    for timer in await any_house.do(by_itself.find_due):
        await any_house.do(partial(by_itself.run, timer_id=timer, has_command=False))

    member = await any_house.do(lambda work: people.find_member(work, ash.id))
    assert member is not None
    assert member.state == "active"
