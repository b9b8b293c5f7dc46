"""The steward's figures beside a slow count of the raw rows, which knows nothing of the fast one."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from moderation.cases import CaseKind
from moderation.lexicon import category_of
from server.access import Actor, Role
from server.errors import NotAllowed
from server.ids import new_id
from server.protocol import bodies as wire
from server.protocol import frames
from server.protocol import judgement as bodies
from server.services import appeals, decisions, judgement, messages, notices
from server.store.tables import (
    Assessment,
    Audit,
    Case,
    CaseFlag,
    Decision,
    Message,
    Notice,
    Undo,
    WrongRule,
)
from server.store.work import Work
from tests.server.store_fixture import MONDAY, House

REASONS = ("acting_now", "intent", "risk", "threat", "reader_harm", "our_own_rule")
FLAGS = ("flag_worried", "flag_unkind", "flag_unsafe", "flag_private", "flag_not_sure")
ACTIONS = (
    "dismiss", "hide", "care_note", "warn", "reach_out", "escalate", "rule_wrong", "pause"
)  # fmt: skip
MODELS = ("hearth-en-1", "hearth-en-2")
WEEKS = 6


async def figures(house: House, actor: Actor, weeks: int = WEEKS) -> bodies.Judgement:
    return await house.do(lambda work: judgement.read_judgement(work, actor, weeks))


def rule(shown: bodies.Judgement, name: str) -> bodies.Judged:
    return next(one for one in (*shown.rules, *shown.models) if one.name == name)


def counts(outcomes: bodies.Outcomes) -> tuple[int, ...]:
    return (
        outcomes.flagged, outcomes.confirmed, outcomes.dismissed, outcomes.wrong, outcomes.waiting
    )  # fmt: skip


class Past:
    """Some weeks of cases of every kind, written as rows."""

    def __init__(self, seed: int, room: UUID, author: UUID, by: UUID) -> None:
        self._draw = random.Random(seed)
        self._room, self._author, self._by = room, author, by

    def write(self, work: Work) -> None:
        earlier: list[Message] = []
        for _ in range(150):
            at = work.now - timedelta(minutes=self._draw.randrange(WEEKS * 7 * 24 * 60))
            again = bool(earlier) and self._draw.random() < 0.2
            message = self._draw.choice(earlier) if again else self._message(work, at)
            earlier.append(message)
            self._case(work, message, at)

    def _message(self, work: Work, at: datetime) -> Message:
        message = Message(
            room_id=self._room, author_id=self._author, client_id=new_id(), fingerprint=b"", at=at
        )
        work.session.add(message)
        work.session.flush()
        for number in range(self._draw.randrange(3)):
            read = at + timedelta(minutes=5 * number - 1)
            reading = Assessment(
                message_id=message.id, room_id=self._room, assessed=self._draw.random() < 0.8,
                model=self._draw.choice(MODELS), signals={}, policy="1", handling="publish",
                urgency="none", reasons=[], at=read,
            )  # fmt: skip
            work.session.add(reading)
        return message

    def _case(self, work: Work, message: Message, at: datetime) -> None:
        kind = self._draw.choice(("risk", "harm", "held", "flag", "line", "look_again", "appeal"))
        case = Case(
            room_id=self._room, subject_id=self._author,
            message_id=None if kind == "line" else message.id, kind=kind, urgency="soon",
            urgency_rank=2, opened_at=at, due_at=at, policy="1",
        )  # fmt: skip
        work.session.add(case)
        work.session.flush()
        for number in range(self._draw.randrange(1, 4)):
            self._flag(work, case, at + timedelta(minutes=number))
        for number in range(self._draw.randrange(3)):
            self._decide(work, case, at + timedelta(hours=1 + number))

    def _flag(self, work: Work, case: Case, at: datetime) -> None:
        source = self._draw.choice(
            ("classifier", "lexicon", "member", "moderator", "refused", "clock")
        )
        known = FLAGS if source in ("member", "moderator") else REASONS
        reasons = self._draw.sample(known, self._draw.randrange(1, 3))
        flag = CaseFlag(case_id=case.id, source=source, reasons=reasons, words=[], spans=[], at=at)
        work.session.add(flag)

    def _decide(self, work: Work, case: Case, at: datetime) -> None:
        action = self._draw.choice(ACTIONS)
        if action == "rule_wrong":
            work.session.add(
                WrongRule(
                    case_id=case.id, by=self._by, rule=f"risk {at}", model="1", policy="1", at=at
                )
            )
            return
        decision = Decision(
            case_id=case.id, action=action, by=self._by, sealed=b"", at=at, policy="1", case_version=1,
        )  # fmt: skip
        work.session.add(decision)
        work.session.flush()
        if self._draw.random() < 0.1:
            self._take_back(work, case, decision, at)
        if self._draw.random() < 0.4:
            self._appeal(work, case, decision, at)

    def _take_back(self, work: Work, case: Case, decision: Decision, at: datetime) -> None:
        undo = Undo(
            decision_id=decision.id, case_id=case.id, step=int(at.timestamp()), until=at,
            waits=False, before={}, undone_at=at,
        )  # fmt: skip
        back = Decision(
            case_id=case.id, action="undo", by=self._by, sealed=b"", at=at, policy="1",
            case_version=1,
        )  # fmt: skip
        work.session.add_all([undo, back])
        work.session.flush()

    def _appeal(self, work: Work, case: Case, decision: Decision, at: datetime) -> None:
        """Of the decision or of what the machine did; judged by a person, or lapsed."""
        of_machine = self._draw.random() < 0.5
        notice = Notice(
            member_id=self._author, kind="held" if of_machine else "hidden", code="held",
            message_id=case.message_id, decision_id=None if of_machine else decision.id,
            automated=of_machine, by_role="machine", appeal="overturned", at=at,
        )  # fmt: skip
        work.session.add(notice)
        work.session.flush()
        appeal = Case(
            room_id=self._room, subject_id=self._author, message_id=case.message_id, kind="appeal",
            urgency="soon", urgency_rank=2, opened_at=at, due_at=at, policy="1", appeal_of=notice.id,
        )  # fmt: skip
        work.session.add(appeal)
        work.session.flush()
        answer = self._draw.choice(("overturn", "uphold", None))
        if answer:
            work.session.add(
                Decision(
                    case_id=appeal.id, action=answer, by=self._by, sealed=b"", at=at, policy="1",
                    case_version=1,
                )
            )  # fmt: skip


class Reference:
    """The same figures by going through every row for every question."""

    ACTED = frozenset({"hide", "care_note", "warn", "pause", "remove_member", "reach_out"})
    BY_MACHINE = frozenset({"classifier", "lexicon", "refused"})
    BY_PEOPLE = frozenset({"member", "moderator"})

    def __init__(self, work: Work) -> None:
        def everything(table: Any) -> list[Any]:
            return list(work.session.exec(select(table)).all())

        self.start = datetime(2026, 11, 16, tzinfo=UTC) - timedelta(weeks=WEEKS - 1)
        self.flags: list[CaseFlag] = everything(CaseFlag)
        undone = {undo.decision_id for undo in everything(Undo)}
        self.decisions: list[Decision] = [
            one for one in everything(Decision) if one.id not in undone
        ]
        self.wrong: list[WrongRule] = everything(WrongRule)
        self.notices: list[Notice] = everything(Notice)
        self.readings: list[Assessment] = everything(Assessment)
        self.all: list[Case] = everything(Case)
        self.cases = [
            case
            for case in self.all
            if case.opened_at >= self.start and case.kind not in ("appeal", "look_again")
        ]

    def asked(self, case: Case) -> list[CaseFlag]:
        known = self.BY_MACHINE | self.BY_PEOPLE
        mine = [flag for flag in self.flags if flag.case_id == case.id and flag.source in known]
        return sorted(mine, key=lambda flag: (flag.at, flag.id))

    def undone(self, notice: Notice) -> bool:
        appeals_of = [case for case in self.all if case.appeal_of == notice.id]
        return any(
            decision.case_id == case.id and decision.action == "overturn"
            for case in appeals_of
            for decision in self.decisions
        )

    def label(self, case: Case) -> str:
        mine = [decision for decision in self.decisions if decision.case_id == case.id]
        if any(call.case_id == case.id for call in self.wrong):
            return "wrong"
        gone = {n.decision_id for n in self.notices if n.decision_id and self.undone(n)}
        acts = [decision for decision in mine if decision.action in self.ACTED]
        if any(decision.id not in gone for decision in acts):
            return "confirmed"
        by_itself = any(
            notice.automated and not notice.decision_id and self.undone(notice)
            and notice.message_id is not None and notice.message_id == case.message_id
            for notice in self.notices
        )  # fmt: skip
        if acts or by_itself or any(decision.action == "dismiss" for decision in mine):
            return "dismissed"
        return "waiting"

    def rules(self, case: Case) -> set[tuple[str, str]]:
        found = set()
        for flag in self.asked(case):
            for reason in flag.reasons if flag.source in self.BY_MACHINE else ():
                if reason == "our_own_rule":
                    found.add(("own", reason))
                elif category_of(reason):
                    found.add(("lexicon", str(category_of(reason))))
                else:
                    found.add(("signal", reason))
        return found

    def model(self, case: Case) -> str | None:
        if not any(kind == "signal" for kind, _ in self.rules(case)):
            return None
        first = next(flag.at for flag in self.asked(case) if flag.source in self.BY_MACHINE)
        known = [
            reading
            for reading in self.readings
            if reading.assessed and reading.message_id == case.message_id and reading.at <= first
        ]
        return max(known, key=lambda r: (r.at, r.id)).model if known else None

    def missed(self, case: Case) -> bool:
        first = self.asked(case)[0]
        if first.source in self.BY_MACHINE:
            return False
        same = {c.id for c in self.all if case.message_id and c.message_id == case.message_id}
        return not any(
            flag.case_id in same and flag.source in self.BY_MACHINE and flag.at <= first.at
            for flag in self.flags
        )

    def classes(self, case: Case) -> set[str]:
        names = {
            "flag_worried": "danger", "flag_unkind": "harm", "flag_unsafe": "readers",
            "flag_private": "private", "flag_not_sure": "unsure", "acting": "danger",
            "intent": "danger", "risk": "danger", "threat": "harm", "reader_harm": "readers",
            "our_own_rule": "unsure",
        }  # fmt: skip
        if self.missed(case):
            people = [flag for flag in self.asked(case) if flag.source in self.BY_PEOPLE]
            return {names[reason] for flag in people for reason in flag.reasons}
        return {names[name] for _, name in self.rules(case)}

    def week(self, case: Case) -> str:
        day = case.opened_at.date()
        return (day - timedelta(days=day.weekday())).isoformat()

    def judged(self) -> dict[tuple[str, str], dict[str, dict[str, int]]]:
        """By rule or model, by week, by label."""
        found: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(int))
        )
        for case in self.cases:
            if not self.asked(case):
                continue
            model = self.model(case)
            for key in self.rules(case) | ({("model", model)} if model else set()):
                found[key][self.week(case)][self.label(case)] += 1
        return found

    def found(self) -> dict[str, dict[str, list[int]]]:
        """By class, by week: found and missed."""
        counted: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        for case in self.cases:
            if self.asked(case) and self.label(case) == "confirmed":
                for name in self.classes(case):
                    counted[name][self.week(case)][self.missed(case)] += 1
        return counted


def bounds(part: int, whole: int) -> tuple[float, float]:
    """Wilson's interval by what it means: the chances that are not refuted by the share, found by halving."""
    z = 1.959963984540054

    def is_refuted(chance: float) -> bool:
        reach: float = z * (chance * (1 - chance) / whole) ** 0.5
        return abs(part / whole - chance) > reach

    def edge(inside: float, outside: float) -> float:
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if is_refuted(middle) else (middle, outside)
        return inside

    share = part / whole
    return edge(share, 0.0) if share else 0.0, edge(share, 1.0) if share < 1 else 1.0


def check_share(share: bodies.JudgedShare, part: int, whole: int) -> None:
    assert share.of == whole
    assert share.few is (whole < 30)
    if not whole:
        assert (share.value, share.low, share.high) == (None, 0.0, 1.0)
        return
    assert share.value == pytest.approx(part / whole)
    assert (share.low, share.high) == pytest.approx(bounds(part, whole), abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_is_what_a_slow_count_of_the_rows_gives(any_house: House, seed: int):
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    marram = await any_house.join("marram")
    room = await any_house.room("Low days", (marram, "member"))
    await any_house.do(Past(seed, room, marram.id, keeper.id).write)
    reference = await any_house.do(Reference)
    judged, found = reference.judged(), reference.found()

    shown = await figures(any_house, keeper)

    assert {(one.kind, one.name) for one in (*shown.rules, *shown.models)} == set(judged)
    assert len(judged) >= 8, "the guard: there are rules of every kind, and both models"
    for one in (*shown.rules, *shown.models):
        weeks = judged[one.kind, one.name]
        for week in one.weeks:
            labels = weeks.get(week.start, {})
            named = [labels.get(n, 0) for n in ("confirmed", "dismissed", "wrong", "waiting")]
            assert counts(week.outcomes) == (sum(named), *named)
            check_share(week.precision, named[0], sum(named[:3]))
        totals = [sum(column) for column in zip(*(counts(w.outcomes) for w in one.weeks))]  # noqa: B905
        assert list(counts(one.outcomes)) == totals
        check_share(one.precision, totals[1], sum(totals[1:4]))
    assert {one.name for one in shown.classes} == set(found)
    for kind in shown.classes:
        for of_week in kind.weeks:
            expected = found[kind.name].get(of_week.start, [0, 0])
            assert [of_week.found, of_week.missed] == expected
            check_share(of_week.share, of_week.found, of_week.found + of_week.missed)
        assert kind.found == sum(week.found for week in kind.weeks)
        assert kind.missed == sum(week.missed for week in kind.weeks)
        check_share(kind.share, kind.found, kind.found + kind.missed)
    assert sum(kind.missed for kind in shown.classes) > 0, "the guard: something was missed"


async def test_what_people_really_do_is_counted(any_house: House):
    """By the verbs themselves: a dismissal, an act, one overturned, and a flag that the machine did not raise."""
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    marram, plum = await any_house.join("marram"), await any_house.join("plumrain")
    fern = await any_house.join("fernhollow", Role.MODERATOR)
    still = await any_house.join("stillwater", Role.MODERATOR)
    room = await any_house.room(
        "Low days", (marram, "member"), (plum, "member"), (fern, "moderator"), (still, "moderator")
    )

    async def decide(by: Actor, case: Case, action: Any) -> None:
        asked = wire.NewDecision(action=action, version=case.version, reason="As it seems to me.")
        await any_house.do(lambda work: decisions.decide(work, by, case.id, asked))

    for action in ("dismiss", "care_note", "hide"):
        said = await any_house.say(room, marram, f"Something, {action}.")
        await decide(fern, await any_house.case(room, marram, said), action)
    mine = await any_house.do(lambda work: notices.list_mine(work, marram))
    hidden = next(notice for notice in mine.notices if notice.kind == "hidden")
    await any_house.do(lambda work: appeals.appeal(work, marram, hidden.id, "Please."))
    await decide(still, await any_house.do(_newest_case), "overturn")
    unseen = await any_house.say(room, marram, "Nobody but a person would see this.")
    flag = frames.Flag(type="flag", room=room, message=unseen.id, reason="worried")
    await any_house.do(lambda work: messages.flag(work, plum, flag))
    await decide(fern, await any_house.do(_newest_case), "reach_out")
    await any_house.case(room, marram, kind=CaseKind.RISK)

    shown = await figures(any_house, keeper, 1)

    assert [(one.kind, one.name) for one in shown.rules] == [("own", "risk_intent")]
    assert counts(rule(shown, "risk_intent").outcomes) == (4, 1, 2, 0, 1)
    assert rule(shown, "risk_intent").precision.value == pytest.approx(1 / 3)
    assert rule(shown, "risk_intent").precision.few
    assert [(one.name, one.found, one.missed) for one in shown.classes] == [
        ("danger", 0, 1), ("unsure", 1, 0)
    ]  # fmt: skip
    assert shown.cases == 5


async def test_a_place_without_cases_has_figures_of_nothing(house: House):
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    shown = await figures(house, keeper, 2)
    assert (shown.rules, shown.models, shown.classes, shown.cases) == ([], [], [], 0)
    assert shown.start == datetime(2026, 11, 9, tzinfo=UTC)
    assert shown.end == datetime(2026, 11, 23, tzinfo=UTC)
    assert shown.start < MONDAY


async def test_who_looks_is_in_the_audit_log(house: House):
    rowan = await house.join("rowan", Role.STEWARD)
    await figures(house, rowan)
    (row,) = await house.do(lambda work: list(work.session.exec(select(Audit))))
    assert (row.verb, row.actor) == ("steward.judgement", rowan.id)


async def test_only_a_steward_sees_them(house: House):
    for role in (Role.PEER, Role.MODERATOR, Role.CLINICIAN):
        actor = await house.join(f"a {role}", role)
        with pytest.raises(NotAllowed):
            await figures(house, actor)


def _newest_case(work: Work) -> Case:
    newest = max(work.session.exec(select(Case)).all(), key=lambda case: case.id)
    return newest
