"""Bodies about questionnaires: what is asked, what was answered, and how it goes on."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Storable, Text, Time, Wire
from server.protocol.frames import Support

MeasureId = Annotated[Storable, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
Change = Literal["better", "worse", "none"]


class MeasureItem(Wire):
    """A question, word for word."""

    id: str
    text: str


class MeasureOption(Wire):
    """An answer, word for word, and what it counts."""

    value: int
    text: str


class MeasureBand(Wire):
    """From this total on, in the authors' word."""

    lowest: int
    name: str


class MeasureResult(Wire):
    """One finished questionnaire. total: None when an answer is missing; then nothing follows from it.

    Of an earlier edition of the questionnaire: its total alone. since_first, since_last: whether the total
    differs from these by more than the instrument's error; None where that cannot be said.
    """

    id: Id
    at: Time
    room: Id | None
    answers: dict[str, int]
    total: int | None
    band: str | None
    since_first: Change | None
    since_last: Change | None


class MeasureCourse(Wire):
    """All results of one questionnaire, oldest first. reliable_points: from there on a change is reliable."""

    measure: str
    title: str
    highest: int
    bands: list[MeasureBand]
    items: list[MeasureItem]
    options: list[MeasureOption]
    reliable_points: int | None
    reliable_source: str | None
    results: list[MeasureResult]


class MeasureGroup(Wire):
    """A group of the member's that has clinicians, and what the member lets these see."""

    room: Id
    name: str
    sees_measures: bool
    is_called: bool


class MeasureAsk(Wire):
    """What a group asks, and what the member said to that."""

    id: Id
    measure: str
    title: str
    room: Id
    room_name: str
    at: Time
    state: Literal["asked", "later", "never"]


class MeasureLine(Wire):
    """One that can be taken here. begun: how many answers wait to be finished; None: it is not begun."""

    id: str
    title: str
    questions: int
    begun: int | None
    last_at: Time | None


class Measures(Wire):
    """What can be taken, what is asked, and who sees it."""

    measures: list[MeasureLine]
    asks: list[MeasureAsk]
    groups: list[MeasureGroup]


class MeasureAnswered(Wire):
    """What is stored now. support: help for the member, at once, when an answer shows danger.

    called: groups whose clinicians were called. may_call: those whom the member could ask now.
    """

    answers: dict[str, int]
    support: Support | None
    called: list[MeasureGroup]
    may_call: list[MeasureGroup]


class Measure(Wire):
    """One questionnaire in full, what was answered so far, and the member's own course.

    danger_item: the question whose answer may call a person. help: where what was answered so far shows danger.
    """

    id: str
    title: str
    version: str
    language: str
    stem: str
    scoring: str
    publication: str
    permission: str
    danger_item: str | None
    answers: dict[str, int]
    help: MeasureAnswered | None
    course: MeasureCourse
    groups: list[MeasureGroup]


class NewMeasureAnswer(Wire):
    """My answer to one question."""

    value: Annotated[int, Field(ge=0, le=100)]


class NewMeasureCall(Wire):
    """Please call the clinicians of this group for me."""

    room: Id


class MeasureAskAnswer(Wire):
    """later: not now; never: not any more; again: I would be asked again."""

    answer: Literal["later", "never", "again"]


class CourseAlert(Wire):
    """Somebody's course is not as expected: why, what that rests on, and what it does not know.

    outcome: what came of it. With closed_at None it was closed once, and opened again.
    """

    id: Id
    member: Id
    name: str
    measure: str
    title: str
    reason: Literal["worse", "worse_again", "no_better"]
    first: int
    last: int
    measurements: int
    reliable_points: int
    high_from: int
    at: Time
    source: str
    unknown: str
    closed_at: Time | None
    outcome: str | None


class MeasureOffer(Wire):
    """Something that can be offered now, in the steward's words."""

    title: str
    words: str


class MissingMeasure(Wire):
    """A group asked, and there is no answer."""

    measure: str
    title: str
    asked_at: Time


class PersonMeasures(Wire):
    """One member's questionnaires, for a clinician whom they let see them."""

    member: Id
    name: str
    room: Id
    room_name: str
    courses: list[MeasureCourse]
    alerts: list[CourseAlert]
    missing: list[MissingMeasure]
    offers: list[MeasureOffer]


class MeasurePlan(Wire):
    """What the group is asked, how often, and when next."""

    measure: str
    title: str
    every_days: int
    next_at: Time


class NewMeasurePlan(Wire):
    """Ask this group every so many days."""

    every_days: Annotated[int, Field(ge=7, le=366)]


class MeasurePerson(Wire):
    """A member who lets the clinicians of this group see their questionnaires."""

    id: Id
    name: str


class MeasureCallAnswer(Wire):
    """What an answer leads to. due_minutes: until a first human act is due; None: nobody is called.

    on_call_minutes: after so many those on call are called as well; None: they are not.
    """

    text: str
    urgency: Literal["none", "routine", "soon", "now"]
    due_minutes: int | None
    on_call_minutes: int | None


class MeasureConfirmed(Wire):
    """A clinician of the group stands by whom an answer calls. edition: of the questionnaire, then."""

    at: Time
    name: str
    edition: str


class MeasureCalls(Wire):
    """Whom the answers to one question call, and who stands by that. terms: what a confirmation names.

    clinicians: who is called at once; on_call: those of them whom the steward named. is_current: what was
    confirmed is what is in force.
    """

    measure: str
    title: str
    edition: str
    terms: str
    question: str
    source: str
    answers: list[MeasureCallAnswer]
    clinicians: list[str]
    on_call: list[str]
    confirmed: MeasureConfirmed | None
    is_current: bool


class NewMeasureConfirmation(Wire):
    """I have read these terms and stand by them."""

    terms: Text


class GroupMeasures(Wire):
    """A group's schedule, whom answers call, who agreed, and the alerts that are open."""

    room: Id
    room_name: str
    plans: list[MeasurePlan]
    available: list[MeasureLine]
    calls: list[MeasureCalls]
    people: list[MeasurePerson]
    alerts: list[CourseAlert]
    offers: list[MeasureOffer]


class CourseAlertClosed(Wire):
    """What came of it."""

    outcome: Text
