"""Weighs the encoder against the n-grams, head by head, on rows that neither was fitted on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from moderation.blend import FINER, WHOLE, Blend
from moderation.classifier import Passage
from moderation.marking import likely
from moderation.model import LINEAR_HEADS, Both, EmbeddedModel, Found, beside, marked_chances
from moderation.outputs import AT, HEADS, MARKS, REPLY_ONLY
from moderation.signals import TOXICITY
from moderation.training.datasets import Row
from moderation.training.examples import marked

Floats = npt.NDArray[np.float64]
_LEAST_POSITIVES: Final = 8
_BATCH: Final = 256
_STRENGTH: Final = 1.0
_LEAST_SLOPE: Final = 0.05


def plain() -> Blend:
    """The encoder alone, as it was trained."""
    ones, zeros = np.ones(len(HEADS)), np.zeros(len(HEADS))
    return Blend(ones, zeros.copy(), zeros.copy(), np.full(len(MARKS), 0.5), np.zeros(len(FINER)))


def read(model: EmbeddedModel, rows: Sequence[Row]) -> list[Found | None]:
    """What each row gives before it is blended; None in a language that is not read."""
    found: list[Found | None] = []
    for start in range(0, len(rows), _BATCH):
        opened = [model.open(Passage(r.text, r.in_reply_to)) for r in rows[start : start + _BATCH]]
        model.read_encoder([one for one in opened if one is not None])
        found += opened
    return found


def fit_blend(rows: Sequence[Row], found: Sequence[Found | None], marks: Floats) -> Blend:
    """rows: held back from both models; found: what ``read`` gives for them."""
    known = [(row, one) for row, one in zip(rows, found, strict=True) if one is not None]
    encoder = np.stack([one.encoder for _, one in known])
    linear = np.stack([one.linear for _, one in known])
    blend = plain()
    of_peers = any(row.source == "epitome" for row, _ in known)
    for head in HEADS:
        at = AT[head]
        labels = np.array([target(row, head) for row, _ in known])
        rows_in = np.array([_counts(head, row, of_peers) for row, _ in known]) & (labels >= 0)
        if head.startswith("about:") or labels[rows_in].sum() < _LEAST_POSITIVES:
            continue
        weights = _weights(
            head, [row for (row, _), used in zip(known, rows_in, strict=True) if used]
        )
        both = (head in LINEAR_HEADS or head in REPLY_ONLY) and not _is_exploration(head)
        columns = [encoder[rows_in, at], *([linear[rows_in, at]] if both else [])]
        columns += [encoder[rows_in, AT[name]] for name in FINER] if head == WHOLE else []
        slopes, blend.offset[at] = _fit(np.column_stack(columns), labels[rows_in], weights)
        if head == WHOLE:
            blend.encoder[at], blend.linear[at], blend.finer[:] = slopes[0], slopes[1], slopes[2:]
        else:
            blend.encoder[at] = max(slopes[0], _LEAST_SLOPE)
            blend.linear[at] = max(slopes[1], 0.0) if both else 0.0
    return replace(blend, marks=marks)


_HARD_LINES: Final = {WHOLE: {"contrast-held": 10.0}} | {
    name: {"contrast-held": 3.0, "contrast-train": 3.0} for name in FINER
}
"""Everyday comments are easily told apart; our few hard lines decide what a doubtful 0.5 is worth, above all
those of patterns that were never trained on. The finer five hold messages and must be surer: weighed as
toxicity altogether is, they would have held 17 of 1,407 calm lines in place of 2."""


def _weights(head: str, rows: list[Row]) -> Floats:
    return np.array([_HARD_LINES.get(head, {}).get(row.source, 1.0) for row in rows])


def _is_exploration(head: str) -> bool:
    """A question mark is not a question about the other: n-grams took 2.6 points of accuracy and 7 of macro-F1
    from the encoder (EPITOME's pairs held back, five folds, five times). With the other two mechanisms the
    difference was within two standard errors."""
    return head.startswith("exploration")


def _counts(head: str, row: Row, of_peers: bool) -> bool:
    """Tone by comments and replies as they are met, and by hard lines; exploration by what peers wrote, where
    there is any (of_peers); the rest by all."""
    if _is_exploration(head):
        return row.source == "epitome" or not of_peers
    ours = row.source.startswith("contrast")
    return head not in TOXICITY or ours or row.source in ("jigsaw", "context", "epitome")


def _fit(columns: Floats, labels: Floats, weights: Floats) -> tuple[Floats, float]:
    """What each column weighs, and the offset. columns: log-odds, [rows, columns]."""
    columns = np.clip(columns, -12, 12)
    mean, scale = columns.mean(axis=0), columns.std(axis=0) + 1e-6
    model = LogisticRegression(C=_STRENGTH).fit(
        (columns - mean) / scale, labels, sample_weight=weights
    )
    slopes: Floats = model.coef_[0] / scale
    return slopes, float(model.intercept_[0] - (slopes * mean).sum())


def target(row: Row, head: str) -> float:
    """1 or 0 as people labelled it, -1 where nobody did."""
    name, _, level = head.partition(">=")
    if name not in row.labels:
        return -1.0
    return float(row.labels[name] >= int(level or 1))


def fit_marks(model: EmbeddedModel, both: Both, rows: Sequence[Row]) -> Floats:
    """From which chance on a token is marked: for each mark the best F1 over tokens, a mean over texts."""
    best = np.full(len(MARKS), 0.5)
    for at, name in enumerate(MARKS):
        chosen = [
            row for row in rows if row.marks.get(name) and row.source in ("toxic_spans", "epitome")
        ]
        if texts := [*token_chances(model, both, chosen, name)]:
            steps = np.arange(0.1, 0.75, 0.05)
            best[at] = steps[int(np.argmax([_mean_f1(texts, step) for step in steps]))]
    return best


def _mean_f1(texts: Sequence[tuple[Floats, Floats]], bar: float) -> float:
    scores = []
    for chances, labels in texts:
        shown = likely(chances, bar)
        scores.append(2 * labels[shown].sum() / (shown.sum() + labels.sum()))
    return float(np.mean(scores))


def token_chances(
    model: EmbeddedModel, both: Both, rows: Sequence[Row], name: str
) -> Iterator[tuple[Floats, Floats]]:
    """Of each row, for every token: its chance to be marked, and whether people marked it.

    As the model reads it for this mark: a reply's empathy beside what it answers.
    """
    for row in rows:
        found = model.open(Passage(row.text, row.in_reply_to))
        if found is None:
            continue
        asked = [] if name == "toxicity" else beside(both.encoder, found)
        answers = both.encoder.read(asked or both.encoder.alone(found.folded))
        places, chances = marked_chances(answers, name)
        yield chances, np.array(marked(found.folded, places, row.marks[name]))
