"""What staff wrote about a case goes with the words of its case, and with the member it is about."""

from functools import partial
from typing import Any

import pytest
from sqlmodel import select

from server.access import Actor
from server.api.background import erase_who_left, remove_what_is_past
from server.errors import NotFound
from server.ids import new_id
from server.protocol import desk
from server.services import appeals, auditing, colleagues, erasure, opinions
from server.services import notices as told
from server.store import cases, fields
from server.store import colleagues as stored
from server.store.register import register
from server.store.sealing import Spot
from server.store.tables import Case, Decision, Hold, Notice
from server.store.work import Work
from tests.server.desk_scene import Scene
from tests.server.store_fixture import House

NOTE = "Marram told me about their sister."


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).prepare()


async def written_about(scene: Scene, *, urgent: bool = False) -> Any:
    """A case with everything that may be written about it: a flag, a note, an opinion, a reason."""
    house = scene.house
    said = await house.say(scene.room, scene.marram, "words of my own")
    case = await house.case(scene.room, scene.marram, said, refused_text="what was refused")
    await house.do(lambda work: _with_more_words(work, case.id, urgent=urgent))
    handed = desk.NewHandOver(version=(await scene.row(case.id)).version, to=None, note=NOTE)
    await house.do(lambda work: colleagues.hand_over(work, scene.fern, case.id, handed))
    asked = desk.NewOpinion(of=scene.still.id, question="Do you know about their sister?")
    await house.do(lambda work: opinions.ask(work, scene.fern, case.id, asked))
    [opinion] = await house.do(lambda work: stored.opinions_of(work, case.id))
    answer = desk.OpinionAnswer(words="She is ill.")
    await house.do(lambda work: opinions.answer(work, scene.still, case.id, opinion.id, answer))
    return await scene.row(case.id)


def _with_more_words(work: Work, case_id: Any, *, urgent: bool) -> None:
    case = _row(work, case_id)
    cases.seal_words(work, case, "an appeal")
    if not urgent:
        case.kind, case.about = "flag", None
    work.session.add(case)


def _row(work: Work, case_id: Any) -> Case:
    found = work.session.get(Case, case_id)
    assert found is not None
    return found


async def warned(scene: Scene) -> Any:
    case = await written_about(scene)
    await scene.decide(scene.fern, case, "warn", words="Please read the promises again.")
    await scene.wait()
    return await scene.row(case.id)


def _kept_with_cases() -> set[str]:
    """Columns of the register whose words go with the words of their case."""
    tables = {name for name, table in register().items() if table.kept == "cases"}
    return {
        f"{name}.{column}"
        for name in tables | {"decision"}
        for column, row in register()[name].columns.items()
        if row.kind == "words"
    }


async def standing_words(house: House) -> set[str]:
    def verb(work: Work) -> set[str]:
        wanted = _kept_with_cases()
        return {
            field.name
            for field in fields.FIELDS
            if field.name in wanted and work.connection.execute(field.query()).first()
        }

    return await house.do(verb)


async def log_is_good(house: House) -> bool:
    return await house.database.read(lambda work: auditing.examine(work, None).ok)


async def test_all_words_about_a_case_go_when_its_days_are_over_and_the_log_still_holds(
    scene: Scene,
) -> None:
    case = await warned(scene)
    there = await standing_words(scene.house)
    assert there == _kept_with_cases(), "the guard: each holds something"
    assert there >= {"hand_over.sealed", "opinion.answer", "decision.sealed", "case_flag.sealed"}
    scene.house.clock.move(days=729)
    await remove_what_is_past(scene.house.database)
    assert await standing_words(scene.house) == there, "not before"
    scene.house.clock.move(days=3)
    await remove_what_is_past(scene.house.database)
    assert await standing_words(scene.house) == set()
    assert await log_is_good(scene.house)
    reason = await scene.house.do(
        lambda work: cases.open_reason(work, _row(work, case.id), _decision(work, case.id))
    )
    assert reason == cases.UNREADABLE
    await remove_what_is_past(scene.house.database)


def _decision(work: Work, case_id: Any) -> Decision:
    return work.session.exec(
        select(Decision).where(Decision.case_id == case_id, Decision.action == "warn")
    ).one()


async def test_the_log_notices_a_reason_that_was_changed_or_taken_out_by_hand(
    scene: Scene,
) -> None:
    case = await warned(scene)
    assert await log_is_good(scene.house)

    def change(work: Work, sealed: bytes, digest: str | None) -> None:
        decision = _decision(work, case.id)
        decision.sealed, decision.sealed_digest = sealed, digest
        work.session.add(decision)

    before = await scene.house.do(lambda work: _decision(work, case.id).sealed)
    for sealed, digest in ((b"", None), (b"another", None), (b"another", "a" * 64), (b"", "a")):
        await scene.house.do(partial(change, sealed=sealed, digest=digest))
        assert not await log_is_good(scene.house), (sealed, digest)
    await scene.house.do(partial(change, sealed=before, digest=None))
    assert await log_is_good(scene.house)


async def test_a_reason_stays_while_an_appeal_is_not_answered(scene: Scene) -> None:
    await warned(scene)
    mine = await scene.house.do(lambda work: told.list_mine(work, scene.marram))
    notice = next(one for one in mine.notices if one.appeal_until)
    await scene.house.do(
        lambda work: appeals.appeal(work, scene.marram, notice.id, "Please look again.")
    )
    scene.house.clock.move(days=732)
    await remove_what_is_past(scene.house.database)
    assert "decision.sealed" in await standing_words(scene.house)


async def leave(house: House, who: Actor) -> None:
    await house.do(lambda work: erasure.ask(work, who))
    house.clock.move(hours=25)
    await erase_who_left(house.database)


async def test_words_about_who_was_erased_go_and_the_log_still_holds(scene: Scene) -> None:
    await warned(scene)
    await leave(scene.house, scene.marram)
    assert await standing_words(scene.house) == set()
    assert await log_is_good(scene.house)


async def test_words_of_a_held_case_go_when_its_date_comes(scene: Scene) -> None:
    await written_about(scene, urgent=True)
    await leave(scene.house, scene.marram)
    assert await scene.house.do(lambda work: work.session.exec(select(Hold)).first())
    assert {"hand_over.sealed", "opinion.sealed"} <= await standing_words(scene.house)
    scene.house.clock.move(days=91)
    await remove_what_is_past(scene.house.database)
    assert await standing_words(scene.house) == set()


async def test_who_was_erased_gets_no_notice_and_no_key(scene: Scene) -> None:
    case = await written_about(scene, urgent=True)
    await leave(scene.house, scene.marram)

    def notices_now(work: Work) -> int:
        query = select(Notice).where(Notice.member_id == scene.marram.id)
        return len(work.session.exec(query).all())

    before = await scene.house.do(notices_now)
    scene.house.told.clear()
    case = await scene.row(case.id)
    await scene.decide(scene.linden, case, "warn", words="Are you there?", undoable=False)
    assert await scene.house.do(notices_now) == before
    assert not scene.house.notices(scene.marram)


async def test_no_key_is_made_for_who_was_erased(house: House) -> None:
    member = await house.join("Ash")

    def seal(work: Work, owner: Any) -> bytes:
        spot = Spot("notice", "sealed", new_id(), None)
        return work.sealer.seal(owner, "words", spot)

    assert await house.do(lambda work: seal(work, member.id))
    await house.do(lambda work: work.sealer.shred(member.id, work.now))
    with pytest.raises(NotFound):
        await house.do(lambda work: seal(work, member.id))


def test_the_register_keeps_nothing_with_a_case_that_has_no_words() -> None:
    for name, table in register().items():
        has_words = any(column.kind == "words" for column in table.columns.values())
        assert table.kept != "with its case", name
        assert table.kept != "cases" or has_words, name
