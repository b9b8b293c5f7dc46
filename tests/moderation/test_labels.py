"""Decisions as labels, reasons as rules, and shares with an honest interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.cases import Action
from moderation.labels import (
    FEW,
    LABELS,
    RULE_WRONG,
    Class,
    Decided,
    Outcome,
    Rule,
    class_of_flag,
    outcome,
    rule_of,
    share,
)
from moderation.policy import DEFAULT


def test_every_action_is_a_label_or_said_to_be_none():
    assert set(Action) <= set(LABELS), "a new action: say what it says about the rule"


@pytest.mark.parametrize(
    ("acts", "label"),
    [
        ([], Outcome.WAITING),
        (["escalate"], Outcome.WAITING),
        (["uphold"], Outcome.WAITING),
        (["dismiss"], Outcome.DISMISSED),
        (["escalate", "hide"], Outcome.CONFIRMED),
        (["reach_out", "dismiss"], Outcome.CONFIRMED),
        (["care_note"], Outcome.CONFIRMED),
        (["hide", RULE_WRONG], Outcome.WRONG),
        ([RULE_WRONG, "dismiss"], Outcome.WRONG),
        (["something_new"], Outcome.WAITING),
    ],
)
def test_what_people_did_is_a_label(acts: list[str], label: Outcome):
    assert outcome(Decided(act, False) for act in acts) is label


def test_what_another_person_undid_was_a_false_alarm():
    assert outcome([Decided("hide", True)]) is Outcome.DISMISSED
    assert outcome([Decided("hide", True), Decided("warn", False)]) is Outcome.CONFIRMED
    assert outcome([], machine_overturned=True) is Outcome.DISMISSED
    assert outcome([Decided("warn", False)], machine_overturned=True) is Outcome.CONFIRMED


def test_a_reason_names_its_rule_and_what_it_is_about():
    assert rule_of("acting_now") == Rule("lexicon", "acting")
    assert rule_of("acting_now").about is Class.DANGER
    assert rule_of("risk").about is Class.DANGER
    assert rule_of("threat") == Rule("signal", "threat")
    assert rule_of("threat").about is Class.HARM
    assert rule_of("reader_harm").about is Class.READERS
    assert rule_of("our_own_rule") == Rule("own", "our_own_rule")
    assert rule_of("our_own_rule").about is Class.UNSURE
    assert {rule_of(code).kind for code in DEFAULT.words} == {"signal"}


def test_what_a_member_meant_is_a_class():
    flags = ("worried", "unkind", "unsafe", "private", "not_sure")
    assert [class_of_flag(f"flag_{reason}") for reason in flags] == list(Class)


def test_shares_have_the_published_interval():
    # Source: Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    for part, whole, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = share(part, whole)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
        assert found.value == part / whole


def test_of_nothing_nothing_is_known():
    assert share(0, 0) == (None, 0.0, 1.0, 0)
    assert share(0, 0).few
    assert share(0, FEW - 1).few
    assert not share(0, FEW).few


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counted: tuple[int, int]):
    found = share(*counted)
    assert found.value is not None
    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0
