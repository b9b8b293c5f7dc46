"""Words that several bodies share: what a case is about, where it stands, what is done with it."""

from typing import Literal

Role = Literal["peer", "moderator", "clinician", "steward"]
AgeGroup = Literal["minors", "adults"]
"""Under 18, or not."""
RoomAges = Literal["everybody"] | AgeGroup
Urgency = Literal["none", "routine", "soon", "now"]
CaseKind = Literal["risk", "harm", "held", "flag", "line", "appeal", "look_again", "measure"]
CaseState = Literal["open", "escalated", "closed"]
Action = Literal[
    "dismiss",
    "hide",
    "care_note",
    "warn",
    "pause",
    "remove_member",
    "remove_from_place",
    "reach_out",
    "share_resources",
    "escalate",
    "uphold",
    "overturn",
    "change",
]
EscalationOutcome = Literal[
    "reached_them", "not_reached", "keep_an_eye", "nothing_further", "please_look"
]
"""What a clinician answers to whoever handed a case up."""
Act = (
    Literal["urgency", "handling", "show_again", "removal_confirmed", "removal_declined", "undo"]
    | EscalationOutcome
)
"""What else a person does with a case, and is kept beside its decisions."""
