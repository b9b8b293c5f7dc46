"""The climate of a room: counted once, equal to a slow count of what happened, and about nobody alone."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from server.access import Actor, Role
from server.api.background import count_weeks
from server.demo import weeks as demo_weeks
from server.errors import BadFrame, NotFound
from server.ids import new_id
from server.protocol import climate as bodies
from server.services import climate, climate_cells
from server.services.climate_cells import NAMES
from server.services.climate_periods import SHARES
from server.store import audit
from server.store.climate import Happened, Said
from server.store.tables import ClimateNote, FeltHeard, Message, Reaction, Room
from server.store.work import Work
from tests.server.climate.drawn import Drawing, Year
from tests.server.climate.reference import Reference, differences, mondays
from tests.server.climate.stored import store
from tests.server.store_fixture import MONDAY, House

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
WEEKS = 8


async def drawn_room(house: House, messages: int = 2_400) -> tuple[UUID, Actor, Year]:
    """A clinician's room with eight weeks in it, and the clock five days after them."""
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room("Low days", (linden, "clinician"))
    year = Drawing(7, BEGIN, WEEKS, people=60).draw(messages)
    await house.do(lambda work: store(work, room, year))
    await house.do(lambda work: _made(work, room, BEGIN))
    house.clock.at = BEGIN + timedelta(weeks=WEEKS, days=5)
    return room, linden, year


def _made(work: Work, room: UUID, at: datetime) -> None:
    stored = work.session.get(Room, room)
    assert stored is not None
    stored.created_at = at
    work.session.add(stored)


async def read(house: House, actor: Actor, room: UUID) -> bodies.Climate:
    return await house.do(lambda work: climate.read(work, actor, room))


def as_found(shown: bodies.Climate) -> list[tuple[date, dict[str, float | None]]]:
    return [(week.start, week.figures) for week in shown.weeks]


async def test_the_page_equals_a_slow_count_of_what_happened(any_house: House):
    room, linden, year = await drawn_room(any_house)

    assert await count_weeks(any_house.database) == WEEKS

    page = as_found(await read(any_house, linden, room))
    starts = mondays(BEGIN, WEEKS)
    assert differences(Reference(year), page, starts) == (WEEKS * len(NAMES), 0)
    hidden = [value for _, figures in page for value in figures.values() if value is None]
    assert 0 < len(hidden) < WEEKS * len(NAMES), "the guard: some are hidden, and not all"
    assert differences(Reference(year, broken="edits"), page, starts)[1] > 0


async def test_a_week_stands_as_it_was_counted_whatever_happens_later(any_house: House):
    room, linden, year = await drawn_room(any_house)
    await count_weeks(any_house.database)
    before = await read(any_house, linden, room)
    newest = climate.Due(room, before.weeks[-1].start)

    said = [each.id for each in year.messages if each.at.date() >= newest.start]
    await any_house.do(lambda work: _withdrawn(work, said[::2]))

    assert await count_weeks(any_house.database) == 0
    assert await read(any_house, linden, room) == before
    again = await any_house.do(lambda work: climate.count_week(work, newest))
    assert again != as_found(before)[-1][1], "the guard: a new count would have told"
    assert not await any_house.do(lambda work: climate.keep_week(work, newest, again))


def _withdrawn(work: Work, ids: list[UUID]) -> None:
    for message in work.session.exec(select(Message).where(col(Message.id).in_(ids))):
        message.state = "withdrawn"
        work.session.add(message)


async def test_a_week_is_counted_two_days_after_its_end_and_not_before(house: House):
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room("Low days", (linden, "clinician"))
    sunday = MONDAY.replace(hour=0) + timedelta(days=7)
    house.clock.at = sunday + timedelta(days=2, seconds=-1)
    assert await count_weeks(house.database) == 0
    shown = await read(house, linden, room)
    assert (shown.weeks, shown.next_at) == ([], sunday + timedelta(days=2))

    house.clock.move(seconds=1)
    assert await count_weeks(house.database) == 1
    shown = await read(house, linden, room)
    assert [week.start for week in shown.weeks] == [MONDAY.date()]
    assert shown.next_at == sunday + timedelta(days=9)


async def twelve_ask(house: House) -> tuple[UUID, Actor, list[Actor]]:
    """Twelve people ask on Monday and are answered by each other; all weeks are counted."""
    linden = await house.join("linden", Role.CLINICIAN)
    peers = [await house.join(f"peer {n}") for n in range(24)]
    room = await house.room("Low days", (linden, "clinician"), (peers[0], "member"))
    asks = [await house.say(room, peer, "Is anybody there?") for peer in peers]
    house.clock.move(seconds=240)
    for peer, said, other in zip(peers, asks, [*peers[1:], peers[0]], strict=True):
        await house.do(lambda work, s=said, p=peer, o=other: _around(work, s, p, o))  # type: ignore[misc]
    house.clock.move(days=14)
    await count_weeks(house.database)
    return room, linden, peers


def _around(work: Work, said: Message, peer: Actor, other: Actor) -> None:
    """Half of them asked, half of those were answered; all of them felt something."""
    stored = work.session.get(Message, said.id)
    assert stored is not None
    number = int(peer.name.split()[1])
    stored.ask = True
    work.session.add(stored)
    if number % 2:
        answer = Message(
            room_id=said.room_id, author_id=other.id, client_id=new_id(), fingerprint=b"",
            reply_to=said.id, seq=1_000 + number, at=work.now, published_at=work.now,
        )  # fmt: skip
        work.session.add(answer)
        work.session.add(Reaction(message_id=said.id, member_id=other.id, kind="same", at=work.now))
    heard = FeltHeard(
        message_id=said.id, asker_id=peer.id, room_id=said.room_id, at=work.now,
        answer="heard" if number < 14 else "not_yet",
    )  # fmt: skip
    work.session.add(heard)


async def test_each_share_has_its_count_and_its_interval(any_house: House):
    room, linden, _ = await twelve_ask(any_house)

    week = (await read(any_house, linden, room)).weeks[0]

    assert (week.figures["asks"], week.figures["first_reply_s"]) == (25, 240)
    answered = week.shares["asks_answered"]
    assert (answered.count, answered.of, answered.value, answered.weeks) == (10, 25, 0.4, 1)
    assert answered.low is not None
    assert answered.high is not None
    assert answered.low < 12 / 24 < answered.high, "what it was before it was rounded"
    assert week.shares["asks_shared"].value == 0.4
    assert week.shares["felt_heard"].value == 0.6
    nothing = week.shares["nudges_edited"]
    assert (nothing.value, nothing.count, nothing.weeks) == (None, None, 0)


def test_where_the_middle_wait_is_hidden_so_are_its_ends():
    people = [new_id() for _ in range(40)]

    def week(answered: int) -> Happened:
        said = [Said(who, who, BEGIN, ask=True, replies=False) for who in people]
        said += [Said(new_id(), who, BEGIN, ask=False, replies=False) for who in people]
        later = {who: BEGIN + timedelta(minutes=5) for who in people[:answered]}
        return Happened(said, later, frozenset(), {}, [], [], [])

    waits = ("first_reply_s", "first_reply_low_s", "first_reply_high_s")
    shown, hidden = (climate_cells.figures(week(answered)) for answered in (30, 33))
    assert [shown[name] for name in waits] == [300, 300, 300]
    assert [hidden[name] for name in waits] == [None, None, None], "the seven would follow"


async def test_an_element_without_a_measure_says_so_and_is_no_nought(house: House):
    room, linden, _ = await twelve_ask(house)
    elements = {each.name: each for each in (await read(house, linden, room)).elements}
    assert list(elements) == ["recognise", "universal", "feel", "bear", "act"]
    assert (elements["bear"].shares, elements["bear"].medians) == ([], [])
    assert {name for each in elements.values() for name in each.shares} <= set(SHARES)


async def test_everybody_in_the_room_sees_how_people_are_with_each_other(any_house: House):
    room, linden, peers = await twelve_ask(any_house)
    await any_house.do(lambda work: climate.add_note(work, linden, room, note("A new host.")))

    shown = await any_house.do(lambda work: climate.read_as_member(work, peers[0], room))

    whole = (await read(any_house, linden, room)).weeks[0]
    [week] = [each for each in shown.weeks if each.figures["people"] is not None]
    assert week.figures["asks"] == whole.figures["asks"]
    assert set(week.shares) < set(whole.shares)
    told = {*week.figures, *week.shares}
    assert {
        name for name in told if name.startswith(("danger", "cases", "nudges", "not_"))
    } == set()
    assert shown.notes == []


async def test_who_may_see_the_climate_of_a_room(house: House):
    room, linden, peers = await twelve_ask(house)
    juniper = await house.join("juniper", Role.CLINICIAN)
    fern = await house.join("fernhollow", Role.MODERATOR)
    alder = await house.join("alder", Role.STEWARD)
    for actor in (juniper, fern, peers[0], peers[1]):
        with pytest.raises(NotFound):
            await read(house, actor, room)
    for actor in (juniper, fern, alder, peers[1]):
        with pytest.raises(NotFound):
            await house.do(lambda work, a=actor: climate.read_as_member(work, a, room))  # type: ignore[misc]
    for actor in (linden, alder):
        assert (await read(house, actor, room)).room_name == "Low days"
    newest = await house.do(audit.head)
    assert newest is not None
    assert (newest.verb, newest.actor, newest.subject) == ("clinic.climate", alder.id, str(room))


async def test_a_private_conversation_has_no_climate(house: House):
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room("Between us", (linden, "clinician"))
    await house.do(lambda work: _made_private(work, room))
    house.clock.move(days=30)
    assert await count_weeks(house.database) == 0
    for ask in (climate.read, climate.read_as_member):
        with pytest.raises(NotFound):
            await house.do(lambda work, a=ask: a(work, linden, room))  # type: ignore[misc]


def _made_private(work: Work, room: UUID) -> None:
    stored = work.session.get(Room, room)
    assert stored is not None
    stored.kind = "conversation"
    work.session.add(stored)


def note(text: str) -> bodies.NewClimateNote:
    return bodies.NewClimateNote(day=MONDAY.date(), text=text)


async def test_a_note_is_sealed_audited_and_its_authors_to_take_away(any_house: House):
    room, linden, _ = await twelve_ask(any_house)
    alder = await any_house.join("alder", Role.STEWARD)
    mine = await any_house.do(
        lambda work: climate.add_note(work, linden, room, note("A new host began."))
    )
    await any_house.do(lambda work: climate.add_note(work, alder, room, note("A fair in town.")))
    shown = (await read(any_house, linden, room)).notes
    assert [(each.text, each.by_role, each.mine) for each in shown] == [
        ("A new host began.", "clinician", True),
        ("A fair in town.", "steward", False),
    ]
    stored = await any_house.do(
        lambda work: [each.sealed for each in work.session.exec(select(ClimateNote))]
    )
    assert all(b"host" not in each and b"fair" not in each for each in stored)

    with pytest.raises(NotFound):
        await any_house.do(lambda work: climate.remove_note(work, alder, room, mine.id))
    await any_house.do(lambda work: climate.remove_note(work, linden, room, mine.id))
    newest = await any_house.do(audit.head)
    assert newest is not None
    assert (newest.verb, newest.subject) == ("climate.note_removed", str(mine.id))
    assert [each.text for each in (await read(any_house, linden, room)).notes] == [
        "A fair in town."
    ]


async def test_two_periods_are_what_their_weeks_show(any_house: House):
    room, linden, _ = await drawn_room(any_house)
    await count_weeks(any_house.database)
    days = [(BEGIN + timedelta(weeks=number)).date() for number in range(WEEKS)]

    shown = await any_house.do(
        lambda work: climate.compare(
            work, linden, room, (days[0], days[3]), (days[4], days[7] + timedelta(days=6))
        )
    )

    weeks = (await read(any_house, linden, room)).weeks
    for period, part in ((shown.one, weeks[:4]), (shown.other, weeks[4:])):
        assert period.weeks == 4
        for name, whole in SHARES.items():
            both = [
                (week.figures[name], week.figures[whole])
                for week in part
                if week.figures[name] is not None
            ]
            share = period.shares[name]
            assert share.weeks == len(both)
            assert (share.of or 0) == sum(total or 0 for _, total in both)
            assert (share.count or 0) == sum(count or 0 for count, _ in both)
    change = shown.changes["asks_answered"]
    assert change.value is not None
    assert change.low is not None
    assert change.high is not None
    assert change.low < change.value < change.high
    too_long = (days[0], days[0] + timedelta(weeks=106))
    with pytest.raises(BadFrame):
        await any_house.do(lambda work: climate.compare(work, linden, room, too_long, too_long))


async def test_a_demo_has_weeks_to_look_back_on(house: House):
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room("Low days", (linden, "clinician"))
    await house.do(lambda work: demo_weeks.add(work, [room], work.now))
    shown = (await read(house, linden, room)).weeks
    assert len(shown) == 14
    assert shown[-1].end < MONDAY.date() - timedelta(days=7)
    assert all(week.figures["people"] and week.shares["asks_answered"].value for week in shown)
