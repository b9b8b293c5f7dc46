"""Rows as the network reads them: token ids, targets with gaps, and batches of about one size."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from moderation.encoder import ANSWERED_TOKENS, CLS, REPLY_TOKENS, SEP, WINDOW
from moderation.normalise import Normal, unmask
from moderation.outputs import (
    ABOUT_COLUMNS,
    AT,
    HEADS,
    MARKS,
    REPLY_ONLY,
    RISK,
    between,
    steps,
)  # fmt: skip
from moderation.signals import EMPATHY, TOXICITY
from moderation.training.datasets import Row

Floats = npt.NDArray[np.float32]
GAP: Final = -1.0
"""In a target: nobody labelled this."""
_MOST_TOKENS: Final = {"jigsaw": 94, "balanced": 78, "context": 78, "epitome": REPLY_TOKENS}
"""Where long texts of a set are cut; all others as at run time."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reading. parts: 0 for the text, 1 for what it answers.

    target: [heads] and marks: [tokens, marks], in [0, 1], GAP where nobody spoke of it.
    counts, marks_count: of the same shapes, how much each counts in the loss; 0 for a gap.
    """

    ids: list[int]
    parts: list[int]
    target: Floats
    marks: Floats
    counts: Floats
    marks_count: Floats

    def __len__(self) -> int:
        return len(self.ids)


class Reader:
    """Rows -> examples, one for what is said and one for what a reply does.

    ends: the token ids that open and close a text in this tokenizer's vocabulary.
    """

    def __init__(self, tokenizer: Path, ends: tuple[int, int] = (CLS, SEP)) -> None:
        self._ends = ends
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def examples(self, row: Row, text: str | None = None) -> Iterator[Example]:
        """text: to read in the row's place, with its marks left out."""
        normal = unmask(row.text if text is None else text)
        marks = row.marks if text is None else {}
        said, done = _text_target(row), _reply_target(row)
        if (said >= 0).any() or ("toxicity" in marks):
            yield self._example(row, normal, marks, said, None)
        if row.in_reply_to is not None and (done >= 0).any():
            yield self._example(row, normal, marks, done, unmask(row.in_reply_to))

    def unlabelled(self, row: Row) -> Example:
        """A row that nobody labelled; beside what it answers, where it answers anything."""
        gaps = np.full(len(HEADS), GAP, dtype=np.float32)
        answered = None if row.in_reply_to is None else unmask(row.in_reply_to)
        return self._example(row, unmask(row.text), {}, gaps, answered)

    def _example(
        self, row: Row, normal: Normal, marks: object, target: Floats, answered: Normal | None
    ) -> Example:
        encoding = self._tokenizer.encode(normal.text, add_special_tokens=False)
        most = _MOST_TOKENS.get(row.source, WINDOW)
        offsets = encoding.offsets[:most]
        first, last = self._ends
        ids = [first, *encoding.ids[:most], last]
        shown = np.full((len(ids), len(MARKS)), GAP, dtype=np.float32)
        for name, spans in dict(marks).items():  # type: ignore[call-overload]
            if (name == "toxicity") == (answered is None):
                shown[1:-1, MARKS.index(name)] = marked(normal, offsets, spans)
        parts = [0] * len(ids)
        if answered is not None:
            more = self._tokenizer.encode(answered.text, add_special_tokens=False).ids
            tail = [*more[:ANSWERED_TOKENS], last]
            ids, parts = ids + tail, parts + [1] * len(tail)
            gaps = np.full((len(tail), len(MARKS)), GAP, dtype=np.float32)
            shown = np.concatenate([shown, gaps])
        counts, marks_count = ((spoken != GAP).astype(np.float32) for spoken in (target, shown))
        return Example(ids, parts, target, shown, counts, marks_count)


def marked(
    normal: Normal, offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]
) -> list[float]:
    """1 for each token most of which is marked; spans are code points of the original."""
    inside = {at for start, end in spans for at in range(start, end)}
    return [
        float(sum(normal.origin[at] in inside for at in range(start, end)) * 2 > end - start)
        for start, end in offsets
    ]


def _text_target(row: Row) -> Floats:
    target = np.full(len(HEADS), GAP, dtype=np.float32)
    for name in (*TOXICITY, "reader_harm"):
        if name in row.labels:
            target[AT[name]] = row.labels[name]
    if row.at_least or "risk" in row.labels:
        hard = [float(row.labels.get("risk", 0) >= step) for step in range(1, 7)]
        target[between(RISK[0], RISK[-1])] = row.at_least or hard
    if row.about:
        target[ABOUT_COLUMNS] = 0.0
        target[AT[f"about:{row.about}"]] = 1.0
    return target


def _reply_target(row: Row) -> Floats:
    target = np.full(len(HEADS), GAP, dtype=np.float32)
    for name in EMPATHY:
        if name in row.labels:
            for step, head in enumerate(steps(name), start=1):
                target[AT[head]] = float(row.labels[name] >= step)
    for name in REPLY_ONLY:
        if name in row.labels:
            target[AT[name]] = row.labels[name]
    return target


def batches(
    examples: Sequence[Example], tokens: int, order: random.Random
) -> Iterator[list[Example]]:
    """All of them once, those of like length together, the batches in random order."""
    jittered = sorted(examples, key=lambda e: len(e) * order.uniform(0.85, 1.15))
    found: list[list[Example]] = [[]]
    longest = 0
    for example in jittered:
        longest = max(longest, len(example))
        if found[-1] and longest * (len(found[-1]) + 1) > tokens:
            found.append([])
            longest = len(example)
        found[-1].append(example)
    order.shuffle(found)
    yield from found


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def mistyped(text: str, order: random.Random) -> str:
    """The text as somebody in a hurry writes it: letters swapped, lost or doubled; signs gone."""
    if order.random() < 0.3:
        text = re.sub(r"[^\w\s]+", "", text)
    words = text.split(" ")
    for at, word in enumerate(words):
        if len(word) > 3 and order.random() < 0.12:
            words[at] = _mistyped(word, order)
    return " ".join(words)


def _mistyped(word: str, order: random.Random) -> str:
    at = order.randrange(1, len(word) - 1)
    kind = order.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + order.choice(_LETTERS) + word[at + 1 :]
