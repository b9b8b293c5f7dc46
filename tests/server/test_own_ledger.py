"""A member's own ledger: every automated act, bound into the audit log; published words leave nothing there."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, delete, select, update

from server.access import Actor, Role
from server.errors import AppealClosed, BadFrame, NotFound
from server.protocol import frames, reasons
from server.services import appeals, late, ledger, promises
from server.services.auditing import Report, examine
from server.services.reading import Reading
from server.store import acts
from server.store.tables import Act, Audit, Case, Decision, Notice
from server.store.work import Work
from tests.server.readings import DANGER, calm, harsh, severe
from tests.server.readings import late as not_read
from tests.server.store_fixture import House
from tests.server.test_decisions import Scene
from tests.server.test_posting import post, say


async def mine(house: House, actor: Actor, after: str | None = None) -> reasons.Ledger:
    return await house.database.read(lambda work: ledger.read_ledger(work, actor, after))


async def audit_rows(house: House) -> int:
    return await house.do(lambda work: len(work.session.exec(select(Audit.number)).all()))


async def look(house: House) -> Report:
    return await house.database.read(partial(examine, heads=None))


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).set()


async def write(scene: Scene, read: Reading, text: str = "words", **more: Any) -> list[Any]:
    return await say(scene.house, scene.marram, post(scene.room, text, **more), read)


async def test_published_words_leave_no_entry_and_no_row_in_the_audit_log(scene: Scene):
    before = await audit_rows(scene.house)
    for number in range(5):
        await write(scene, calm(), f"words {number}")
    await write(scene, not_read())

    found = await mine(scene.house, scene.marram)

    assert (found.read, found.not_read, found.followed, found.entries) == (5, 1, 0, [])
    assert await audit_rows(scene.house) == before


async def test_a_suggestion_is_an_entry_once_and_says_what_became_of_it(scene: Scene):
    frame = post(scene.room, "you are an idiot")
    await say(scene.house, scene.marram, frame, harsh())
    await say(scene.house, scene.marram, frame, harsh())

    [entry] = (await mine(scene.house, scene.marram)).entries

    assert (entry.kind, entry.band, entry.statement) == ("nudge", "high", None)
    assert entry.rules == ["It sounded harsh toward another person."]
    assert entry.clause_words
    assert entry.clause_words.startswith("We speak kindly")
    assert (entry.model, entry.policy != "") == ("test", True)

    insisted = frame.model_copy(update={"insist": True})
    await say(scene.house, scene.marram, insisted, harsh())
    [entry] = (await mine(scene.house, scene.marram)).entries
    assert entry.became == "You sent it as it was."


async def test_danger_is_told_in_words_and_never_by_a_score_or_a_rule(scene: Scene):
    await write(scene, calm(DANGER), DANGER)

    found = await mine(scene.house, scene.marram)

    [entry] = found.entries
    assert entry.kind == "risk"
    assert entry.words == "We thought you might be in danger and asked a person to look."
    assert (entry.rules, entry.band, entry.band_words) == ([], None, None)
    said = json.dumps(entry.model_dump(mode="json"))
    assert "score" not in said
    assert "acting_now" not in said
    assert await scene.house.do(_reasons) == [[]], "the guard: no code of danger is kept either"


def _reasons(work: Work) -> list[list[str]]:
    return [act.reasons for act in work.session.exec(select(Act))]


async def test_an_entry_says_what_a_role_did_afterwards_and_never_who(scene: Scene):
    await write(scene, severe(), "you will be sorry")
    [held] = (await mine(scene.house, scene.marram)).entries
    assert (held.kind, held.followed, held.may_ask) == ("hold", [], True)
    assert held.statement is not None

    [case] = await scene.house.do(_open_cases)
    await scene.decide(scene.fern, case, "hide")

    found = await mine(scene.house, scene.marram)
    [after] = found.entries[0].followed
    assert (after.by, after.did) == ("moderator", "took the message out of sight")
    assert after.statement is not None
    assert "fernhollow" not in found.model_dump_json()


def _open_cases(work: Work) -> Any:
    return work.session.exec(select(Case).where(col(Case.open_key).is_not(None))).all()


async def test_a_refusal_is_one_entry_an_hour_and_leads_to_what_it_follows_from(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "pause", minutes=600)
    for number in range(3):
        await write(scene, calm(), f"refused {number}")
    scene.house.clock.move(minutes=61)
    await write(scene, calm(), "refused again")

    entries = (await mine(scene.house, scene.marram)).entries

    [pause] = [notice for notice in await scene.told() if notice.kind == "pause"]
    assert [entry.kind for entry in entries] == ["refuse", "refuse"]
    assert {entry.statement for entry in entries} == {pause.id}
    assert "paused" in entries[0].words


async def test_what_was_read_late_is_an_entry_too(scene: Scene):
    await write(scene, not_read(), "words of a method")
    [waiting] = await scene.house.do(late.find_unread)
    await scene.house.do(lambda work: late.record(work, waiting.assessment_id, severe().assessment))

    [entry] = (await mine(scene.house, scene.marram)).entries

    assert (entry.kind, entry.may_ask) == ("collapse", True)
    assert (await look(scene.house)).ok


async def test_the_ledger_comes_in_pages_and_whole(scene: Scene):
    for number in range(ledger.PAGE + 3):
        scene.house.clock.move(hours=5)  # more nudges in a day there are not
        await write(scene, harsh(), f"you are an idiot {number}")

    first = await mine(scene.house, scene.marram)
    second = await mine(scene.house, scene.marram, first.after)
    whole = await scene.house.database.read(lambda work: ledger.export(work, scene.marram))

    assert (len(first.entries), len(second.entries), second.after) == (ledger.PAGE, 3, None)
    assert [*first.entries, *second.entries] == whole.entries
    assert len({entry.id for entry in whole.entries}) == whole.followed == ledger.PAGE + 3
    with pytest.raises(BadFrame):
        await mine(scene.house, scene.marram, "bm90IG9uZQ==")


async def test_nobody_reads_or_asks_about_the_ledger_of_another(scene: Scene):
    await write(scene, severe(), "you will be sorry")
    [entry] = (await mine(scene.house, scene.marram)).entries

    assert (await mine(scene.house, scene.fern)).entries == []
    with pytest.raises(NotFound):
        await scene.house.do(
            lambda work: appeals.ask_about(work, scene.fern, entry.id, "What was that?")
        )


async def test_a_person_can_be_asked_about_anything_once_and_the_second_time_kindly(scene: Scene):
    await write(scene, harsh(), "you are an idiot")
    [entry] = (await mine(scene.house, scene.marram)).entries

    def ask(work: Work) -> frames.Notice:
        return appeals.ask_about(work, scene.marram, entry.id, "It was a quotation.")

    notice = await scene.house.do(ask)
    with pytest.raises(AppealClosed, match="appeal_closed") as again:
        await scene.house.do(ask)
    assert "nothing is lost" in again.value.detail

    [case] = await scene.house.do(_open_cases)
    seen = await scene.look(scene.still, case.id)
    assert "It sounded harsh toward another person." in seen.line.why, "what the judge reads"
    await scene.decide(scene.still, case, "overturn", reason="You are right. I am sorry.")
    [asked] = (await mine(scene.house, scene.marram)).entries
    told = [one for one in await scene.told() if one.kind == "appeal"]
    assert (notice.appeal, asked.asked, asked.may_ask) == ("open", "overturned", False)
    assert [one.words for one in told] == ["You are right. I am sorry."]
    with pytest.raises(AppealClosed) as answered:
        await scene.house.do(ask)
    assert "outside this place" in answered.value.detail


async def test_asking_about_an_entry_has_an_end(scene: Scene):
    await write(scene, harsh(), "you are an idiot")
    [entry] = (await mine(scene.house, scene.marram)).entries
    scene.house.clock.move(days=30, seconds=1)
    with pytest.raises(AppealClosed):
        await scene.house.do(
            lambda work: appeals.ask_about(work, scene.marram, entry.id, "Please look.")
        )
    assert not (await mine(scene.house, scene.marram)).entries[0].may_ask


async def test_a_promise_keeps_its_words_where_it_was_named(scene: Scene):
    steward = await scene.house.join("hearthkeeper", Role.STEWARD)
    await write(scene, harsh(), "you are an idiot")
    patch = reasons.PromisePatch(words="Be gentle.")
    await scene.house.do(lambda work: promises.change_words(work, steward, "kind", patch))
    scene.house.clock.move(seconds=1)
    await write(scene, harsh(), "you are an idiot again")

    newer, older = (await mine(scene.house, scene.marram)).entries

    assert newer.clause_words == "Be gentle."
    assert older.clause_words != "Be gentle."


# --- bound into the audit log ---


async def _filled(scene: Scene) -> None:
    await write(scene, harsh(), "you are an idiot")
    await write(scene, severe(), "you will be sorry")
    await write(scene, calm(DANGER), DANGER)
    for case in await scene.house.do(_open_cases):
        await scene.decide(scene.fern, case, "dismiss")


def _first_act(work: Work) -> Act:
    return work.session.exec(select(Act).order_by(col(Act.bound))).first()  # type: ignore[return-value]


def _set(table: Any, at: int, **values: Any) -> Callable[[Work], None]:
    def tamper(work: Work) -> None:
        rows = work.session.exec(select(table.id).order_by(table.bound)).all()
        work.session.exec(update(table).where(table.id == rows[at]).values(**values))

    return tamper


def _swap_acts(work: Work) -> None:
    one, two = work.session.exec(select(Act).order_by(col(Act.bound))).all()[:2]
    first, second = one.bound, two.bound
    for act_id, number in ((one.id, -1), (two.id, first), (one.id, second)):
        work.session.exec(update(Act).where(col(Act.id) == act_id).values(bound=number))


def _take_out(table: Any) -> Callable[[Work], None]:
    def tamper(work: Work) -> None:
        first = work.session.exec(select(table.id).order_by(table.bound)).first()
        if table is Decision:
            work.session.exec(
                update(Notice).where(col(Notice.decision_id) == first).values(decision_id=None)
            )
        work.session.exec(delete(table).where(table.id == first))

    return tamper


def _put_in(work: Work) -> None:
    known = _first_act(work)
    work.session.add(Act(**known.model_dump(exclude={"id", "bound"}), bound=10_000))


def _decide_unbound(work: Work) -> None:
    known = work.session.exec(select(Decision)).first()
    assert known
    fields = known.model_dump(exclude={"id", "bound", "at"})
    work.session.add(Decision(**fields, at=known.at + timedelta(minutes=1)))


TAMPERINGS: dict[str, tuple[Callable[[Work], None], str]] = {
    "a softer band": (_set(Act, 0, band="low"), "kept_otherwise"),
    "another reason": (_set(Act, 1, reasons=["harsh"]), "kept_otherwise"),
    "another member": (_set(Act, 2, kind="nudge"), "kept_otherwise"),
    "an act is gone": (_take_out(Act), "kept_no_more"),
    "two are swapped": (_swap_acts, "kept_otherwise"),
    "one is put in": (_put_in, "unbound"),
    "another action": (_set(Decision, 0, action="hide"), "kept_otherwise"),
    "another reason for it": (_set(Decision, 0, sealed=b"other"), "kept_otherwise"),
    "a decision is gone": (_take_out(Decision), "kept_no_more"),
    "a decision is cut loose": (_set(Decision, 0, bound=None), "kept_no_more"),
    "a decision out of nowhere": (_decide_unbound, "unbound"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_whoever_changes_the_ledger_is_found(scene: Scene, name: str):
    await _filled(scene)
    assert (await look(scene.house)).ok, "the guard: all is well before"
    tamper, code = TAMPERINGS[name]

    await scene.house.do(tamper)

    report = await look(scene.house)
    assert codes(report) == [code]
    assert not report.is_acceptable
    assert "idiot" not in report.problems[0].words


async def test_what_was_decided_before_there_was_a_ledger_is_no_fault(scene: Scene):
    case = await scene.house.case(scene.room, scene.marram)
    await scene.decide(scene.fern, case, "warn")

    def as_before(work: Work) -> None:
        work.session.exec(update(Decision).values(bound=None))
        work.session.exec(delete(Audit))

    await scene.house.do(as_before)
    assert (await look(scene.house)).ok


async def test_the_count_takes_an_edited_message_once(scene: Scene):
    await write(scene, not_read(), "first words")

    count = await scene.house.do(lambda work: acts.count(work, scene.marram.id))
    assert (count.read, count.not_read) == (0, 1)
    [waiting] = await scene.house.do(late.find_unread)
    await scene.house.do(lambda work: late.record(work, waiting.assessment_id, calm().assessment))
    count = await scene.house.do(lambda work: acts.count(work, scene.marram.id))
    assert (count.read, count.not_read) == (1, 0)
