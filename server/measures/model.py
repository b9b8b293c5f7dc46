"""What a questionnaire is: its words, its scoring, and where each of these comes from."""

from dataclasses import dataclass
from math import floor, sqrt
from typing import Literal

from moderation.urgency import Urgency

_95_PERCENT = 1.96


@dataclass(frozen=True, slots=True)
class Item:
    """One question, as published. loinc: its code, where it has one."""

    link_id: str
    text: str
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One answer, as published, and the number it counts for. loinc: the code of the answer."""

    text: str
    value: int
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """From this total on, up to the next band, in the authors' word for it."""

    lowest: int
    name: str


@dataclass(frozen=True, slots=True)
class Danger:
    """The question whose answer calls for a person: how soon, by the answer; 0 calls nobody."""

    link_id: str
    urgency: tuple[Urgency, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """How much of a change is more than the error of the instrument (Jacobson and Truax, 1991).

    reliability: in [0, 1]; sd: of totals at the beginning, in points.
    """

    reliability: float
    sd: float
    source: str

    @property
    def index(self) -> float:
        """In points: 1.96 standard errors of a difference of two measurements."""
        return _95_PERCENT * self.sd * sqrt(2 * (1 - self.reliability))

    @property
    def points(self) -> int:
        """The smallest whole change that is more than the index."""
        return floor(self.index) + 1


@dataclass(frozen=True, slots=True)
class Course:
    """When a course is not as expected: a total of high_from or more after so many measurements
    without a reliable change for the better, or a reliable change for the worse at any time.

    source: what it rests on; unknown: what it does not know. Both are shown beside every alert.
    """

    high_from: int
    measurements: int
    source: str
    unknown: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One questionnaire in one language. A higher total stands for more distress.

    source: where its words stand; verified: by what they and the codes were checked, and what was not.
    What has no published source is None: never 0.
    """

    id: str
    version: str
    title: str
    language: str
    stem: str
    items: tuple[Item, ...]
    options: tuple[Option, ...]
    bands: tuple[Band, ...]
    publication: str
    permission: str
    source: str
    scoring: str
    verified: str
    loinc_panel: str | None = None
    loinc_total: str | None = None
    translation: str | None = None
    """The study that validated it, where it is not in the language of its publication."""
    danger: Danger | None = None
    reliable_change: ReliableChange | None = None
    course: Course | None = None

    @property
    def highest(self) -> int:
        """The highest total there can be."""
        return len(self.items) * max(option.value for option in self.options)


Change = Literal["better", "worse", "none"]
