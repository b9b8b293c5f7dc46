"""What a reader sees -> what a model reads, with the way back to the original kept.

Letters are folded (lower case, accents off, look-alikes, full-width), invisible characters go,
and words that were taken apart or dressed up ("k i l l", "su1c1de", "f*ck", "diiiie") are put
together again. Each step is linear in the length, which is capped first: one person's 100,000
combining marks must not cost the room a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from moderation.normalise.dressing import undress_leet, unmask_stars
from moderation.normalise.folding import drop, fold, squeeze
from moderation.normalise.joining import join_spaced
from moderation.normalise.look_alikes import unmask_look_alikes
from moderation.normalise.repeats import shorten_repeats

MAX_CHARS: Final = 10_000
"""Code points that are read; more than any room lets a member post."""


@dataclass(frozen=True, slots=True)
class Normal:
    """A folded text; ``origin[i]`` is the code point of the original that gave ``text[i]``."""

    text: str
    origin: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind ``text[start:end]``; both ends exclusive."""
        if start >= end:
            return (0, 0)
        return self.origin[start], self.origin[end - 1] + 1


def normalise(text: str, max_chars: int = MAX_CHARS) -> Normal:
    """The folded text of the first ``max_chars`` code points, with offsets.

    Never raises: lone surrogates and unassigned code points are read as spaces.
    """
    return without_apostrophes(unmask(text, max_chars))


def unmask(text: str, max_chars: int = MAX_CHARS) -> Normal:
    """``normalise`` with apostrophes kept, as the encoder learnt to read "don't"."""
    chars, origin = fold(text[:max_chars])
    for step in _STEPS:
        chars, origin = step(chars, origin)
    return Normal(chars, tuple(origin))


def without_apostrophes(normal: Normal) -> Normal:
    """People write dont and don't: lists and word models read both as dont."""
    gone = [match.start() for match in _APOSTROPHE.finditer(normal.text)]
    chars, origin = drop(normal.text, list(normal.origin), gone)
    return Normal(chars, tuple(origin))


_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_STEPS: Final = (
    unmask_look_alikes,
    join_spaced,
    squeeze,  # after joining, which reads two spaces as the end of a word
    undress_leet,
    unmask_stars,
    shorten_repeats,
)
