import pytest

from moderation.cases import Action, CaseKind
from moderation.classifier import Assessment
from moderation.policy import DEFAULT, Context
from moderation.policy_text import read_policy
from moderation.replay import (
    SMALLEST_GROUP,
    Comparison,
    Group,
    Said,
    Truth,
    likely_share,
    told_together,
    truth_of,
)
from tests.moderation.test_policy import read, risk_levels

STRICTER = read_policy(
    """
[hold]
threat = 0.3
[[rule]]
name = "selling"
words = "Something for sale"
terms = ["crypto"]
urgency = "routine"
"""
)


def said(text="fine", truth=Truth.UNDECIDED, reading=None, author="ash", newcomer=False, **more):
    reading = reading or read()
    return Said(
        text=text, context=Context(room="low-days"), room="low-days", author=author,
        newcomer=newcomer, truth=truth, before=reading, after=more.get("after", reading),
    )  # fmt: skip


def compared(*past):
    found = Comparison(DEFAULT, STRICTER)
    for one in past:
        found.add(one)
    return found


def test_what_is_caught_missed_and_new_is_counted():
    found = compared(
        said(truth=Truth.HARMFUL, reading=read(toxicity=0.8, threat=0.4)),
        said("buy crypto", truth=Truth.HARMLESS, author="birch", newcomer=True),
        said(truth=Truth.RISK, reading=read(risk_levels(l5=1.0))),
        said(truth=Truth.RISK),
        said("hello"),
    )
    assert (found.before.caught, found.before.missed, found.before.missed_risk) == (1, 2, 1)
    assert (found.after.caught, found.after.missed, found.after.missed_risk) == (2, 1, 1)
    assert (found.newly_caught, found.newly_missed) == (1, 0)
    assert (found.newly_flagged, found.no_longer_flagged) == (2, 0)
    assert (found.before.flagged_harmless, found.after.flagged_harmless) == (0, 1)
    assert (found.before.to_person, found.after.to_person) == (1, 3)
    assert found.moves == {"publish>hold": 1, "none>routine": 1}
    assert found.rules == {"selling": 1}
    assert found.affected == {"ash", "birch"}
    assert found.newcomers["newcomers"].newly_flagged == 1


def test_danger_that_was_only_folded_is_missed():
    folded = read(reader_harm=0.99)
    found = compared(
        said(truth=Truth.RISK, reading=folded), said(truth=Truth.HARMFUL, reading=folded)
    )
    assert (found.before.caught, found.before.missed_risk) == (1, 1)


def test_a_model_is_replayed_like_a_policy():
    found = compared(
        said(truth=Truth.RISK, reading=read(risk_levels(l5=1.0)), after=read()),
        said(after=Assessment.not_assessed("language", language="de")),
    )
    assert (found.newly_missed, found.no_longer_flagged, found.not_assessed) == (1, 1, 1)
    assert set(found.languages) == {"en", "de"}


RISK, FLAG, APPEAL = CaseKind.RISK, CaseKind.FLAG, CaseKind.APPEAL


@pytest.mark.parametrize(
    ("decided", "truth"),
    [
        ([], Truth.UNDECIDED),
        ([(RISK, Action.REACH_OUT), (RISK, Action.DISMISS)], Truth.RISK),
        ([(FLAG, Action.HIDE)], Truth.HARMFUL),
        ([(FLAG, Action.HIDE), (APPEAL, Action.OVERTURN)], Truth.HARMLESS),
        ([(FLAG, Action.HIDE), (APPEAL, Action.UPHOLD)], Truth.HARMFUL),
        ([(RISK, Action.DISMISS)], Truth.HARMLESS),
        ([(FLAG, Action.CARE_NOTE)], Truth.UNDECIDED),
    ],
)
def test_what_people_decided_is_the_truth(decided, truth):
    assert truth_of(decided) is truth


def test_a_share_of_few_is_not_told():
    assert likely_share(3, 9) is None
    assert likely_share(5, 10) == pytest.approx((0.237, 0.763), abs=0.001)
    assert likely_share(0, 20) == pytest.approx((0.0, 0.161), abs=0.001)
    assert likely_share(20, 20) == pytest.approx((0.839, 1.0), abs=0.001)


def group(name, people):
    return Group(name, messages=people, authors={f"{name} {n}" for n in range(people)}, decided=1)


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([30, 20], ["0", "1"]),
        ([30, 5, 4], ["0", "together"]),
        ([30, 20, 5], ["0", "together"]),
        ([5], ["together"]),
        ([30, 3], ["together"]),
        ([], []),
    ],
)
def test_small_groups_are_told_together_so_that_nobody_is_singled_out(sizes, shown):
    groups = [group(str(number), size) for number, size in enumerate(sizes)]
    found = told_together(groups, "together")
    assert [one.name for one in found] == shown
    assert sum(one.messages for one in found) == sum(sizes)
    assert sum(one.decided for one in found) == len(sizes)
    if sum(sizes) >= SMALLEST_GROUP:
        assert all(len(one.authors) >= SMALLEST_GROUP for one in found)
