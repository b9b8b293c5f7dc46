"""A room's week: what a clinician sees of it, and what nobody does."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import NotAllowed, NotFound, Stale
from server.ids import new_id
from server.protocol import bodies
from server.services import clinic, policy, publishing
from server.store import audit
from server.store.place import get_place
from server.store.tables import Assessment, FeltHeard, Message, NudgeShown
from server.store.work import Work
from tests.server.store_fixture import House


async def people_in(house: House, number: int) -> tuple[UUID, Actor, list[Actor]]:
    linden = await house.join("linden", Role.CLINICIAN)
    peers = [await house.join(f"peer {n}") for n in range(number)]
    room = await house.room("Low days", (linden, "clinician"))
    return room, linden, peers


async def week(house: House, actor: Actor, room: UUID, start: date | None = None) -> bodies.Week:
    return await house.do(lambda work: clinic.read_week(work, actor, room, start))


def figures(shown: bodies.Week) -> list[bodies.Figure]:
    alone = [value for _, value in shown if isinstance(value, bodies.Figure)]
    return [
        *alone,
        *shown.cases.values(),
        *shown.first_human_look_median_s.values(),
        *(figure for day in shown.days for figure in (day.people, day.messages)),
    ]


async def everything_happens(house: House, room: UUID, peers: list[Actor]) -> None:
    """Each peer asks, is answered by the next, is nudged, flagged, held, and felt heard."""
    asked: list[Message] = []
    for peer in peers:
        said = await house.say(room, peer, "Is anybody there?")
        case = await house.case(room, peer, said, urgency=Urgency.SOON)
        asked.append(said)
        await house.do(lambda work, s=said, p=peer: _around(work, s, p))  # type: ignore[misc]
        assert case.subject_id == peer.id
    house.clock.move(seconds=120)
    for number, said in enumerate(asked):
        helper = peers[(number + 1) % len(peers)]
        await house.do(lambda work, s=said, h=helper: _reply(work, s, h))  # type: ignore[misc]


def _around(work: Work, said: Message, peer: Actor) -> None:
    stored = work.session.get(Message, said.id)
    assert stored is not None
    stored.ask = True
    work.session.add(stored)
    work.session.add(
        NudgeShown(
            room_id=said.room_id, member_id=peer.id, client_id=new_id(), fingerprint=b"",
            reasons=[], policy="1", at=work.now, outcome="edited",
        )
    )  # fmt: skip
    work.session.add(
        FeltHeard(
            message_id=said.id, asker_id=peer.id, room_id=said.room_id, answer="heard", at=work.now
        )
    )
    work.session.add(
        Assessment(
            message_id=said.id, room_id=said.room_id, assessed=False, why_not="late", model="",
            signals={}, policy="1", handling="hold", urgency="none", reasons=[], at=work.now,
        )
    )  # fmt: skip


def _reply(work: Work, said: Message, helper: Actor) -> None:
    answer = publishing.say(work, said.room_id, helper.id, "I am.")
    answer.reply_to = said.id
    work.session.add(answer)


async def test_the_clinic_shows_nothing_about_seven_people(house: House):
    room, linden, peers = await people_in(house, 7)
    await everything_happens(house, room, peers)

    shown = await week(house, linden, room)

    assert [figure for figure in figures(shown) if figure.shown or figure.value is not None] == []
    assert shown.smallest_group == 8


async def test_the_clinic_shows_a_week_of_twelve_people(any_house: House):
    room, linden, peers = await people_in(any_house, 12)
    await everything_happens(any_house, room, peers)

    shown = await week(any_house, linden, room)

    assert (shown.people.value, shown.messages.value) == (10, 25)
    assert (shown.first_reply_median_s.value, shown.replies_unanswered.value) == (120, None)
    assert (shown.nudges.value, shown.nudges_edited.value) == (10, None)
    assert (shown.felt_heard.value, shown.not_yet_heard.value) == (10, None)
    assert (shown.held.value, shown.not_assessed.value) == (10, 10)
    assert shown.cases["soon"].value == 10
    assert shown.cases["now"].value is None
    today = [day for day in shown.days if day.day == any_house.clock.now().date().isoformat()]
    assert len(shown.days) == 7
    assert len(today) == 1


async def test_a_day_cannot_be_worked_out_from_the_others(house: House):
    room, linden, peers = await people_in(house, 12)
    for day, number in enumerate((12, 9, 3)):
        for peer in peers[:number]:
            await house.say(room, peer, f"day {day}")
        house.clock.move(days=1)

    shown = await week(house, linden, room)

    days = [day.messages.value for day in shown.days if day.messages.shown]
    assert shown.messages.value == 25
    assert days == [10], "the day of nine is hidden beside the day of three"


async def test_another_start_gives_a_calendar_week(house: House):
    room, linden, peers = await people_in(house, 9)
    for peer in peers:
        await house.say(room, peer, "a word on Monday")
    house.clock.move(days=9)

    asked = [await week(house, linden, room, date(2026, 11, day)) for day in range(16, 23)]
    now = await week(house, linden, room)

    assert {shown.start.date() for shown in asked} == {date(2026, 11, 16)}
    assert {shown.messages.value for shown in asked} == {10}
    assert (now.start.date(), now.end - now.start) == (date(2026, 11, 19), timedelta(days=7))
    assert now.messages.value is None


async def test_a_clinician_of_another_room_sees_nothing_and_a_look_is_audited(house: House):
    room, linden, _ = await people_in(house, 8)
    other = await house.join("juniper", Role.CLINICIAN)
    fern = await house.join("fernhollow", Role.MODERATOR)
    for actor in (other, fern):
        with pytest.raises(NotFound):
            await week(house, actor, room)
    await week(house, linden, room)

    newest = await house.do(audit.head)
    assert newest is not None
    assert (newest.number, newest.verb, newest.actor) == (1, "clinic.week", linden.id)


async def test_a_clinician_confirms_exactly_what_judges_now(any_house: House) -> None:
    linden = await any_house.join("linden", Role.CLINICIAN)
    marram = await any_house.join("marram")
    text = await any_house.do(lambda work: policy.read_policy(work, linden))
    assert text.reviewed_at is None
    assert "[hold]" in text.texts["policy.toml"]
    old = bodies.PolicyReview(edition="an older one")
    with pytest.raises(Stale):
        await any_house.do(lambda work: policy.confirm(work, linden, old))
    now = bodies.PolicyReview(edition=text.edition)
    with pytest.raises(NotAllowed):
        await any_house.do(lambda work: policy.confirm(work, marram, now))
    await any_house.do(lambda work: policy.confirm(work, linden, now))
    place = await any_house.do(get_place)
    assert await any_house.do(lambda work: policy.is_reviewed(work, place))
    place.policy_reviewed = "the edition before a threshold was changed"
    assert not await any_house.do(lambda work: policy.is_reviewed(work, place))
