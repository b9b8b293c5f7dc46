"""Bodies of the case desk: the two axes, colleagues, removals, what can be taken back, words to start from."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Name, Storable, Text, Time, Wire
from server.protocol.kinds import Act, Action, CaseKind, CaseState, Role, Urgency

Handling = Literal["publish", "collapse", "hold"]
"""What a person may decide for the readers; a nudge is only the machine's."""
ContentNote = Literal[
    "choose_when", "self_harm", "violence", "abuse", "grief", "substances", "eating"
]
Language = Annotated[Storable, Field(pattern=r"^[a-z]{2,3}$")]


class SetUrgency(Wire):
    """How soon somebody must look at this person; `version` is the one that was read."""

    version: int
    urgency: Urgency
    reason: Text
    undoable: bool = False


class SetHandling(Wire):
    """What the readers see. `content_note` is what a collapsed message stands behind."""

    version: int
    handling: Handling
    content_note: ContentNote = "choose_when"
    reason: Text
    undoable: bool = False


class ShowAgain(Wire):
    """A hidden message comes back. `reason` is told to its author."""

    version: int
    reason: Text


class Undo(Wire):
    """The decision that whoever made it may still take back, and until when."""

    decision: Id
    action: Action | Act
    until: Time


class Colleague(Wire):
    """Somebody who may read this case and had no part in it."""

    id: Id
    name: str
    role: Role
    on_shift: bool


class Colleagues(Wire):
    """hand_over: those on shift who may take the case; opinion: those who may be asked about it."""

    hand_over: list[Colleague]
    opinion: list[Colleague]


class NewHandOver(Wire):
    """`to` None: back to the queue. The note is for whoever has the case next."""

    version: int
    to: Id | None = None
    note: Text


class ShiftHandOver(Wire):
    """All that one holds, with one note. Where `to` may not take a case, it goes back to the queue."""

    to: Id | None = None
    note: Text


class ShiftClaims(Wire):
    """What one holds, and who is on shift beside one."""

    held: list[Id]
    colleagues: list[Colleague]


class HandedOver(Wire):
    """How many went to the colleague, and how many back to the queue."""

    handed: int
    to_queue: int


class HandOver(Wire):
    """`to` None: it went back to the queue."""

    by: str
    to: str | None
    note: str
    at: Time


class NewOpinion(Wire):
    """Ask a colleague what they think."""

    of: Id
    question: Text


class OpinionAnswer(Wire):
    """What the one who was asked thinks."""

    words: Text


class Opinion(Wire):
    """`mine`: the one who reads was asked."""

    id: Id
    by: str
    of: str
    mine: bool
    question: str
    at: Time
    answer: str | None
    answered_at: Time | None


class AskedOpinion(Wire):
    """A case on which the reader's opinion is asked: no text."""

    opinion: Id
    case: Id
    room_name: str
    kind: CaseKind
    urgency: Urgency
    by: str
    at: Time


class AskedOpinions(Wire):
    """The most urgent first, then the longest asked."""

    asked: list[AskedOpinion]


class EarlierCase(Wire):
    """An earlier case about the same member, in a room that the reader keeps."""

    id: Id
    room_name: str
    kind: CaseKind
    state: CaseState
    urgency: Urgency
    opened_at: Time
    actions: list[Action | Act]


class Removal(Wire):
    """Somebody asked that the member leaves the whole place. `may_answer`: the reader may say yes or no."""

    id: Id
    by: str
    at: Time
    confirmed: bool | None
    may_answer: bool


class RemovalAnswer(Wire):
    """`reason` is told to the member when it is confirmed, and kept with the case when it is not."""

    confirm: bool
    reason: Text


class AskedRemoval(Wire):
    """As a steward reads it: who, where, and the reason that the member would read. No message."""

    id: Id
    member_name: str
    room_name: str
    by: str
    reason: str
    at: Time


class AskedRemovals(Wire):
    """The longest asked first."""

    removals: list[AskedRemoval]


class WrongRules(Wire):
    """How many of a case's rules the reader has now called wrong. Closes nothing."""

    rules: list[str]


class WrongRuleCount(Wire):
    """By rule and model: in how many cases a person called it wrong, and in how many it spoke."""

    rule: str
    model: str
    wrong: int
    cases: int
    newest_at: Time


class WrongRuleCounts(Wire):
    """The rules most often called wrong first."""

    rules: list[WrongRuleCount]


class Desk(Wire):
    """What belongs to a case beside its decisions."""

    undo: Undo | None
    handlings: list[Handling]
    urgencies: list[Urgency]
    may_show_again: bool
    hand_overs: list[HandOver]
    opinions: list[Opinion]
    removal: Removal | None
    wrong_rules: list[str]
    earlier: list[EarlierCase]


class Template(Wire):
    """Words to start from. `written_by`: us means that no native speaker has reviewed it yet."""

    id: str
    action: Action
    language: str
    name: str
    words: str
    written_by: Literal["us", "place"]
    hidden: bool = False


class Templates(Wire):
    """The place's own first, then those that come with Hearth."""

    templates: list[Template]


class NewTemplate(Wire):
    """A steward's own words to start from."""

    action: Action
    language: Language
    name: Name
    words: Text


class TemplatePatch(Wire):
    """`as_shipped`: the words that came with Hearth again."""

    name: Name | None = None
    words: Text | None = None
    hidden: bool | None = None
    as_shipped: Literal[True] | None = None
