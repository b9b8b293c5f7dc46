"""Whom an answer calls, and how soon: confirmed by a clinician of the group before the group is asked."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import NotFound, NotNow, Stale
from server.measures import Catalogue, load
from server.protocol import measures as bodies
from server.services import measure_rounds, measure_terms, seats
from server.store.place import get_place
from server.store.tables import Audit, MeasurePlan
from tests.server.store_fixture import House
from tests.server.test_measures import Scene, leave

KNOWN = load()
PHQ = KNOWN.definitions["phq-9"]


def _changed(**danger: Any) -> Catalogue:
    """The same questionnaire, with another rule about its last question."""
    assert PHQ.danger is not None
    other = replace(PHQ, danger=replace(PHQ.danger, **danger))
    return replace(KNOWN, definitions={**KNOWN.definitions, "phq-9": other})


MILDER = _changed(urgency=(Urgency.NONE, Urgency.SOON, Urgency.SOON, Urgency.NOW))


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).set()


async def _plan(scene: Scene, known: Catalogue = KNOWN, days: int = 14) -> bodies.GroupMeasures:
    new = bodies.NewMeasurePlan(every_days=days)
    return await scene.house.do(
        lambda work: measure_rounds.plan(work, scene.linden, known, scene.room, "phq-9", new)
    )


async def _confirm(
    scene: Scene, known: Catalogue = KNOWN, who: Actor | None = None, terms: str | None = None
) -> bodies.GroupMeasures:
    read = terms or (await _calls(scene, known)).terms
    new = bodies.NewMeasureConfirmation(terms=read)
    return await scene.house.do(
        lambda work: measure_rounds.confirm(
            work, who or scene.linden, known, scene.room, "phq-9", new
        )
    )


async def _calls(scene: Scene, known: Catalogue = KNOWN) -> bodies.MeasureCalls:
    group = await scene.house.do(
        lambda work: measure_rounds.read_group(work, scene.linden, known, scene.room)
    )
    (calls,) = group.calls
    return calls


async def _unconfirmed(scene: Scene, known: Catalogue) -> list[tuple[UUID, str]]:
    return await scene.house.do(lambda work: measure_terms.find_unconfirmed(work, known))


async def _ask(scene: Scene, known: Catalogue = KNOWN) -> int:
    found = await _unconfirmed(scene, known)
    told = 0
    for plan_id, terms in found:
        told += await scene.house.do(partial(measure_terms.ask_for, plan_id=plan_id, terms=terms))
    return told


async def test_a_group_is_asked_only_after_its_clinician_confirmed_whom_an_answer_calls(
    scene: Scene,
):
    with pytest.raises(NotNow):
        await _plan(scene)
    assert (await scene.plan()).plans[0].measure == "gad-7", "no answer to it calls anybody"
    await _confirm(scene)
    assert [one.measure for one in (await _plan(scene)).plans] == ["gad-7", "phq-9"]


async def test_what_is_confirmed_says_whom_and_how_soon_and_who_stands_by_it(scene: Scene):
    calls = await _calls(scene)
    assert [(one.urgency, one.due_minutes, one.on_call_minutes) for one in calls.answers] == [
        ("none", None, None), ("soon", 60, 15), ("now", 5, 15), ("now", 5, 15),
    ]  # fmt: skip
    assert (calls.clinicians, calls.on_call) == (["linden"], []), "that nobody is on call is said"
    assert (calls.confirmed, calls.is_current) == (None, False)

    def name(work):
        place = get_place(work)
        place.on_call = [str(scene.linden.id), str(scene.fern.id)]
        work.session.add(place)

    await scene.house.do(name)
    calls = (await _confirm(scene)).calls[0]
    assert calls.on_call == ["linden"], "a moderator on call is not called for this"
    assert calls.is_current
    assert calls.confirmed is not None
    assert (calls.confirmed.name, calls.confirmed.edition) == ("linden", PHQ.version)
    query = select(Audit).where(Audit.verb == "measure.confirm")
    lines = await scene.house.do(lambda work: work.session.exec(query).all())
    await _confirm(scene)
    again = await scene.house.do(lambda work: work.session.exec(query).all())
    assert [line.actor for line in again] == [line.actor for line in lines] == [scene.linden.id]


async def test_nobody_else_confirms_and_nobody_what_they_did_not_read(scene: Scene):
    for stranger in (scene.fern, scene.marram):
        with pytest.raises(NotFound):
            await _confirm(scene, who=stranger)
    with pytest.raises(Stale):
        await _confirm(scene, terms=(await _calls(scene, MILDER)).terms)
    gad = bodies.NewMeasureConfirmation(terms="anything")
    with pytest.raises(NotNow):
        await scene.house.do(
            lambda work: measure_rounds.confirm(work, scene.linden, KNOWN, scene.room, "gad-7", gad)
        )
    assert (await _calls(scene)).confirmed is None


async def test_other_urgencies_or_another_edition_are_confirmed_anew(scene: Scene):
    await _confirm(scene)
    assert (await _calls(scene, MILDER)).is_current is False
    with pytest.raises(NotNow):
        await _plan(scene, MILDER)
    newer = replace(KNOWN, definitions={"phq-9": replace(PHQ, version="2001 en 2")})
    with pytest.raises(NotNow):
        await _plan(scene, newer)
    await _confirm(scene, MILDER)
    await _plan(scene, MILDER)


async def test_what_ran_before_goes_on_and_its_clinicians_are_asked_once(scene: Scene):
    await _confirm(scene)
    await _plan(scene)
    assert await _ask(scene) == 0, "it was confirmed"
    assert await _ask(scene, MILDER) == 1
    assert await _ask(scene, MILDER) == 0, "once for these terms"
    assert len(await scene.told(scene.linden, "measure_confirm")) == 1
    assert await scene.told(scene.fern, "measure_confirm") == []
    await scene.agree(scene.marram, "measures")
    assert await scene.round() == 1, "the group is asked all the same"
    assert (await _plan(scene, MILDER, days=28)).plans[0].every_days == 28

    def forget(work):
        for plan in work.session.exec(select(MeasurePlan)):
            plan.terms_told = None  # as an upgrade leaves it
            work.session.add(plan)

    await scene.house.do(forget)
    await _confirm(scene, MILDER)
    assert await _ask(scene, MILDER) == 0


async def test_two_workers_that_found_the_same_plan_ask_once(scene: Scene):
    await _confirm(scene)
    await _plan(scene)
    [(plan, terms)] = await _unconfirmed(scene, MILDER)
    ask = partial(measure_terms.ask_for, plan_id=plan, terms=terms)
    assert [await scene.house.do(ask), await scene.house.do(ask)] == [1, 0]
    assert len(await scene.told(scene.linden, "measure_confirm")) == 1


async def test_a_group_without_a_clinician_is_asked_once_it_has_one(scene: Scene):
    await _confirm(scene)
    await _plan(scene)
    await scene.house.do(lambda work: leave(work, scene.room, scene.linden))
    assert await _unconfirmed(scene, MILDER) == []
    juniper = await scene.house.join("juniper", Role.CLINICIAN)
    await scene.house.do(
        lambda work: seats.take_seat(work, scene.room, juniper.id, "clinician") and None
    )
    assert await _ask(scene, MILDER) == 1
    assert len(await scene.told(juniper, "measure_confirm")) == 1
