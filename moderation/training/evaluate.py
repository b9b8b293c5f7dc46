"""Figures of the shipped model, through the same code that runs in a community.

Never trained on: Jigsaw rows of part 0, EPITOME's development pairs, and our contrast test lines,
whose patterns differ from those trained on. Risk has no rows to spare: its figures are out of
fold by author, from models fitted exactly as the shipped one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, roc_auc_score

from moderation.backends import load_classifier
from moderation.classifier import Assessment, Classifier, Passage
from moderation.lexicon import find
from moderation.policy import Context, Handling, Urgency, Verdict, judge
from moderation.signals import EMPATHY, TOXICITY
from moderation.training.calibrate import calibration_error
from moderation.training.datasets import Row, contrast, epitome_dev, read_all
from moderation.training.train import risk_out_of_fold

Numbers = npt.NDArray[np.float64]
_DRAWS: Final = 500
_SEED: Final = 7


def evaluate(data: Path) -> dict[str, Any]:
    """Every figure of CARD.md, with counts and 95 % bootstrap intervals."""
    classifier = load_classifier("embedded")
    rows = read_all(data)
    return {
        "model": classifier.version,
        "toxicity": _toxicity(classifier, rows),
        "empathy": _empathy(classifier, epitome_dev(data)),
        "risk": _risk(rows),
        "contrast": _contrast(classifier),
        "handling": _handling(classifier, epitome_dev(data)),
        "speed": _speed(classifier),
    }


def _read(classifier: Classifier, rows: Sequence[Row]) -> list[Assessment]:
    return classifier.assess([Passage(row.text, row.in_reply_to) for row in rows])


def _toxicity(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """Rows in another language count as not assessed and are left out, and counted."""
    test = [row for row in rows if row.source == "jigsaw" and row.part == 0]
    read = _read(classifier, test)
    figures: dict[str, Any] = {"unassessed": sum(not a.assessed for a in read)}
    for name in TOXICITY:
        pairs = [
            (row.labels[name], a.signals[name])
            for row, a in zip(test, read, strict=True)
            if a.assessed and name in row.labels
        ]
        labels, values = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
        figures[name] = _measured(roc_auc_score, labels, values) | {
            "positives": int(labels.sum()),
            "calibration_error": round(calibration_error(values, labels.astype(np.int_)), 4),
        }
    return figures


def _empathy(classifier: Classifier, dev: Sequence[Row]) -> dict[str, Any]:
    read = _read(classifier, dev)
    figures = {}
    for name in EMPATHY:
        labels = np.array([row.labels[name] for row in dev], dtype=float)
        chosen = np.array([np.argmax(a.levels[name]) for a in read], dtype=float)
        figures[name] = {
            "accuracy": _measured(accuracy_score, labels, chosen),
            "macro_f1": _measured(_macro_f1, labels, chosen),
            "shown_f1": _measured(f1_score, labels > 0, chosen > 0),
        }
    return figures


def _macro_f1(labels: Numbers, chosen: Numbers) -> float:
    return float(f1_score(labels, chosen, average="macro", zero_division=0))


def _kappa(labels: Numbers, chosen: Numbers) -> float:
    return float(cohen_kappa_score(labels.astype(int), chosen.astype(int), weights="quadratic"))


def _risk(rows: list[Row]) -> dict[str, Any]:
    kept, at_least = risk_out_of_fold(rows)
    posts = np.array([row.source == "cssrs" for row in kept])
    levels = np.array([row.labels["risk"] for row in kept])
    replies = np.array([row.source == "reply" for row in kept])
    expected = np.round(at_least.sum(axis=1))
    return {
        "kappa": _measured(_kappa, levels[posts], expected[posts]),
        "f1_from_2": _measured(f1_score, levels[posts] >= 2, at_least[posts, 1] >= 0.5),
        "f1_from_3": _measured(f1_score, levels[posts] >= 3, at_least[posts, 2] >= 0.5),
        "auc_from_3": _measured(roc_auc_score, levels[posts] >= 3, at_least[posts, 2]),
        "replies_called_2": _measured(_share, replies[replies], at_least[replies, 1] >= 0.5),
    }


def _share(_: Numbers, called: Numbers) -> float:
    return float(np.mean(called))


def _contrast(classifier: Classifier) -> dict[str, Any]:
    """Per pattern: lines, called toxic, nudged or held, and called in danger soon or now."""
    figures: dict[str, Any] = {}
    for row in contrast("test"):
        assessment = _read(classifier, [row])[0]
        verdict = judge(assessment, find(row.text), Context())
        tally = figures.setdefault(row.pattern, dict.fromkeys(_TALLIES, 0))
        tally["lines"] += 1
        tally["toxic"] += assessment.signals.get("toxicity", 0.0) >= 0.5
        tally["nudged_or_held"] += verdict.handling in (Handling.NUDGE, Handling.HOLD)
        tally["any_urgency"] += verdict.urgency is not Urgency.NONE
        tally["soon_or_now"] += _is_urgent(verdict)
    return figures


_TALLIES: Final = ("lines", "toxic", "nudged_or_held", "any_urgency", "soon_or_now")


def _is_urgent(verdict: Verdict) -> bool:
    return verdict.urgency in (Urgency.SOON, Urgency.NOW)


def _handling(classifier: Classifier, dev: Sequence[Row]) -> dict[str, Any]:
    """What the default policy does with real replies, and with the posts they answer."""
    posts = [Row(text, "post", text) for text in sorted({row.in_reply_to or "" for row in dev})]
    figures = {}
    for name, rows in (("replies", list(dev)), ("posts", posts)):
        verdicts = [
            judge(a, find(row.text), Context(is_reply=name == "replies"))
            for row, a in zip(rows, _read(classifier, rows), strict=True)
        ]
        figures[name] = {
            "n": len(rows),
            "nudged": sum(v.handling is Handling.NUDGE for v in verdicts),
            "held": sum(v.handling is Handling.HOLD for v in verdicts),
            "collapsed": sum(v.handling is Handling.COLLAPSE for v in verdicts),
            "support": sum(v.support for v in verdicts),
            "soon_or_now": sum(map(_is_urgent, verdicts)),
        }
    return figures


def _speed(classifier: Classifier) -> dict[str, float]:
    """Milliseconds for one message of 25 words with its lexicon, p50 and p99 of 500."""
    text = (
        "I had a rough day, my boss shouted at me in front of everybody and I could not stop "
        "crying on the long way home tonight"
    )
    taken = []
    for _ in range(500):
        started = time.perf_counter()
        judge(classifier.assess([Passage(text)])[0], find(text), Context())
        taken.append((time.perf_counter() - started) * 1e3)
    return {f"p{q}_ms": round(float(np.percentile(taken, q)), 2) for q in (50, 99)}


def _measured(measure: Callable[..., float], labels: Any, values: Any) -> dict[str, Any]:
    """A figure, its count, and the 2.5 and 97.5 percentiles over draws with replacement."""
    labels, values = np.asarray(labels, dtype=float), np.asarray(values, dtype=float)
    draw = np.random.default_rng(_SEED)
    drawn = [draw.integers(0, len(labels), len(labels)) for _ in range(_DRAWS)]
    same = measure is _share
    found = [measure(labels[d], values[d]) for d in drawn if same or len(set(labels[d])) > 1]
    low, high = np.percentile(found, [2.5, 97.5])
    return {
        "value": round(float(measure(labels, values)), 4),
        "n": len(labels),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }
