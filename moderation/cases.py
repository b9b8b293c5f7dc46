"""What may happen to a case: states, actions, and the one table of steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from moderation.errors import ActionNotAllowed


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ESCALATED = "escalated"
    CLOSED = "closed"


class CaseKind(StrEnum):
    """What a case is about.

    RISK someone may be in danger; HARM a message may hurt its readers or another; HELD a message
    waits for a person; FLAG members asked for a look; LINE a private line, opened because a post
    of a person possibly in danger was refused (it has no message); APPEAL an author asks again;
    LOOK_AGAIN some time has passed since a case about somebody in danger was closed; MEASURE an answer
    in a questionnaire calls for a person (it has no message, and is for clinicians alone).
    """

    RISK = "risk"
    HARM = "harm"
    HELD = "held"
    FLAG = "flag"
    LINE = "line"
    APPEAL = "appeal"
    LOOK_AGAIN = "look_again"
    MEASURE = "measure"


CLINICIANS_ONLY = frozenset({CaseKind.MEASURE})
"""Nobody else is called for it, sees it, or counts it: it rests on what was told to clinicians."""


class Action(StrEnum):
    """What a moderator may decide; the last three judge an appeal."""

    DISMISS = "dismiss"
    HIDE = "hide"
    CARE_NOTE = "care_note"
    WARN = "warn"
    PAUSE = "pause"
    REMOVE_MEMBER = "remove_member"
    REMOVE_FROM_PLACE = "remove_from_place"
    REACH_OUT = "reach_out"
    SHARE_RESOURCES = "share_resources"
    ESCALATE = "escalate"
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    CHANGE = "change"


APPEAL_ACTIONS = frozenset({Action.UPHOLD, Action.OVERTURN, Action.CHANGE})
SANCTIONS = frozenset({Action.WARN, Action.PAUSE, Action.REMOVE_MEMBER, Action.HIDE})
"""What an author may appeal. A care note and reaching out are kindness and never count."""
SANCTIONS_COUNT_FOR = timedelta(days=90)
"""After that a sanction is no longer held against anybody: it is not counted where a case is judged."""
_TO_THE_CLINICIANS = frozenset({Action.ESCALATE, Action.REMOVE_FROM_PLACE})
"""Removing somebody from the whole place is asked for here, and confirmed by another person."""
_KEEPS_IT_OPEN = frozenset({Action.REACH_OUT, Action.SHARE_RESOURCES})
_FOR_A_MEASURE = _KEEPS_IT_OPEN | {Action.DISMISS, Action.CARE_NOTE}
"""Nobody is sanctioned for an answer, and it is handed to nobody."""


def _step(state: CaseState, action: Action) -> CaseState:
    if action in _TO_THE_CLINICIANS:
        return CaseState.ESCALATED
    return state if action in _KEEPS_IT_OPEN else CaseState.CLOSED


_LIVING = (CaseState.OPEN, CaseState.ESCALATED)
TRANSITIONS: Mapping[tuple[CaseState, Action], CaseState] = MappingProxyType(
    {
        (state, action): _step(state, action)
        for state in _LIVING
        for action in Action
        if (state, action) != (CaseState.ESCALATED, Action.ESCALATE)
    }
)
"""Every step there is. A conversation begun, or help lines sent, keep the case where it stands."""


def next_state(state: CaseState, action: Action, kind: CaseKind) -> CaseState:
    """The state after ``action``. Raises ActionNotAllowed when the table has no such step."""
    if not _fits(action, kind) or (state, action) not in TRANSITIONS:
        raise ActionNotAllowed(f"{action} is not possible for a {kind} case that is {state}")
    return TRANSITIONS[state, action]


def allowed_actions(state: CaseState, kind: CaseKind) -> tuple[Action, ...]:
    """The actions a screen may offer, in the order of ``Action``."""
    return tuple(a for a in Action if _fits(a, kind) and (state, a) in TRANSITIONS)


def _fits(action: Action, kind: CaseKind) -> bool:
    if kind is CaseKind.APPEAL:
        return action in APPEAL_ACTIONS or action is Action.ESCALATE
    if kind in CLINICIANS_ONLY:
        return action in _FOR_A_MEASURE
    if action is Action.HIDE and kind in {CaseKind.LINE, CaseKind.LOOK_AGAIN}:
        return False
    return action not in APPEAL_ACTIONS
