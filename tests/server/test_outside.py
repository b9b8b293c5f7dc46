"""Reports from outside: kept once, looked at in time, answered by what became of the content, and by nothing else."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from server.access import Actor, Role
from server.api.background import tell_members
from server.errors import NotAllowed, NotFound, NotNow
from server.ids import new_code, new_id
from server.protocol import bodies, desk, duties, frames
from server.services import axes, duties_csv, outside, queue, retention, statements, take_down
from server.services.complaints import complain, list_all, list_mine, read, step
from server.store import audit
from server.store import outside as stored
from server.store.queue import Wanted
from server.store.tables import Complaint, Member, OutsideReport
from server.store.work import Work
from tests.server.desk_scene import Scene
from tests.server.live_server import ROOT
from tests.server.store_fixture import House

WHERE, WHY = "Somewhere in the kitchen, on Monday", "This urges people to buy something forbidden."
NAME, ADDRESS = "Jo Winter", "jo@example.org"


def form(kind: str = "other", where: str = WHERE, words: str = WHY) -> duties.OutsideForm:
    return duties.OutsideForm.model_validate(
        {
            "kind": kind, "where": where, "words": words, "name": NAME, "address": ADDRESS,
            "good_faith": True,
        }
    )  # fmt: skip


async def send(house: House, asked: duties.OutsideForm, code: str | None = None) -> outside.Sent:
    return await house.do(lambda work: outside.report(work, asked, code or new_code()))


async def look(house: House, code: str) -> outside.Shown:
    return await house.do(lambda work: outside.status(work, code))


async def listed(house: House, keeper: Actor) -> list[duties.ReportLine]:
    return (await house.do(lambda work: outside.list_reports(work, keeper))).reports


def link(room: UUID, message: UUID) -> str:
    return f"https://hearth.example.org/plain/rooms/{room}/messages/{message}"


async def reported(scene: Scene, kind: str = "other") -> tuple[outside.Sent, bodies.CaseLine]:
    """A message of Marram's, reported from outside, as its moderators find it."""
    message = await scene.house.say(scene.room, scene.marram, "Something questionable.")
    sent = await send(scene.house, form(kind, link(scene.room, message.id)))
    found = await scene.house.do(lambda work: queue.read_queue(work, scene.fern, Wanted()))
    return sent, found.cases[0]


@pytest.fixture
async def scene(house: House) -> Scene:
    return await Scene(house).prepare()


@pytest.fixture
async def any_scene(any_house: House) -> Scene:
    """Where the engine matters: locks, numbers, what is found past its time."""
    return await Scene(any_house).prepare()


# --- what becomes of it ---


async def test_a_report_with_a_link_is_a_case_and_its_answer_is_what_became_of_the_content(
    scene: Scene,
) -> None:
    sent, line = await reported(scene, "hate")
    assert line.take_down is not None
    assert (line.kind, line.urgency, line.take_down.kind, line.take_down.reports) == (
        "flag", "routine", "hate", 1,
    )  # fmt: skip
    assert line.take_down.due_at == sent.due_at == line.opened_at + timedelta(days=7)
    assert (await look(scene.house, sent.code)).state == "received"

    case = await scene.look(scene.fern, line)
    assert [(one.number, one.words) for one in case.outside] == [(sent.number, WHY)]
    assert NAME not in case.model_dump_json()
    assert ADDRESS not in case.model_dump_json()
    assert (case.flags[0].source, case.flags[0].note) == ("outside", None)
    assert (await look(scene.house, sent.code)).state == "looked"

    await scene.decide(scene.fern, case.line, "hide")
    assert (await look(scene.house, sent.code)).state == "looked", "it can still be taken back"
    await scene.wait()
    shown = await look(scene.house, sent.code)
    assert (shown.state, shown.outcome) == ("decided", "taken_down")
    assert shown.clause_words
    assert "It was aimed" not in repr(shown), "what was said to its author stays with them"
    assert "marram" not in repr(shown)
    [told] = [one for one in await scene.told() if one.kind == "hidden"]
    said = await scene.house.do(lambda work: statements.read_statement(work, scene.marram, told.id))
    assert "outside this place" in said.detected
    assert told.appeal_until is not None, "explained, and it can be appealed"


async def test_what_is_left_stays_and_another_look_changes_the_answer(scene: Scene) -> None:
    sent, line = await reported(scene)
    await scene.decide(scene.fern, line, "dismiss")
    await scene.wait()
    assert (await look(scene.house, sent.code)).outcome == "kept"
    assert await scene.kinds() == [], "nobody was told that a stranger asked"

    sent, line = await reported(scene)
    await scene.decide(scene.fern, line, "hide")
    await scene.wait()
    case = await scene.look(scene.fern, line)
    again = desk.ShowAgain(version=case.line.version, reason="On second thought.")
    await scene.house.do(lambda work: axes.show_again(work, scene.fern, line.id, again))
    shown = await look(scene.house, sent.code)
    assert (shown.outcome, shown.clause_words) == ("kept", None)


async def test_a_decision_that_is_taken_back_was_never_told(scene: Scene) -> None:
    sent, line = await reported(scene)
    decided = await scene.decide(scene.fern, line, "hide")
    await scene.undo(scene.fern, decided.line)
    await scene.wait()
    assert (await look(scene.house, sent.code)).state == "received"


async def test_two_reports_of_one_message_are_one_case(any_scene: Scene) -> None:
    message = await any_scene.house.say(any_scene.room, any_scene.marram, "Something questionable.")
    where = link(any_scene.room, message.id)
    first = await send(any_scene.house, form("privacy", where))
    second = await send(any_scene.house, form("child_abuse", where))
    found = await any_scene.house.do(lambda work: queue.read_queue(work, any_scene.fern, Wanted()))
    [line] = found.cases
    assert line.take_down is not None
    assert (line.flags, line.urgency, line.take_down.reports) == (2, "soon", 2)
    assert (line.take_down.kind, line.take_down.due_at) == ("child_abuse", second.due_at)
    await any_scene.decide(any_scene.fern, line, "hide", undoable=False)
    for sent in (first, second):
        assert (await look(any_scene.house, sent.code)).outcome == "taken_down"


async def test_one_about_somebody_who_keeps_the_room_alone_goes_to_others(scene: Scene) -> None:
    message = await scene.house.say(scene.elsewhere, scene.still, "Something questionable.")
    await send(scene.house, form(where=link(scene.elsewhere, message.id)))

    async def sees(actor: Actor) -> int:
        found = await scene.house.do(lambda work: queue.read_queue(work, actor, Wanted()))
        return len(found.cases)

    assert await sees(scene.still) == 0
    assert await sees(scene.fern) == await sees(scene.keeper) == 1


# --- for a steward ---


async def test_a_description_waits_for_a_steward_who_answers_in_words(scene: Scene) -> None:
    house, keeper = scene.house, scene.keeper
    sent = await send(house, form("terrorism"))
    [told] = [one for one in house.notices(keeper) if isinstance(one, frames.Notice)]
    assert (told.kind, told.automated) == ("outside_report", True)
    [line] = await listed(house, keeper)
    assert (line.state, line.with_moderators, line.urgent) == ("received", False, False)

    found = await house.do(lambda work: outside.read_report(work, keeper, line.id))
    assert (found.where, found.words, found.name, found.address) == (WHERE, WHY, NAME, ADDRESS)
    assert (await look(house, sent.code)).state == "looked"
    asked = duties.ReportAnswer(outcome="not_found", words="We looked in every room.")
    await house.do(lambda work: outside.answer(work, keeper, line.id, asked))
    shown = await look(house, sent.code)
    assert (shown.state, shown.outcome, shown.answer) == (
        "decided", "not_found", "We looked in every room.",
    )  # fmt: skip
    with pytest.raises(NotNow):
        await house.do(lambda work: outside.answer(work, keeper, line.id, asked))
    with pytest.raises(NotAllowed):
        await house.do(lambda work: outside.read_report(work, scene.fern, line.id))


async def test_a_steward_finds_the_message_and_hands_it_to_its_moderators(scene: Scene) -> None:
    house = scene.house
    sent = await send(house, form("hate"))
    [line] = await listed(house, scene.keeper)
    message = await house.say(scene.room, scene.marram, "Something questionable.")
    with pytest.raises(NotFound):
        await house.do(lambda work: outside.link(work, scene.keeper, line.id, "no link at all"))
    where = link(scene.room, message.id)
    found = await house.do(lambda work: outside.link(work, scene.keeper, line.id, where))
    assert (found.line.with_moderators, found.words) == (True, None), "they read it, not a steward"
    assert found.line.due_at == sent.due_at, "the clock runs on"
    shown = await house.do(lambda work: queue.read_queue(work, scene.fern, Wanted()))
    assert shown.cases[0].take_down is not None


async def test_a_link_that_names_nothing_here_is_answered_alike(scene: Scene) -> None:
    house = scene.house
    hidden = await house.say(scene.room, scene.marram, "Something questionable.")

    def hide(work: Work) -> None:
        row = work.session.merge(hidden)
        row.state = "hidden"

    await house.do(hide)
    shown_ones = await house.say(scene.room, scene.marram, "Something else.")
    sent = [
        await send(house, form(where=link(scene.room, one)))
        for one in (hidden.id, new_id(), shown_ones.id)
    ]
    seen = {(one.state, one.outcome) for one in [await look(house, one.code) for one in sent]}
    assert seen == {("received", None)}
    assert [one.with_moderators for one in await listed(house, scene.keeper)] == [
        False, False, True,
    ]  # fmt: skip


async def test_words_of_danger_are_looked_at_now_wherever_they_lead(scene: Scene) -> None:
    house = scene.house
    words = "She wrote that she has taken all her pills tonight. My friend wants to die."
    message = await house.say(scene.room, scene.marram, "Good night.")
    first = await send(house, form("suicide", link(scene.room, message.id), words))
    found = await house.do(lambda work: queue.read_queue(work, scene.fern, Wanted()))
    assert (first.urgent, found.cases[0].urgency) == (True, "now")
    assert any(frame.alert for frame in house.staff())
    second = await send(house, form("suicide", WHERE, words))
    assert second.urgent
    told = [one for one in house.notices(scene.keeper) if isinstance(one, frames.Notice)]
    assert "may be in danger" in told[-1].words
    calm = await send(house, form("suicide"))
    assert not calm.urgent, "the guard: not every report is"


# --- kept once, under a code, sealed ---


async def test_a_report_sent_twice_is_kept_once_and_another_under_the_same_code_is_not_lost(
    house: House,
) -> None:
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    code = new_code()
    first, again = await send(house, form(), code), await send(house, form(), code)
    assert (first.code, first.number) == (again.code, again.number) == (code, 1)
    other = await send(house, form(words="Other words, sent after going back."), code)
    assert other.code != code
    assert len(await listed(house, keeper)) == 2
    weak = await send(house, form(words="With a code somebody made up."), "aaaa")
    assert len(weak.code) == len(code)


async def test_a_code_that_is_not_one_opens_nothing_and_words_are_sealed(house: House) -> None:
    sent = await send(house, form())
    assert (await look(house, sent.code.lower().replace("-", " "))).number == sent.number
    for code in ("", "nothing", new_code(), sent.code[:-1]):
        with pytest.raises(NotFound):
            await look(house, code)

    def kept(work: Work) -> str:
        row = stored.newest(work, 1)[0]
        assert row.sealed
        return repr(row.model_dump())

    row = await house.do(kept)
    for words in (WHY, WHERE, NAME, ADDRESS, sent.code):
        assert words not in row


# --- the clock ---


async def test_a_report_past_its_time_is_told_to_stewards_once(any_scene: Scene) -> None:
    house, keeper = any_scene.house, any_scene.keeper
    await send(house, form("child_abuse"))
    house.clock.move(hours=23.9)
    await tell_members(house.database)
    assert (await house.do(take_down.status)).late == 0
    house.told.clear()
    house.clock.move(hours=0.2)
    await tell_members(house.database)
    await tell_members(house.database)
    assert len(house.notices(keeper)) == 1
    status = await house.do(take_down.status)
    assert (status.open, status.late, status.median_s) == (1, 1, None)

    asked = duties.ReportAnswer(outcome="gone", words="It was gone.")
    [line] = await listed(house, keeper)
    await house.do(lambda work: outside.answer(work, keeper, line.id, asked))
    status = await house.do(take_down.status)
    assert (status.open, status.late, status.median_s) == (0, 0, 24.1 * 3_600)


async def test_a_steward_sets_other_hours_and_a_short_clock_is_looked_at_soon(scene: Scene) -> None:
    house, keeper = scene.house, scene.keeper

    async def change(kind: duties.ReportKind, hours: int | None) -> None:
        patch = duties.TakeDownPatch(hours=hours)
        await house.do(lambda work: take_down.change(work, keeper, kind, patch))

    await change("hate", 12)
    sent, line = await reported(scene, "hate")
    assert sent.due_at == house.clock.now() + timedelta(hours=12)
    assert line.urgency == "soon", "its first look is due before its clock ends"
    await change("hate", None)
    sent, line = await reported(scene, "hate")
    assert sent.due_at == house.clock.now() + timedelta(days=7)
    patch = duties.TakeDownPatch(hours=1)
    with pytest.raises(NotAllowed):
        await house.do(lambda work: take_down.change(work, scene.fern, "hate", patch))


def test_every_kind_has_its_time_and_a_first_look_long_before() -> None:
    assert tuple(take_down.kinds()) == take_down.KINDS
    assert {name: kind.hours for name, kind in take_down.kinds().items()} == {
        "child_abuse": 24, "threats": 24, "terrorism": 24, "intimate_images": 48, "suicide": 24,
        "hate": 168, "privacy": 168, "other": 168,
    }  # fmt: skip
    assert [name for name, kind in take_down.kinds().items() if not kind.named] == ["child_abuse"]


# --- complaints ---


def new(kind: str = "treated", notice: UUID | None = None) -> duties.NewComplaint:
    return duties.NewComplaint.model_validate(
        {"client_id": new_id(), "kind": kind, "words": "Nobody answered me.", "notice": notice}
    )


async def steps(house: House, actor: Actor, found: UUID, **asked: object) -> duties.Complaint:
    done = duties.NewStep.model_validate(asked)
    return await house.do(lambda work: step(work, actor, found, done))


async def test_a_complaint_is_logged_answered_and_told_and_its_history_stays(
    any_scene: Scene,
) -> None:
    house, keeper = any_scene.house, any_scene.keeper
    asked = new()
    await house.do(lambda work: complain(work, any_scene.marram, asked))
    mine = await house.do(lambda work: complain(work, any_scene.marram, asked))
    assert [(one.number, one.state) for one in mine.complaints] == [(1, "open")], "kept once"
    assert mine.outside
    house.clock.move(days=3)
    [line] = (await house.do(lambda work: list_all(work, keeper))).complaints
    assert (line.source, line.state, line.days_open, line.handler) == ("member", "open", 3, None)

    await steps(house, keeper, line.id, step="take")
    await steps(house, keeper, line.id, step="note", words="I have asked the moderators.")
    done = await steps(
        house, keeper, line.id, step="answer", outcome="partly", words="We were slow. We are sorry."
    )
    assert [one.step for one in done.steps] == ["opened", "taken", "note", "answered"]
    assert (done.line.state, done.line.outcome, done.line.mine) == ("answered", "partly", True)
    with pytest.raises(NotNow):
        await steps(house, keeper, line.id, step="answer", outcome="upheld", words="Again.")
    [mine_now] = (await house.do(lambda work: list_mine(work, any_scene.marram))).complaints
    assert (mine_now.outcome, mine_now.answer) == ("partly", "We were slow. We are sorry.")
    assert "asked the moderators" not in mine_now.model_dump_json(), "notes are the stewards' own"
    assert (await any_scene.told())[0].words == "We were slow. We are sorry."
    again = await steps(house, keeper, line.id, step="reopen", words="The dates were wrong.")
    assert (again.line.state, len(again.steps)) == ("open", 5)

    def verbs(work: Work) -> list[str]:
        return [row.verb for row in audit.rows(work) if row and row.verb.startswith("complaint.")]

    assert await house.do(verbs) == [
        "complaint.open", "complaint.take", "complaint.note", "complaint.answer",
        "complaint.reopen",
    ]  # fmt: skip


async def test_nobody_answers_what_they_decided_or_complained_of(scene: Scene) -> None:
    house, keeper = scene.house, scene.keeper
    other = await house.join("second keeper", Role.STEWARD)
    sent = await send(house, form())
    [report] = await listed(house, keeper)
    asked = duties.ReportAnswer(outcome="kept", words="It may stay.")
    await house.do(lambda work: outside.answer(work, keeper, report.id, asked))
    await house.do(lambda work: outside.complain(work, sent.code, "It may not."))
    await house.do(lambda work: outside.complain(work, sent.code, "It may not."))
    with pytest.raises(NotNow):
        await house.do(lambda work: outside.complain(work, sent.code, "And another thing."))
    await house.do(lambda work: complain(work, other, new()))
    theirs, others = (await house.do(lambda work: list_all(work, keeper))).complaints
    assert (theirs.source, others.source) == ("outside", "member")
    for actor, found in ((keeper, theirs), (other, others)):
        with pytest.raises(NotAllowed):
            await steps(house, actor, found.id, step="answer", outcome="not_upheld", words="No.")
    with pytest.raises(NotNow):
        await steps(house, other, theirs.id, step="pass", to=str(keeper.id))
    await steps(house, keeper, theirs.id, step="pass", to=str(other.id))
    await steps(house, other, theirs.id, step="answer", outcome="upheld", words="You were right.")
    shown = await look(house, sent.code)
    assert [(one.outcome, one.answer) for one in shown.complaints] == [
        ("upheld", "You were right.")
    ]
    assert shown.may_complain
    with pytest.raises(NotAllowed):
        await house.do(lambda work: read(work, scene.fern, theirs.id))


async def test_a_complaint_about_a_decision_is_not_for_whoever_made_it(scene: Scene) -> None:
    house = scene.house
    _, line = await reported(scene)
    await scene.decide(scene.fern, line, "hide", undoable=False)
    [told] = [one for one in await scene.told() if one.kind == "hidden"]
    await house.do(lambda work: complain(work, scene.marram, new("decision", told.id)))
    with pytest.raises(NotFound):
        await house.do(lambda work: complain(work, scene.still, new("decision", told.id)))

    def promote(work: Work) -> None:
        row = work.session.get(Member, scene.fern.id)
        assert row is not None
        row.role = "steward"
        work.session.add(row)

    await house.do(promote)
    fern = Actor(scene.fern.id, "fernhollow", Role.STEWARD, scene.fern.session)
    [found] = (await house.do(lambda work: list_all(work, fern))).complaints
    with pytest.raises(NotAllowed):
        await steps(house, fern, found.id, step="take")


async def test_a_year_in_numbers_holds_no_words(scene: Scene) -> None:
    house, keeper = scene.house, scene.keeper
    await send(house, form("hate"))
    _, line = await reported(scene, "hate")
    house.clock.move(hours=6)
    await scene.decide(scene.fern, line, "hide", undoable=False)
    await house.do(lambda work: complain(work, scene.marram, new()))
    rows = await house.do(lambda work: duties_csv.read_year(work, keeper, 2026))
    found = {row[1:4]: row[4] for row in rows}
    hate = ("reports from outside", "hate")
    assert [found[*hate, name] for name in ("received", "taken_down", "not decided yet")] == [
        2, 1, 1,
    ]  # fmt: skip
    assert found[*hate, "median time"] == 6.0
    assert found["complaints", "treated", "received"] == 1
    content = b"".join(duties_csv.stream(rows)).decode()
    for words in (WHY, NAME, ADDRESS, "Nobody answered me.", "marram"):
        assert words not in content
    empty = await house.do(lambda work: duties_csv.read_year(work, keeper, 2025))
    assert sum(row[4] or 0 for row in empty if isinstance(row[4], int)) == 0


# --- how long ---


async def test_words_go_with_their_days_and_the_counts_stay(any_scene: Scene) -> None:
    house, keeper = any_scene.house, any_scene.keeper
    sent = await send(house, form())
    [line] = await listed(house, keeper)
    asked = duties.ReportAnswer(outcome="kept", words="It may stay.")
    await house.do(lambda work: outside.answer(work, keeper, line.id, asked))
    await house.do(lambda work: outside.complain(work, sent.code, "It may not."))

    async def past(kind: str) -> int:
        ids = await house.do(lambda work: retention.find_past(work, kind))
        return await house.do(lambda work: retention.remove(work, kind, ids))

    house.clock.move(days=731)
    assert await past("reports") == 0, "somebody still complains about it"

    def close(work: Work) -> None:
        for one in work.session.exec(select(Complaint)):
            work.session.add(one)
            one.state, one.outcome, one.answered_at = "answered", "upheld", work.now

    await house.do(close)
    assert await past("reports") == 1
    assert await past("reports") == 0
    shown = await look(house, sent.code)
    assert (shown.outcome, shown.answer) == ("kept", None)
    assert shown.complaints[0].words is None

    def rows(work: Work) -> list[OutsideReport]:
        return list(stored.newest(work, 10))

    [row] = await house.do(rows)
    assert (row.sealed, row.sealed_answer, row.outcome) == (None, None, "kept")


def test_the_risk_assessment_points_to_tests_that_are_there_and_says_the_times_that_count() -> None:
    page = (ROOT / "docs" / "risk-assessment.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", page))
    assert len(files) > 4
    assert {name for name in files if not (ROOT / name).exists()} == set()
    here = Path(__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    assert named
    assert {name for name in named if f"def {name}(" not in here} == set()
    for hours in ("24 hours", "48 hours", "7 days"):
        assert hours in page
    links = re.findall(r"\]\(([a-z-]+/[\w./-]+)\)", page)
    assert links
    assert {link for link in links if not (ROOT / "docs" / link).exists()} == set()
