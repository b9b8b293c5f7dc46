"""Fits the n-gram model: one naive-Bayes logistic head per question, over hashed n-grams."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.features import BUCKETS, grams, vector
from moderation.lexicon import find
from moderation.linear import pack
from moderation.model import LINEAR_HEADS, answered_vector, hits_vector
from moderation.normalise import normalise
from moderation.signals import EMPATHY, SIGNALS, TOXICITY
from moderation.training.calibrate import Platt, platt
from moderation.training.datasets import Row, without_punctuation
from moderation.training.logistic import Floats, Head, Recipe, fit
from moderation.training.matrix import Vector, read

SEED: Final = 7
FOLDS: Final = 5
_TOXICITY: Final = Recipe(strength=16.0)
_EMPATHY: Final = {
    "emotional_reaction": Recipe(strength=10.0),
    "interpretation": Recipe(strength=40.0, ratios=False),
    "exploration": Recipe(strength=40.0, ratios=False),
}
_RISK: Final = Recipe(strength=40.0, ratios=False)
_NOT_FITTED: Final = ("toxic_spans", "davidson")
"""They made the n-grams worse on Jigsaw; the encoder reads them."""
_WEIGHTS: Final = {"jigsaw-calm": 0.3, "reply": 0.7}
_OWN_PAIRS: Final = 0.3
"""Our own pairs, beside peers' pairs: our habits of labelling must not drown the published ones."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head with its calibration, and its scores on rows it was not fitted on."""

    name: str
    head: Head
    platt: Platt
    held_out: Floats
    labels: npt.NDArray[np.int_]


def fit_ngrams(rows: Sequence[Row], version: str) -> bytes:
    """The file of the n-gram model, fitted on these rows and calibrated on folds of them.

    A set that was left out leaves its heads at "not seen": no weight and a low chance.
    """
    rows = list(rows)
    parts = (_toxicity_heads, _empathy_heads, _risk_heads)
    by_name = {one.name: one for part in parts for one in _report(part(rows))}
    ordered = [by_name.get(name) or _never(name) for name in LINEAR_HEADS]
    weights = np.stack([one.head.weights for one in ordered])
    numbers = [one.head.intercept for one in ordered], [one.platt for one in ordered]
    return pack(version, LINEAR_HEADS, weights, *numbers)


def _never(name: str) -> Fitted:
    nothing = Head(np.zeros(BUCKETS, np.float32), -3.0)
    return Fitted(name, nothing, (1.0, 0.0), np.zeros(0), np.zeros(0, np.int_))


def _report(fitted: Iterator[Fitted]) -> Iterator[Fitted]:
    for one in fitted:
        yes = int(one.labels.sum())
        print(
            f"{time.strftime('%H:%M:%S')} n-grams, {one.name}: {yes} of {len(one.labels)}",
            flush=True,
        )
        yield one


def plain_vector(text: str) -> Vector:
    """A text alone, as the model reads it."""
    return vector(grams(normalise(text).text))


def risk_vector(text: str) -> Vector:
    """A text and what the lexicon finds in it."""
    words, hits = plain_vector(text), hits_vector(find(text))
    return np.concatenate([words[0], hits[0]]), np.concatenate([words[1], hits[1]])


def _pair_vector(row: Row) -> Vector:
    """A reply with what it answers, as the model reads them."""
    reply, answered = plain_vector(row.text), answered_vector(row.in_reply_to or "")
    return np.concatenate([reply[0], answered[0]]), np.concatenate([reply[1], answered[1]])


def _toxicity_heads(rows: list[Row]) -> Iterator[Fitted]:
    rows = [row for row in rows if "toxicity" in row.labels and row.source not in _NOT_FITTED]
    held = [row for row in rows if row.part == 2 and row.source in ("jigsaw", "balanced")]
    fitting = [row for row in rows if row.part > 2 or row.source == "contrast-train"]
    fitting += without_punctuation([row for row in fitting if row.source == "jigsaw"], 0.3, SEED)
    if not held:
        return
    matrix, held_matrix = (read((r.text for r in part), plain_vector) for part in (fitting, held))
    for name in TOXICITY:
        yield _one_head(name, (fitting, matrix), (held, held_matrix), _TOXICITY)


_Part = tuple[list[Row], Any]


def _one_head(name: str, fitting: _Part, held: _Part, recipe: Recipe) -> Fitted:
    rows, matrix, labels = _labelled(name, *fitting)
    head = fit(matrix, labels, _row_weights(rows), recipe)
    held_rows, held_matrix, held_labels = _labelled(name, *held)
    scores = head.score(held_matrix)
    weights = _as_met(name, held_rows, held[0])
    return Fitted(name, head, platt(scores, held_labels, weights), scores, held_labels)


def _as_met(name: str, rows: list[Row], held: list[Row]) -> Floats:
    """Weights that give each kind of row the share it has in Jigsaw's own, natural rows.

    The balanced set holds many positives, and few toxic rows say what they are *not*: unweighted,
    every insult would look severe.
    """
    natural = [row for row in held if row.source == "jigsaw"]
    toxic = [row for row in natural if row.labels["toxicity"]]
    said = [row.labels[name] for row in toxic if name in row.labels]
    share = 1.0 if name == "toxicity" else (sum(said) + 1) / (len(said) + 10)
    mass = {"calm": len(natural) - len(toxic), "no": len(toxic) * (1 - share)}
    mass["yes"] = len(toxic) * share
    kinds = [_kind(name, row) for row in rows]
    return np.array([mass[kind] / kinds.count(kind) for kind in kinds])


def _kind(name: str, row: Row) -> str:
    if row.labels[name]:
        return "yes"
    return "no" if row.labels.get("toxicity", 1) else "calm"


def _labelled(
    name: str, rows: list[Row], matrix: Any
) -> tuple[list[Row], Any, npt.NDArray[np.int_]]:
    kept = [index for index, row in enumerate(rows) if name in row.labels]
    labels = np.array([int(rows[index].labels[name] > 0) for index in kept])
    return [rows[index] for index in kept], matrix[kept], labels


def _row_weights(rows: list[Row]) -> Floats:
    return np.array([_WEIGHTS.get(row.source, 1.0) for row in rows])


def _empathy_heads(rows: list[Row]) -> Iterator[Fitted]:
    for name in EMPATHY:
        labelled = [row for row in rows if name in row.labels and row.in_reply_to is not None]
        if labelled:
            yield from _ordinal(name, labelled, read(labelled, _pair_vector), _EMPATHY[name])


def _risk_heads(rows: list[Row]) -> Iterator[Fitted]:
    rows = [row for row in rows if "risk" in row.labels] + list(_harmless(rows))
    matrix = read((row.text for row in rows), risk_vector)
    yield from _ordinal("risk", rows, matrix, _RISK)


def _harmless(rows: list[Row]) -> Iterator[Row]:
    """Weak negatives: replies and calm comments in which the lexicon finds no danger."""
    for row in rows:
        calm = row.source == "jigsaw" and not row.labels.get("toxicity") and row.part in (3, 4)
        if (row.source == "epitome" or calm) and not find(row.text):
            source = "reply" if row.source == "epitome" else "jigsaw-calm"
            yield Row(row.text, source, row.group, {"risk": 0})


def _ordinal(name: str, rows: list[Row], matrix: Any, recipe: Recipe) -> Iterator[Fitted]:
    """A head per level: is it at least this high? Calibrated on folds that kept groups together."""
    levels = np.array([row.labels[name] for row in rows])
    weights = _row_weights(rows)
    if name in EMPATHY and any(row.source == "epitome" for row in rows):
        weights = np.array([1.0 if row.source == "epitome" else _OWN_PAIRS for row in rows])
    fold = np.array([row.part % FOLDS for row in rows])
    for level in range(1, len(SIGNALS[name].levels)):
        labels = (levels >= level).astype(np.int_)
        scores = _out_of_fold(matrix, labels, weights, fold, recipe)
        head = fit(matrix, labels, weights, recipe)
        yield Fitted(f"{name}>={level}", head, platt(scores, labels), scores, labels)


def _out_of_fold(
    matrix: Any,
    labels: npt.NDArray[np.int_],
    weights: Floats,
    fold: npt.NDArray[Any],
    recipe: Recipe,
) -> Floats:
    scores = np.zeros(len(labels))
    for number in range(FOLDS):
        out = fold == number
        scores[out] = fit(matrix[~out], labels[~out], weights[~out], recipe).score(matrix[out])
    return scores
