"""The protocol of every classifier: passages in, assessments out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """One text to read, and the text it answers, when it is a reply."""

    text: str
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Which words speak for a signal: code points of the original text, ``end`` exclusive."""

    signal: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one classifier read in one passage.

    signals: by name (moderation.signals), calibrated probabilities in [0, 1]; for ordinal
    signals the expected level (0..2 for empathy, 0..6 for risk). levels: for ordinal signals,
    the probability of each level, summing to 1. A backend gives only the signals it has.
    why_not: "late" | "broken" | "language" | "no model" when ``assessed`` is false, else None.
    """

    assessed: bool
    model: str
    language: str | None
    signals: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    why_not: str | None = None

    @classmethod
    def not_assessed(cls, why: str, *, model: str = "", language: str | None = None) -> Assessment:
        """Nobody read it: never to be reported as safe."""
        return cls(assessed=False, model=model, language=language, why_not=why)

    def to_json(self) -> dict[str, object]:
        """Plain JSON values; ``from_json`` gives the same assessment back."""
        return {
            "assessed": self.assessed,
            "model": self.model,
            "language": self.language,
            "signals": dict(self.signals),
            "levels": {name: list(levels) for name, levels in self.levels.items()},
            "spans": [{"signal": s.signal, "start": s.start, "end": s.end} for s in self.spans],
            "why_not": self.why_not,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Assessment:
        """The inverse of ``to_json``. Raises KeyError or ValueError on what is not one."""
        return cls(
            assessed=bool(stored["assessed"]),
            model=str(stored["model"]),
            language=stored["language"],
            signals={str(name): float(value) for name, value in stored["signals"].items()},
            levels={str(name): tuple(map(float, ps)) for name, ps in stored["levels"].items()},
            spans=tuple(
                Span(str(span["signal"]), int(span["start"]), int(span["end"]))
                for span in stored["spans"]
            ),
            why_not=stored.get("why_not"),
        )


class Classifier(Protocol):
    """Reads passages. ``assess`` may block for long: call it off the event loop, in batches."""

    @property
    def version(self) -> str:
        """Names the exact model and weights; stored with every assessment."""
        ...

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One assessment per passage, in the same order; [] for []."""
        ...
