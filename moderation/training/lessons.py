"""What larger readers made of a text: log-odds that a small encoder learns beside people's labels.

Source: Hinton et al. 2015, "Distilling the knowledge in a neural network", with the sigmoids as they
are (no temperature), since most targets are graded already.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.outputs import ABOUT_COLUMNS, HEADS, MARKS, TEXT_HEADS
from moderation.training.datasets import Row
from moderation.training.examples import Example, Floats, Reader

Flags = npt.NDArray[np.bool_]

_SHARE: Final = 0.7
"""Of a target that people labelled, how much is the lesson's."""
_ALONE: Final = 1.0
"""What a target counts that only the lesson speaks of; of tokens half of that."""
_OF_TEXTS: Final = np.array([head in TEXT_HEADS for head in HEADS])
_MIXED_PAIRS: Final = {"epitome": 2_500, "contrast-train": 1_500}


@dataclass(frozen=True, slots=True)
class Lesson:
    """Log-odds of one reading. heads: [heads]; marks: [tokens, marks]."""

    heads: Floats
    marks: Floats


class Lessons:
    """By reading: the text and, where it was read beside it, what it answers."""

    def __init__(self, given: Mapping[str, Lesson], more: Sequence[Row]) -> None:
        """given: by ``key_of``. more: the rows of ``unlabelled``, each with a lesson."""
        self._given, self._more = given, more

    def taught(self, row: Row, example: Example, mistyped: str | None = None) -> Example:
        """The example with its lesson; one that was mistyped has other tokens, and learns of heads alone."""
        lesson = self._given[key_of(row, example)]
        same = mistyped is None and len(lesson.marks) == len(example)
        return _mixed(example, lesson, with_marks=same)

    def unlabelled(self, reader: Reader) -> list[Example]:
        """Texts that only the lessons speak of."""
        return [self.taught(row, reader.unlabelled(row)) for row in self._more]


def key_of(row: Row, example: Example) -> str:
    """Which reading this is, without its words."""
    answered = row.in_reply_to if any(example.parts) else None
    return hashlib.sha256(repr((row.text, answered)).encode()).hexdigest()


def _mixed(example: Example, lesson: Lesson, *, with_marks: bool) -> Example:
    """Heads of the other kind of reading stay gaps: a text alone says nothing of a reply's warmth."""
    of_reply = any(example.parts)
    heads = ~_OF_TEXTS if of_reply else _OF_TEXTS
    target, counts = _beside(example.target, example.counts, _chances(lesson.heads), heads, _ALONE)
    found = replace(example, target=target, counts=counts)
    if not with_marks:
        return found
    own = np.array([part == 0 for part in example.parts])
    own[0] = False
    told = own[:, None] & np.array([(name != "toxicity") == of_reply for name in MARKS])
    marks, marks_count = _beside(
        example.marks, example.marks_count, _sigmoid(lesson.marks), told, _ALONE / 2
    )
    return replace(found, marks=marks, marks_count=marks_count)


def _beside(
    label: Floats, counts: Floats, chance: Floats, speaks: Flags, alone: float
) -> tuple[Floats, Floats]:
    """Targets and what they count: label and lesson mixed; the lesson alone where nobody labelled."""
    labelled = counts > 0
    mixed = np.where(labelled, (1 - _SHARE) * label + _SHARE * chance, chance)
    return (
        np.where(speaks, mixed, label).astype(np.float32),
        np.where(speaks & ~labelled, alone, counts).astype(np.float32),
    )


def _chances(heads: Floats) -> Floats:
    found = _sigmoid(heads)
    about = np.exp(heads[ABOUT_COLUMNS] - heads[ABOUT_COLUMNS].max())
    found[ABOUT_COLUMNS] = about / about.sum()
    return found


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)


def unlabelled(rows: Sequence[Row]) -> list[Row]:
    """More to read that nobody labelled: posts alone, and replies beside posts that they do not answer.

    rows: those to fit. Empty where there are no posts of peers.
    """
    peers = [row for row in rows if row.source == "epitome"]
    posts = sorted({row.in_reply_to for row in peers if row.in_reply_to is not None})
    if not posts:
        return []
    order = random.Random(5)  # noqa: S311 - not secret
    found = [Row(post, "post", post) for post in posts]
    for source, count in _MIXED_PAIRS.items():
        replies = [row for row in rows if row.source == source and row.in_reply_to is not None]
        if replies:
            pairs = ((order.choice(replies).text, order.choice(posts)) for _ in range(count))
            found += [Row(text, "mixed", "", in_reply_to=post) for text, post in pairs]
    return found


def mean(ours: Mapping[str, Lesson], larger: Mapping[str, Lesson]) -> dict[str, Lesson]:
    """Log-odds of two readers, averaged; of tokens ours alone, for the larger one splits texts otherwise."""
    return {
        key: Lesson(np.mean([lesson.heads, larger[key].heads], axis=0), lesson.marks)
        for key, lesson in ours.items()
    }


def save(path: Path, given: Mapping[str, Lesson]) -> None:
    """Whole or not at all. No words are in it."""
    part = path.with_suffix(".part")
    lengths = [len(lesson.marks) for lesson in given.values()]
    with part.open("wb") as file:
        np.savez(
            file,
            keys=np.array(list(given)),
            heads=np.stack([lesson.heads for lesson in given.values()]),
            marks=np.concatenate([lesson.marks for lesson in given.values()]).astype(np.float16),
            lengths=np.array(lengths),
        )
    part.replace(path)


def load(path: Path) -> dict[str, Lesson]:
    """What ``save`` wrote."""
    with np.load(path, allow_pickle=False) as found:
        marks = np.split(found["marks"].astype(np.float32), np.cumsum(found["lengths"])[:-1])
        every = zip(found["keys"], found["heads"], marks, strict=True)
        return {str(key): Lesson(heads, shown) for key, heads, shown in every}
