"""Consent to learning: off until it is given, in full words, dated, and withdrawn in one step."""

from datetime import timedelta

import pytest

from server.access import Actor, Role
from server.errors import NotAllowed, NotNow, Stale
from server.protocol import consents as bodies
from server.protocol import judgement
from server.services import consents, labels
from server.store import audit
from server.store import consents as stored
from server.store.work import Work
from tests.server.store_fixture import MONDAY, House

LANGUAGES = ("en", "de", "es", "fr", "ar")


async def read(house: House, actor: Actor, language: str = "en") -> bodies.Consents:
    return await house.do(lambda work: consents.read_consents(work, actor, language))


async def agree(house: House, actor: Actor, language: str = "en") -> bodies.Consents:
    wording = (await read(house, actor, language)).asked[0].wording
    return await house.do(lambda work: consents.give(work, actor, "labels", wording))


async def take_back(house: House, actor: Actor) -> bodies.Consents:
    return await house.do(lambda work: consents.withdraw(work, actor, "labels", "en"))


async def allow(house: House, steward: Actor, *, allowed: bool = True) -> judgement.Labels:
    return await house.do(lambda work: labels.switch(work, steward, allowed=allowed))


async def cast(house: House) -> tuple[Actor, Actor]:
    return await house.join("marram"), await house.join("hearthkeeper", Role.STEWARD)


async def test_nothing_is_agreed_to_until_a_member_says_so(any_house: House):
    marram, keeper = await cast(any_house)
    asked = (await read(any_house, marram)).asked[0]
    assert (asked.allowed, asked.given, asked.copied_at) == (False, None, None)
    with pytest.raises(NotNow):
        await agree(any_house, marram)

    await allow(any_house, keeper)
    assert (await read(any_house, marram)).asked[0].given is None, "the steward agrees for nobody"
    given = (await agree(any_house, marram)).asked[0].given

    assert given is not None
    assert (given.given_at, given.until) == (MONDAY, MONDAY + timedelta(days=365))
    assert given.wording == "2026-11 en"
    assert await any_house.do(lambda work: stored.standing(work, "labels")) == {
        marram.id: "2026-11 en"
    }


async def test_taking_it_back_is_one_step_and_both_dates_stay(any_house: House):
    marram, keeper = await cast(any_house)
    await allow(any_house, keeper)
    await agree(any_house, marram)
    any_house.clock.move(days=3)

    after = await take_back(any_house, marram)
    assert after.asked[0].given is None
    assert await any_house.do(lambda work: stored.standing(work, "labels")) == {}
    any_house.clock.move(days=1)
    again = await agree(any_house, marram, "de")

    dates = [(row.given_at, row.withdrawn_at, row.wording) for row in again.ledger]
    assert dates == [
        (MONDAY + timedelta(days=4), None, "2026-11 de"),
        (MONDAY, MONDAY + timedelta(days=3), "2026-11 en"),
    ]
    verbs = await any_house.do(lambda work: [row.verb for row in _audited(work)])
    assert verbs == ["labels.on", "consent.give", "consent.withdraw", "consent.give"]


async def test_it_can_be_taken_back_where_the_place_no_longer_asks(house: House):
    marram, keeper = await cast(house)
    await allow(house, keeper)
    await agree(house, marram)
    await allow(house, keeper, allowed=False)
    shown = (await read(house, marram)).asked[0]
    assert shown.given is not None
    assert not shown.allowed
    assert (await take_back(house, marram)).asked[0].given is None


async def test_the_same_again_changes_nothing(house: House):
    marram, keeper = await cast(house)
    await allow(house, keeper)
    await agree(house, marram)
    assert len((await agree(house, marram)).ledger) == 1
    await take_back(house, marram)
    await take_back(house, marram)
    rows = await house.do(_audited)
    assert [row.verb for row in rows].count("consent.withdraw") == 1


async def test_it_ends_by_itself_after_a_year(house: House):
    marram, keeper = await cast(house)
    await allow(house, keeper)
    await agree(house, marram)
    house.clock.move(days=365)
    assert (await read(house, marram)).asked[0].given is None
    assert await house.do(lambda work: stored.count_standing(work, "labels")) == 0


async def test_other_words_than_todays_are_no_agreement(house: House):
    marram, keeper = await cast(house)
    await allow(house, keeper)
    for wording in ("2025-01 en", "2026-11", "2026-11 xx", ""):
        with pytest.raises(Stale):
            await house.do(lambda work, w=wording: consents.give(work, marram, "labels", w))  # type: ignore[misc]
    assert (await read(house, marram)).ledger == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_question_is_asked_whole_in_each_language(house: House, language: str):
    marram = await house.join("marram")
    asked = (await read(house, marram, language)).asked[0]
    english = (await read(house, marram, "zz")).asked[0]
    assert (asked.language, english.language) == (language, "en")
    assert len(asked.words) == len(english.words) == 7
    assert all(asked.words)
    assert asked.title
    assert asked.review
    assert (asked.words == english.words) is (language == "en")


async def test_a_peer_switches_nothing_for_the_place(house: House):
    marram, _ = await cast(house)
    for verb in (
        lambda work: labels.switch(work, marram, allowed=True),
        lambda work: labels.read_switch(work, marram),
    ):
        with pytest.raises(NotAllowed):
            await house.do(verb)


async def test_the_steward_sees_how_many_agreed_only_when_they_are_eight(house: House):
    _, keeper = await cast(house)
    await allow(house, keeper)
    peers = [await house.join(f"peer {number}") for number in range(8)]
    for peer in peers[:7]:
        await agree(house, peer)
    assert (await allow(house, keeper)).members is None
    await agree(house, peers[7])
    assert (await allow(house, keeper)).members == 8


def _audited(work: Work) -> list[audit.Row]:
    return [row for row in audit.rows(work) if row is not None]
