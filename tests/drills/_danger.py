"""Words of people in danger, written by hand for the tests of the lexicon: who hears which of them."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from moderation.backends import load_classifier
from moderation.classifier import Assessment, Passage
from moderation.urgency import Urgency
from moderation.verdict import Context
from server.services.reading import Reading, with_hits

_WRITTEN = Path(__file__).parents[1] / "moderation" / "crisis"
_KINDS = ("now", "soon")
_AS_SAID = Context(tone_nudges=True)
_BEGINNINGS = ("Hello.", "Hi all.", "It is late here.", "I am new here.", "I tried to sleep.")
"""The lexicon misses little: what the model alone hears is said in several ways."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Texts by who hears that a person may be in danger: the lexicon alone, the model alone, or both."""

    lexicon: list[str]
    model: list[str]
    both: list[str]


def heard() -> Heard:
    """Every such text that somebody hears; the rest would open no case, and is another test's."""
    found = _sorted(dict.fromkeys(_texts()))
    varied = _sorted(f"{beginning} {text}" for beginning in _BEGINNINGS for text in found.model)
    found.model.extend(varied.model)
    return found


def calm(texts: Iterable[str]) -> list[str]:
    """Those that open no case."""
    kept = list(texts)
    return [
        text
        for text, assessment in zip(kept, _read(kept), strict=True)
        if with_hits(assessment, text).judge(_AS_SAID).urgency is Urgency.NONE
    ]


def _sorted(said: Iterable[str]) -> Heard:
    texts, found = list(said), Heard([], [], [])
    for text, assessment in zip(texts, _read(texts), strict=True):
        by_model = _is_danger(Reading(assessment, ()))
        by_lexicon = _is_danger(with_hits(Assessment.not_assessed("late"), text))
        if by_lexicon or by_model:
            kind = "both" if by_lexicon and by_model else "lexicon" if by_lexicon else "model"
            getattr(found, kind).append(text)
    return found


def _texts() -> Iterator[str]:
    for path in sorted(_WRITTEN.glob("*.toml")):
        lists = tomllib.loads(path.read_text())
        for kind in _KINDS:
            yield from lists.get(kind, ())


def _read(texts: list[str]) -> list[Assessment]:
    return load_classifier("embedded").assess([Passage(text) for text in texts])


def _is_danger(reading: Reading) -> bool:
    verdict = reading.judge(_AS_SAID)
    return verdict.support and verdict.urgency is not Urgency.NONE
