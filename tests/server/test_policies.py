"""A place's own policy: replayed before it applies, named by every verdict, taken back in one step."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from moderation.cases import CaseKind
from moderation.errors import PolicyInvalid
from moderation.policy import DEFAULT
from server.access import Actor, Role
from server.errors import NotAccepted, NotAllowed, NotFound, NotNow, NotReplayed, TooFast
from server.ids import new_id
from server.protocol import frames
from server.protocol import policy as bodies
from server.protocol.bodies import NewDecision, PolicyReview
from server.replay.policy import Asked, replay_history
from server.services import decisions, policies, policy, posting, queue, rooms
from server.services import messages as verbs
from server.services.in_force import Standing, Tally, find_in_force
from server.services.ordinary import Draft
from server.services.reading import Reading, with_hits
from server.settings import read_settings
from server.store import cases
from server.store import policies as stored
from server.store.tables import Assessment, Audit, Case, PolicyEdition
from server.store.work import Shadowed, Work
from tests.server.readings import DANGER, calm
from tests.server.store_fixture import House

SELLING = """
[[rule]]
name = "selling"
words = "This looks like something for sale"
terms = ["crypto"]
handling = "hold"
"""
SETTINGS = read_settings({}, classifier="lexicon")


async def keeper_of(house: House) -> Actor:
    return await house.join("hearthkeeper", Role.STEWARD)


async def replayed(house: House, text: str, days: int = 30) -> bodies.PolicyReport:
    report = await replay_history(
        house.database, SETTINGS, Asked(days=days, text=text), lambda done, total: None
    )
    await house.do(lambda work: policies.keep_replay(work, None, new_id(), text, report))
    return report


async def take(house: House, by: Actor, text: str, **more: Any) -> bodies.StewardPolicy:
    new = bodies.NewPolicyEdition(
        **({"text": text, "mode": "applied", "reason": "To try it."} | more)
    )
    return await house.do(lambda work: policies.take(work, by, new))


async def applied(house: House, by: Actor, text: str, **more: Any) -> bodies.StewardPolicy:
    await replayed(house, text)
    return await take(house, by, text, **more)


async def back(house: House, by: Actor, to: int) -> bodies.StewardPolicy:
    asked = bodies.PolicyRollback(to=to, reason="It folded a poem.")
    return await house.do(lambda work: policies.roll_back(work, by, asked))


async def read(house: House, text: str) -> Reading:
    """As the server reads it now."""
    standing = Standing()
    await standing.refresh(house.database)
    return with_hits(replace(calm().assessment, model="lexicon-only"), text, standing.now)


async def say(house: House, actor: Actor, room: UUID, text: str, **more: Any) -> list[Any]:
    frame = frames.Post(type="post", room=room, client_id=new_id(), text=text)
    draft = Draft(actor, frame, replace(await read(house, text), **more))
    return await house.database.do_together(posting.POSTS, draft)


async def stored_assessments(house: House) -> list[Assessment]:
    return list(
        await house.do(
            lambda work: work.session.exec(select(Assessment).order_by(col(Assessment.at))).all()
        )
    )


async def test_a_new_place_judges_as_shipped(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    shown = await any_house.do(lambda work: policies.read(work, keeper))
    assert (shown.number, shown.version, shown.editions) == (0, DEFAULT.version, [])
    assert shown.text == shown.shipped


async def test_applying_changes_what_the_next_message_is_judged_by(any_house: House) -> None:
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    before = await say(any_house, ash, room, "I sell crypto")
    assert [one.type for one in before] == ["posted"]

    shown = await applied(any_house, keeper, SELLING, reason="Adverts came in at night.")
    after = await say(any_house, ash, room, "I sell crypto again")

    assert [one.type for one in after] == ["held"]
    assert "This looks like something for sale" in after[0].words
    version = f"{DEFAULT.version}+1"
    assert shown.version == version
    assert [row.policy for row in await stored_assessments(any_house)] == [DEFAULT.version, version]
    case = await any_house.do(lambda work: work.session.exec(select(Case)).one())
    assert (case.kind, case.policy) == ("held", version)
    flag = (await any_house.do(lambda work: cases.flags_of(work, case.id)))[0]
    assert (flag.source, flag.reasons, flag.words) == (
        "rule", ["rule:selling"], ["This looks like something for sale"],
    )  # fmt: skip
    assert flag.spans == [{"start": 7, "end": 13, "signal": "rule:selling"}]
    edition = shown.editions[0]
    assert (edition.number, edition.reason, edition.by) == (
        1, "Adverts came in at night.", "hearthkeeper",
    )  # fmt: skip


async def test_a_rule_that_only_shows_opens_a_case_and_tells_its_author(any_house: House) -> None:
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    await applied(any_house, keeper, SELLING.replace('handling = "hold"', 'urgency = "soon"'))
    answers = await say(any_house, ash, room, "I sell crypto")
    assert [one.type for one in answers] == ["posted"]
    case = await any_house.do(lambda work: work.session.exec(select(Case)).one())
    assert (case.kind, case.urgency, case.about) == ("harm", "soon", None)
    words = [one.words for one in any_house.notices(ash) if isinstance(one, frames.Notice)]
    assert len(words) == 1
    assert "A rule of this place" in words[0]
    assert "This looks like something for sale" in words[0]


async def test_somebody_in_danger_is_heard_whatever_a_rule_says(any_house: House) -> None:
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    await applied(any_house, keeper, SELLING.replace("crypto", "pills"))
    answers = await say(any_house, ash, room, DANGER)
    assert [one.type for one in answers] == ["posted", "support"]
    case = await any_house.do(lambda work: work.session.exec(select(Case)).one())
    assert (case.kind, case.urgency) == ("risk", "now")


async def test_a_policy_applies_only_after_exactly_it_was_replayed(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    with pytest.raises(NotReplayed):
        await take(any_house, keeper, SELLING)
    await replayed(any_house, SELLING)
    with pytest.raises(NotReplayed):
        await take(any_house, keeper, SELLING + "\n# another word")
    with pytest.raises(NotReplayed):
        await take(any_house, keeper, SELLING, replay=new_id())
    assert (await take(any_house, keeper, SELLING)).number == 1
    with pytest.raises(NotReplayed):  # it was replayed against what no longer judges
        await take(any_house, keeper, SELLING)


async def test_a_replay_against_what_no_longer_judges_is_not_kept(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    report = await replayed(any_house, "[hold]\nthreat = 0.7")
    await applied(any_house, keeper, SELLING)
    with pytest.raises(NotNow):
        await any_house.do(
            lambda work: policies.keep_replay(work, None, new_id(), "[hold]\nthreat = 0.7", report)
        )


async def test_how_far_a_replay_is_any_worker_can_say(any_house: House) -> None:
    async def stands(replay: UUID) -> bodies.PolicyReplay:
        return await any_house.do(lambda work: policies.find_replay(work, replay))

    async def begin() -> UUID:
        replay = new_id()
        await any_house.do(lambda work: policies.begin_replay(work, replay))
        return replay

    first = await begin()
    any_house.clock.move(seconds=20)
    await any_house.do(lambda work: policies.tell_replay(work, first, 40, 90))
    any_house.clock.move(seconds=20)
    assert await stands(first) == bodies.PolicyReplay(
        id=first, state="running", done=40, total=90, report=None
    )
    with pytest.raises(TooFast):
        await begin()
    any_house.clock.move(seconds=10)
    assert (await stands(first)).state == "failed", "whoever ran it is gone"
    second = await begin()
    with pytest.raises(NotFound):
        await stands(first)
    await any_house.do(lambda work: policies.fail_replay(work, second))
    assert (await stands(second)).state == "failed"
    third = await begin()
    report = await replayed(any_house, SELLING)
    await any_house.do(lambda work: policies.keep_replay(work, None, third, SELLING, report))
    assert await stands(third) == bodies.PolicyReplay(
        id=third, state="done", done=report.messages, total=report.messages, report=report
    )
    await begin()


async def test_beyond_the_guard_band_somebody_must_have_read_what_it_means(
    any_house: House,
) -> None:
    keeper = await keeper_of(any_house)
    later = "[risk]\nnow_from = 0.8"
    await replayed(any_house, later)
    with pytest.raises(NotAccepted) as refused:
        await take(any_house, keeper, later)
    assert "acute danger would be seen later" in refused.value.detail
    shown = await take(any_house, keeper, later, accept_warnings=True)
    assert "risk.now_from" in shown.editions[0].warnings[0]
    verbs = await any_house.do(lambda work: [row.verb for row in work.session.exec(select(Audit))])
    assert "policy.apply.warned" in verbs


async def test_what_cannot_be_read_is_refused_with_its_line(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    with pytest.raises(PolicyInvalid, match=r"line 2, risk\.now_from: must be a number from"):
        await take(any_house, keeper, "[risk]\nnow_from = 7")
    draft = bodies.PolicyDraft(text=SELLING + 'rooms = ["attic"]')
    checked = await any_house.do(lambda work: policies.check_draft(work, keeper, draft))
    assert (checked.ok, checked.problems[0].key) == (False, "rule 1.rooms")


async def test_rolling_back_takes_one_step_and_keeps_the_history(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    await applied(any_house, keeper, SELLING)
    await applied(any_house, keeper, "[hold]\nthreat = 0.7", reason="Second.")
    shown = await back(any_house, keeper, 1)
    assert (shown.number, shown.text) == (3, SELLING)
    assert [(one.number, one.back_to, one.previous) for one in shown.editions] == [
        (3, 1, 2), (2, None, 1), (1, None, 0),
    ]  # fmt: skip
    with pytest.raises(NotNow):
        await back(any_house, keeper, 3)
    with pytest.raises(NotFound):
        await back(any_house, keeper, 9)
    shipped = await back(any_house, keeper, 0)
    assert (shipped.number, shipped.version, shipped.text) == (4, DEFAULT.version, shipped.shipped)
    verbs = await any_house.do(lambda work: [row.verb for row in work.session.exec(select(Audit))])
    assert verbs == ["policy.apply", "policy.apply", "policy.rollback", "policy.rollback"]


async def test_reasons_are_sealed(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    await applied(any_house, keeper, SELLING, reason="Because of Marram")
    row = await any_house.do(lambda work: stored.find(work, 1))
    assert row
    assert b"Marram" not in (row.sealed or b"")
    assert await any_house.do(lambda work: stored.open_reason(work, row)) == "Because of Marram"


async def test_only_stewards_may(any_house: House) -> None:
    for role in (Role.PEER, Role.MODERATOR, Role.CLINICIAN):
        actor = await any_house.join(str(role), role)
        with pytest.raises(NotAllowed):
            await any_house.do(partial(policies.read, actor=actor))
        with pytest.raises(NotAllowed):
            await take(any_house, actor, SELLING)
        with pytest.raises(NotAllowed):
            await back(any_house, actor, 0)


async def test_a_clinician_confirms_what_judges_and_nothing_else(any_house: House) -> None:
    keeper, vera = await keeper_of(any_house), await any_house.join("vera", Role.CLINICIAN)

    async def reviewed() -> bool:
        return (await any_house.do(lambda work: policies.read(work, keeper))).reviewed

    text = await any_house.do(lambda work: policy.read_policy(work, vera))
    await any_house.do(lambda work: policy.confirm(work, vera, _review(text.edition)))
    assert await reviewed()
    await applied(any_house, keeper, SELLING)
    assert not await reviewed()
    changed = await any_house.do(lambda work: policy.read_policy(work, vera))
    assert changed.texts["policy.toml"] == SELLING
    await back(any_house, keeper, 0)
    assert await reviewed()


def _review(edition: str) -> PolicyReview:
    return PolicyReview(edition=edition)


async def test_a_stored_policy_that_can_no_longer_be_read_gives_way_to_the_shipped_one(
    any_house: House,
) -> None:
    keeper = await keeper_of(any_house)

    def verb(work: Work) -> None:
        edition = PolicyEdition(
            number=1, id=new_id(), mode="applied", text="[gone]\nx = 1", at=work.now, previous=0,
            warnings=[],
        )  # fmt: skip
        stored.add(work, edition, "Of an older Hearth.")

    await any_house.do(verb)
    standing = await any_house.do(find_in_force)
    assert (standing.policy, standing.broken) == (DEFAULT, True)
    assert (await any_house.do(lambda work: policies.read(work, keeper))).broken
    assert (await back(any_house, keeper, 0)).broken is False


async def counted(house: House) -> dict[tuple[str, str], int]:
    """What those in shadow would have done, as it is written down."""
    tally = Tally()
    shadowed = [one for one in house.told if isinstance(one, Shadowed)]
    assert tally.take([*house.told]) == [one for one in house.told if one not in shadowed]
    house.told.clear()
    await tally.write_down(house.database)
    keeper = Actor(new_id(), "k", Role.STEWARD, new_id())
    shown = await house.do(lambda work: policies.read(work, keeper))
    found = {}
    for one in shown.shadow:
        for day in one.days:
            found[(one.what, "judged")] = day.judged
            found |= {(one.what, outcome): n for outcome, n in day.outcomes.items()}
    return found


async def test_a_rule_in_shadow_is_counted_and_does_nothing(any_house: House) -> None:
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    await applied(any_house, keeper, SELLING + "shadow = true\n")
    for text in ("I sell crypto", "more crypto", "hello", DANGER + ", crypto"):
        answers = await say(any_house, ash, room, text)
        assert answers[0].type == "posted"
    assert await counted(any_house) == {
        ("rule:selling", "judged"): 3, ("rule:selling", "publish>hold"): 2,
    }  # fmt: skip
    await say(any_house, ash, room, "crypto once more")
    assert (await counted(any_house))[("rule:selling", "judged")] == 4


async def test_a_policy_on_trial_judges_beside_the_one_in_force(any_house: House) -> None:
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    shown = await take(any_house, keeper, SELLING, mode="shadow")
    assert (shown.number, shown.trial, shown.trial_text) == (0, 1, SELLING)
    assert [one.type for one in await say(any_house, ash, room, "crypto")] == ["posted"]
    assert [one.type for one in await say(any_house, ash, room, "hello")] == ["posted"]
    assert await counted(any_house) == {("policy", "judged"): 2, ("policy", "publish>hold"): 1}
    end = bodies.PolicyTrialEnd(reason="We know enough.")
    assert (await any_house.do(lambda work: policies.end_trial(work, keeper, end))).trial is None
    with pytest.raises(NotNow):
        await any_house.do(lambda work: policies.end_trial(work, keeper, end))
    await say(any_house, ash, room, "crypto")
    assert [one for one in any_house.told if isinstance(one, Shadowed)] == []


async def test_applying_ends_a_trial(any_house: House) -> None:
    keeper = await keeper_of(any_house)
    await take(any_house, keeper, SELLING, mode="shadow")
    shown = await applied(any_house, keeper, "[hold]\nthreat = 0.7")
    assert (shown.number, shown.trial) == (2, None)


async def test_what_was_refused_is_counted_by_nobody(any_house: House) -> None:
    """Counts are of what became durable."""
    keeper, ash = await keeper_of(any_house), await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    await take(any_house, keeper, SELLING, mode="shadow")
    await any_house.do(lambda work: rooms.leave(work, ash, room))
    answers = await say(any_house, ash, room, "crypto")
    assert answers[0].type == "refused"
    assert [one for one in any_house.told if isinstance(one, Shadowed)] == []


async def test_a_replay_reads_the_past_and_what_people_decided(any_house: House) -> None:
    fern = await any_house.join("fern", Role.MODERATOR)
    ash, birch = await any_house.join("Ash"), await any_house.join("Birch")
    room = await any_house.room("Low days", (ash, "member"), (birch, "member"), (fern, "moderator"))
    for text in ("I sell crypto", "crypto, cheap", "a walk helped"):
        await say(any_house, ash, room, text)
    hidden = (await stored_assessments(any_house))[0].message_id
    await _decide(any_house, birch, fern, room, hidden, "hide")
    any_house.clock.move(days=8)
    await say(any_house, ash, room, "still crypto")

    report = await replayed(any_house, SELLING)

    assert (report.messages, report.people, report.affected_people) == (4, 1, 1)
    assert report.decided == {"risk": 0, "harmful": 1, "harmless": 0, "undecided": 3}
    assert (report.before.missed, report.after.missed, report.newly_caught) == (1, 0, 1)
    assert (report.newly_flagged, report.load.more_cases, report.rules) == (3, 3, {"selling": 3})
    assert (report.load.minutes_each, report.load.measured_on) == (2.0, 0)
    assert {one.name: one.newly_flagged for one in report.newcomers} == {"together": 3}
    assert report.moves == {"publish>hold": 3}
    assert (report.kept_readings, report.read_again) == (4, 0)
    assert any("two" in note or "2 minutes" in note for note in report.notes)
    week = await replayed(any_house, SELLING, days=7)
    assert week.messages == 1


async def test_what_another_model_read_is_read_again(any_house: House) -> None:
    ash = await any_house.join("Ash")
    room = await any_house.room("Low days", (ash, "member"))
    await say(any_house, ash, room, "hello", assessment=calm().assessment)
    await say(any_house, ash, room, "hello again")
    report = await replayed(any_house, SELLING)
    assert (report.kept_readings, report.read_again, report.not_assessed) == (1, 1, 1)


async def test_a_replay_measures_how_long_a_case_is_in_hand(any_house: House) -> None:
    fern = await any_house.join("fern", Role.MODERATOR)
    ash, birch = await any_house.join("Ash"), await any_house.join("Birch")
    room = await any_house.room("Low days", (ash, "member"), (birch, "member"), (fern, "moderator"))
    for number in range(6):
        await say(any_house, ash, room, f"number {number}")
    for row in await stored_assessments(any_house):
        await _decide(any_house, birch, fern, room, row.message_id, "dismiss", minutes=7)
    report = await replayed(any_house, SELLING)
    assert (report.load.minutes_each, report.load.measured_on) == (7.0, 6)
    assert report.decided["harmless"] == 6


async def _decide(
    house: House, by: Actor, fern: Actor, room: UUID, message: UUID, action: Any, minutes: int = 0
) -> None:
    flag = frames.Flag(type="flag", room=room, message=message, reason="unkind")
    await house.do(lambda work: verbs.flag(work, by, flag))
    case = await house.do(lambda work: cases.living_about(work, message, CaseKind.FLAG)[0])
    claimed = await house.do(lambda work: queue.claim(work, fern, case.id, case.version))
    house.clock.at += timedelta(minutes=minutes)
    decision = NewDecision(action=action, version=claimed.version, reason="For this test.")
    await house.do(lambda work: decisions.decide(work, fern, case.id, decision))
