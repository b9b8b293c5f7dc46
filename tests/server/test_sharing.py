"""What a member shares with a group's clinicians: each thing apart, for a time, taken back in one step."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.api.background import tell_members
from server.errors import NotFound, NotNow, Stale
from server.ids import new_id
from server.protocol import care
from server.protocol import frames as wire
from server.services import moods, people, receipts, rooms, sharing
from server.store import audit
from server.store.tables import Mood
from server.store.work import ToCarers, Work
from tests.server.store_fixture import MONDAY, House

LANGUAGES = ("en", "de", "es", "fr", "ar")


async def cast(house: House) -> tuple[Actor, Actor, UUID]:
    marram, carer = await house.join("marram"), await house.join("rowan", Role.CLINICIAN)
    return marram, carer, await house.room("Tides", (marram, "member"), (carer, "clinician"))


async def give(
    house: House, member: Actor, room: UUID, scope: care.Scope, months: care.Months = 1
) -> care.Care:
    asked = care.NewShare(wording="2026-12 en", months=months)
    return await house.do(lambda work: sharing.give(work, member, room, scope, asked))


async def take_back(
    house: House, member: Actor, room: UUID, scope: care.Scope | None = None
) -> care.Care:
    return await house.do(lambda work: sharing.withdraw(work, member, room, scope, "en"))


async def check_in(house: House, member: Actor, feeling: care.Feeling) -> care.Mood:
    new = care.NewMood(client_id=new_id(), feeling=feeling)
    return await house.do(lambda work: moods.check_in(work, member, new))


async def look(house: House, carer: Actor, room: UUID, member: Actor) -> care.Moods:
    return await house.do(lambda work: people.look_at_mood(work, carer, room, member.id))


async def seen(house: House, carer: Actor, room: UUID) -> dict[str, list[str]]:
    found = await house.do(lambda work: people.list_people(work, carer, room))
    return {person.name: [one.scope for one in person.scopes] for person in found.people}


async def test_nobody_is_on_the_list_until_they_share_something(any_house: House):
    marram, carer, room = await cast(any_house)
    assert await seen(any_house, carer, room) == {}
    await give(any_house, marram, room, "mood")
    await give(any_house, marram, room, "alerts")
    assert await seen(any_house, carer, room) == {"marram": ["mood", "alerts"]}
    for stranger in (marram, await any_house.join("sedge", Role.CLINICIAN)):
        with pytest.raises(NotFound):
            await seen(any_house, stranger, room)
    with pytest.raises(NotFound):
        await any_house.do(lambda work: people.read_person(work, carer, room, carer.id))


async def test_a_look_is_shown_to_the_member_by_role_and_together_for_a_day(any_house: House):
    marram, carer, room = await cast(any_house)
    await check_in(any_house, marram, "low")
    await give(any_house, marram, room, "mood")
    any_house.clock.move(hours=1)
    for _ in range(3):
        assert [one.feeling for one in (await look(any_house, carer, room, marram)).moods] == [
            "low"
        ]
    any_house.clock.move(days=1)
    await look(any_house, carer, room, marram)

    found = await any_house.do(lambda work: receipts.list_mine(work, marram))
    lines = [(one.by, one.scope, one.looks, one.last_at) for one in found.receipts]
    at = MONDAY + timedelta(hours=1)
    assert lines == [("clinician", "mood", 1, at + timedelta(days=1)), ("clinician", "mood", 3, at)]
    assert {one.given_at for one in found.receipts} == {MONDAY}
    assert "rowan" not in found.model_dump_json()
    assert (await any_house.do(lambda work: receipts.list_mine(work, carer))).receipts == []


async def test_what_is_taken_back_is_seen_no_more_and_open_pages_are_told(any_house: House):
    marram, carer, room = await cast(any_house)
    await give(any_house, marram, room, "mood", 12)
    await look(any_house, carer, room, marram)
    any_house.told.clear()
    any_house.clock.move(days=3)

    after = await take_back(any_house, marram, room, "mood")
    told = [one for one in any_house.told if isinstance(one, ToCarers)]
    assert told == [ToCarers(room, wire.SightChanged(room=room))]
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    assert await seen(any_house, carer, room) == {}
    assert after.groups[0].shared == []
    [row] = after.ledger
    assert (row.given_at, row.withdrawn_at) == (MONDAY, MONDAY + timedelta(days=3))
    assert row.until == MONDAY + timedelta(days=365)


async def test_all_that_is_shared_with_a_group_is_taken_back_in_one_step(any_house: House):
    marram, _, room = await cast(any_house)
    await give(any_house, marram, room, "mood")
    given = await give(any_house, marram, room, "messages", 3)
    assert [one.scope for one in given.groups[0].shared] == ["mood", "messages"]
    assert (await take_back(any_house, marram, room)).groups[0].shared == []
    any_house.told.clear()
    await take_back(any_house, marram, room)
    assert any_house.told == [], "nothing was left to take back"
    verbs = await any_house.do(lambda work: [row.verb for row in audit.rows(work) if row])
    assert verbs == [
        "share.give.mood", "share.give.messages", "share.withdraw.mood", "share.withdraw.messages",
    ]  # fmt: skip


async def test_it_ends_by_itself_and_the_member_is_told_a_week_before(any_house: House):
    marram, carer, room = await cast(any_house)
    await give(any_house, marram, room, "mood")
    await give(any_house, marram, room, "messages")
    any_house.clock.move(days=22, hours=23)
    await tell_members(any_house.database)
    assert any_house.notices(marram) == []
    any_house.clock.move(hours=1)
    await tell_members(any_house.database)
    await tell_members(any_house.database)
    [told] = any_house.notices(marram)
    assert isinstance(told, wire.Notice)
    assert (told.kind, told.room, told.until) == ("sharing_ends", room, MONDAY + timedelta(days=30))
    await look(any_house, carer, room, marram)
    any_house.clock.move(days=7)
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)


async def test_leaving_ends_sight_and_the_consent_stays(any_house: House):
    marram, carer, room = await cast(any_house)
    await give(any_house, marram, room, "mood")
    await any_house.do(lambda work: rooms.leave(work, marram, room))
    assert await seen(any_house, carer, room) == {}
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    [group] = (await any_house.do(lambda work: sharing.read_care(work, marram, "en"))).groups
    assert (group.seated, len(group.shared)) == (False, 1)
    await any_house.do(lambda work: rooms.enter(work, marram, room, {}))
    await any_house.do(lambda work: rooms.leave(work, carer, room))
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    [group] = (await any_house.do(lambda work: sharing.read_care(work, marram, "en"))).groups
    assert (group.seated, group.has_clinician) == (True, False)


async def test_one_shares_only_where_a_clinician_is_and_one_has_a_seat(house: House):
    marram, carer, room = await cast(house)
    empty = await house.room("Dunes", (marram, "member"))
    elsewhere = await house.room("Elsewhere", (carer, "clinician"))
    with pytest.raises(NotNow):
        await give(house, marram, empty, "mood")
    with pytest.raises(NotFound):
        await give(house, marram, elsewhere, "mood")
    for wording in ("2026-12", "2025-01 en", "2026-12 xx"):
        asked = care.NewShare(wording=wording, months=1)
        with pytest.raises(Stale):
            await house.do(lambda work, a=asked: sharing.give(work, marram, room, "mood", a))  # type: ignore[misc]
    found = await house.do(lambda work: sharing.read_care(work, marram, "en"))
    assert [group.room_name for group in found.groups] == ["Tides"]
    assert found.ledger == []


async def test_the_page_of_messages_holds_what_they_said_there_and_nothing_else(any_house: House):
    marram, carer, room = await cast(any_house)
    other = await any_house.room("Dunes", (marram, "member"), (carer, "clinician"))
    await any_house.say(room, marram, "It was a long night.")
    await any_house.say(room, carer, "Thank you for telling us.")
    await any_house.say(other, marram, "Somewhere else.")
    await any_house.hold(room, marram, "Held.")
    await give(any_house, marram, room, "messages")
    page = await any_house.do(
        lambda work: people.look_at_messages(work, carer, room, marram.id, None)
    )
    assert [message.text for message in page.messages] == ["It was a long night."]
    assert page.before is None
    with pytest.raises(NotFound):
        await any_house.do(
            lambda work: people.look_at_messages(work, carer, other, marram.id, None)
        )


async def test_a_check_in_is_kept_once_sealed_and_ones_own_to_take_away(any_house: House):
    marram, carer, _ = await cast(any_house)
    new = care.NewMood(client_id=new_id(), feeling="very_low")
    first = await any_house.do(lambda work: moods.check_in(work, marram, new))
    again = await any_house.do(lambda work: moods.check_in(work, marram, new))
    assert first == again

    def stored(work: Work) -> bytes:
        row = work.session.get(Mood, first.id)
        assert row
        return row.sealed

    assert b"very_low" not in await any_house.do(stored)
    with pytest.raises(NotFound):
        await any_house.do(lambda work: moods.remove(work, carer, first.id))
    await any_house.do(lambda work: moods.remove(work, marram, first.id))
    assert (await any_house.do(lambda work: moods.read_mine(work, marram))).moods == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_question_is_asked_whole_in_each_language(house: House, language: str):
    marram, _, _ = await cast(house)
    asked = await house.do(lambda work: sharing.read_care(work, marram, language))
    english = await house.do(lambda work: sharing.read_care(work, marram, "zz"))
    assert (asked.language, english.language) == (language, "en")
    assert len(asked.about) == len(english.about) == 5
    assert [one.scope for one in asked.questions] == ["mood", "measures", "messages", "alerts"]
    for mine, theirs in zip(asked.questions, english.questions, strict=True):
        assert mine.title
        assert mine.wording == f"2026-12 {language}"
        assert len(mine.words) == len(theirs.words) >= 2
        assert (mine.words == theirs.words) is (language == "en")
