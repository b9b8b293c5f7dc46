"""Stretched words: "diiiie", "pleeease"."""

from __future__ import annotations

import re
from itertools import product
from typing import Final

from moderation.normalise.folding import Folded, drop
from moderation.normalise.words import DANGER, RANK

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")
_MOST_RUNS: Final = 5
_AS_WRITTEN: Final = frozenset({"www"})


def shorten_repeats(chars: str, origin: list[int]) -> Folded:
    """A letter three times or more is kept once or twice, whichever gives a known word, else twice."""
    gone: list[int] = []
    for word in _WORD.finditer(chars):
        if _LONG_RUN.search(word[0]) and word[0] not in _AS_WRITTEN:
            gone.extend(word.start() + index for index in _stretched(word[0]))
    return drop(chars, origin, gone)


def _stretched(word: str) -> list[int]:
    """Indices in the word that only stretch it."""
    runs = list(_LONG_RUN.finditer(word))
    return [
        index
        for run, keep in zip(runs, _kept(word, len(runs)), strict=True)
        for index in range(run.start() + keep, run.end())
    ]


def _kept(word: str, runs: int) -> tuple[int, ...]:
    """How often each stretched letter was meant."""
    twice = (2,) * runs
    if runs > _MOST_RUNS:
        return twice
    readings = {_shortened(word, kept): kept for kept in product((1, 2), repeat=runs)}
    known = [reading for reading in readings if len(reading) > 1 and reading in RANK]
    return readings[min(known, key=_rank)] if known else twice


def _shortened(word: str, kept: tuple[int, ...]) -> str:
    counts = iter(kept)
    return _LONG_RUN.sub(lambda run: run[1] * next(counts), word).replace("'", "")


def _rank(word: str) -> tuple[bool, int]:
    return (word not in DANGER, RANK[word])
