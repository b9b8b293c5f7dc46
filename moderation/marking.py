"""Which words to show for a reading: whole words, neighbours joined, not too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.features import Grams

Floats = npt.NDArray[np.float64]
_MARKED_SHARE: Final = 0.3
_NEARLY: Final = 0.6
_MOST_SPANS: Final = 8


def likely(chances: Floats, bar: float) -> npt.NDArray[np.bool_]:
    """Tokens that reach the bar, and those nearly as likely as the likeliest.

    chances: of each token of one whole text. What is said to be there is shown somewhere.
    """
    shown: npt.NDArray[np.bool_] = chances >= min(bar, _NEARLY * chances.max(initial=0.0))
    return shown


def whole_words(text: str, tokens: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marked tokens, each widened to its word; what touches or has one sign between is one span."""
    spans: list[tuple[int, int]] = []
    for start, end in tokens:
        while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
            start -= 1
        while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
            end += 1
        if spans and start <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans[:_MOST_SPANS]


def strongest_words(
    text: str, read: Grams, added: npt.NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Words that hold at least a share of what the strongest word adds; neighbours are joined."""
    per_char = np.zeros(len(text) + 1, dtype=np.float64)
    lengths = np.maximum(read.ends - read.starts, 1)
    np.add.at(per_char, read.starts, added / lengths)
    np.add.at(per_char, read.ends, -added / lengths)
    weight = np.cumsum(np.cumsum(per_char)[:-1])
    words = _words(text)
    sums = [weight[end - 1] - (weight[start - 1] if start else 0.0) for start, end in words]
    least = max(sums, default=0.0) * _MARKED_SHARE
    if least <= 0:
        return []
    return _joined([word for word, total in zip(words, sums, strict=True) if total >= least])


def _words(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _joined(words: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in words:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined[:_MOST_SPANS]
