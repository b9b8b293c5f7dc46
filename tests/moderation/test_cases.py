import pytest

from moderation.cases import (
    APPEAL_ACTIONS,
    SANCTIONS,
    TRANSITIONS,
    Action,
    CaseKind,
    CaseState,
    allowed_actions,
    next_state,
)
from moderation.errors import ActionNotAllowed

DECISIONS = [a for a in Action if a not in APPEAL_ACTIONS]


@pytest.mark.parametrize("action", DECISIONS)
def test_each_decision_leads_where_the_table_says(action):
    expected = {
        Action.REACH_OUT: CaseState.OPEN,
        Action.SHARE_RESOURCES: CaseState.OPEN,
        Action.REMOVE_FROM_PLACE: CaseState.ESCALATED,
        Action.ESCALATE: CaseState.ESCALATED,
    }.get(action, CaseState.CLOSED)
    assert next_state(CaseState.OPEN, action, CaseKind.FLAG) is expected


@pytest.mark.parametrize("action", [Action.REACH_OUT, Action.SHARE_RESOURCES])
def test_kindness_keeps_an_escalated_case_escalated(action):
    assert next_state(CaseState.ESCALATED, action, CaseKind.RISK) is CaseState.ESCALATED


@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("action", Action)
def test_a_closed_case_takes_nothing(action, kind):
    with pytest.raises(ActionNotAllowed):
        next_state(CaseState.CLOSED, action, kind)
    assert allowed_actions(CaseState.CLOSED, kind) == ()


@pytest.mark.parametrize("action", sorted(APPEAL_ACTIONS))
def test_only_an_appeal_is_upheld_overturned_or_changed(action):
    assert next_state(CaseState.OPEN, action, CaseKind.APPEAL) is CaseState.CLOSED
    for kind in set(CaseKind) - {CaseKind.APPEAL}:
        with pytest.raises(ActionNotAllowed):
            next_state(CaseState.OPEN, action, kind)


@pytest.mark.parametrize("action", [a for a in DECISIONS if a is not Action.ESCALATE])
def test_an_appeal_takes_no_ordinary_decision(action):
    with pytest.raises(ActionNotAllowed):
        next_state(CaseState.OPEN, action, CaseKind.APPEAL)


def test_a_private_line_has_no_message_to_hide():
    with pytest.raises(ActionNotAllowed):
        next_state(CaseState.OPEN, Action.HIDE, CaseKind.LINE)
    assert next_state(CaseState.OPEN, Action.DISMISS, CaseKind.LINE) is CaseState.CLOSED


def test_an_escalated_case_is_not_escalated_again():
    with pytest.raises(ActionNotAllowed):
        next_state(CaseState.ESCALATED, Action.ESCALATE, CaseKind.RISK)


@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.ESCALATED])
def test_every_living_case_can_be_closed_and_every_offer_is_accepted(state, kind):
    offered = allowed_actions(state, kind)
    states = {next_state(state, action, kind) for action in offered}
    assert CaseState.CLOSED in states
    assert all((state, action) in TRANSITIONS for action in offered)


def test_kindness_is_never_a_sanction():
    assert {Action.WARN, Action.PAUSE, Action.REMOVE_MEMBER, Action.HIDE} == SANCTIONS
