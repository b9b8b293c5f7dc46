"""Bodies about how a member likes these pages, a break, and words an author may leave out."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Wire
from server.protocol.bodies import HistoryMessage

Spoken = Literal["en", "de", "es", "fr", "ar"]
Topic = Literal[
    "self_harm", "violence", "abuse", "loss", "eating", "substances", "health", "hate", "sex"
]
Choice = Literal["fold", "show", "mute"]


class TopicChoice(Wire):
    """How a reader meets one topic. fold: behind its note; show: open at once; mute: one line, as if not heard."""

    topic: Topic
    choice: Choice


Topics = Annotated[list[TopicChoice], Field(max_length=9)]


class Comfort(Wire):
    """What a member chose; what they did not stands as it comes. Nobody else is shown it.

    language: in which the place speaks to them; None until they chose one. plain: shorter words.
    calm: what is new comes in batches, nothing moves. breaks: a break is offered after much answering.
    practised: they have been through the first steps, or skipped them.
    """

    language: Spoken | None = None
    plain: bool = False
    calm: bool = False
    breaks: bool = True
    practised: bool = False
    topics: Topics = []


class ComfortPatch(Wire):
    """What is left out stays."""

    language: Spoken | None = None
    plain: bool | None = None
    calm: bool | None = None
    breaks: bool | None = None
    practised: bool | None = None
    topics: Topics | None = None


class AnsweredAsk(Wire):
    """An ask that the reader answered lately. passed_on: they would like another to go on."""

    room: Id
    room_name: str
    message: HistoryMessage
    passed_on: bool


class Balance(Wire):
    """How much the reader answered others lately: counted, and nothing concluded about how they are.

    heavy: enough to offer a break. minutes: over which it was counted. asks: the newest first.
    """

    replies: int
    minutes: int
    heavy: bool
    asks: list[AnsweredAsk]


class WordSpan(Wire):
    """Code points of a text, end exclusive."""

    start: int
    end: int


class LeavingOut(Wire):
    """Words about means or methods that an author may leave out of their message; usually none."""

    spans: list[WordSpan]
