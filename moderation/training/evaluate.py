"""Every figure of the table, through the same code that runs in a community.

Never trained on: Jigsaw, toxic-span and Columbia rows of part 0, EPITOME's development pairs, and
the folder ``contrast/test``, whose patterns differ from those trained on and whose authors did not
see them. Each figure comes with its count and a 95 % bootstrap interval.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    f1_score,
    roc_auc_score,
)

from moderation.classifier import Assessment, Classifier, Passage
from moderation.lexicon import find
from moderation.policy import Context, Handling, Urgency, Verdict, judge
from moderation.signals import EMPATHY, TOXICITY
from moderation.training.calibrate import calibration_error
from moderation.training.datasets import Row, contrast, epitome_dev, read_all, split
from moderation.training.disguises import DISGUISES

Numbers = npt.NDArray[Any]
_DRAWS: Final = 1_000
_SEED: Final = 7
_ESTABLISHED: Final = 100
_BATCH: Final = 256
_REPLY_SIGNALS: Final = ("dismissive", "unasked_advice")


def evaluate(classifier: Classifier, data: Path | None) -> dict[str, Any]:
    """The whole table; without ``data`` only what our own lines can tell."""
    lines = contrast("test")
    figures: dict[str, Any] = {"model": classifier.version}
    if data is not None:
        rows = [row for row in read_all(data, frozenset({"contrast"})) if split(row) == "test"]
        dev = epitome_dev(data)
        figures |= {
            "toxicity": _toxicity(classifier, _of(rows, "jigsaw")),
            "marks": _marks(classifier, _of(rows, "toxic_spans")),
            "empathy": _empathy(classifier, dev),
            "risk": _risk(classifier, _of(rows, "cssrs")),
            "surfaced": _surfaced(classifier, dev, _of(rows, "cssrs")),
            "handling": _handling(classifier, dev),
            "dialect": _dialect(classifier, _of(rows, "davidson")),
        }
    figures["look_alikes"] = _look_alikes(classifier, lines)
    figures["risk_talk"] = _risk_talk(classifier, lines)
    figures["replies"] = _replies(classifier, lines)
    figures["disguises"] = _disguises(classifier, lines)
    figures["patterns"] = _patterns(classifier, lines)
    return figures


def _of(rows: Sequence[Row], source: str) -> list[Row]:
    return [row for row in rows if row.source == source]


def read_rows(classifier: Classifier, rows: Sequence[Row]) -> list[Assessment]:
    """One assessment a row, each row with what it answers."""
    passages = [Passage(row.text, row.in_reply_to) for row in rows]
    return [
        one
        for start in range(0, len(passages), _BATCH)
        for one in classifier.assess(passages[start : start + _BATCH])
    ]


def measured(figure: Callable[..., float], *columns: Numbers) -> dict[str, Any]:
    """The figure, its count and its 95 % interval by bootstrap over rows."""
    count = len(columns[0])
    draw = np.random.default_rng(_SEED)
    values = []
    for _ in range(_DRAWS):
        chosen = draw.integers(0, count, count)
        sample = [column[chosen] for column in columns]
        if len(np.unique(sample[0])) > 1 or len(columns) == 1:
            values.append(float(figure(*sample)))
    low, high = np.percentile(values, [2.5, 97.5]) if values else (np.nan, np.nan)
    return {
        "value": round(float(figure(*columns)), 4),
        "n": count,
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def share(called: Numbers) -> float:
    """Of all rows, those that are true."""
    return float(np.mean(called))


def _array(values: Iterable[Any]) -> Numbers:
    return np.array([*values], dtype=np.float64)


def _calibration(labels: Numbers, values: Numbers) -> dict[str, Any]:
    """Equal-mass bins, and the Brier score against always saying the base rate."""
    base = float(labels.mean())
    skill = 1 - brier_score_loss(labels, values) / max(base * (1 - base), 1e-9)
    return {
        "calibration_error": round(calibration_error(values, labels.astype(np.int_)), 4),
        "brier_skill": round(float(skill), 4),
        "positives": int(labels.sum()),
        "established": bool(min(labels.sum(), len(labels) - labels.sum()) >= _ESTABLISHED),
    }


def _toxicity(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """Rows in another language count as not assessed and are left out, and counted."""
    read = read_rows(classifier, rows)
    figures: dict[str, Any] = {"unassessed": sum(not a.assessed for a in read)}
    for name in TOXICITY:
        pairs = [
            (row.labels[name], a.signals[name])
            for row, a in zip(rows, read, strict=True)
            if a.assessed and name in row.labels
        ]
        labels, values = _array(p[0] for p in pairs), _array(p[1] for p in pairs)
        figures[name] = measured(roc_auc_score, labels, values) | _calibration(labels, values)
    return figures


def _marks(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """F1 over characters, a mean over texts as SemEval-2021 task 5 counts it."""
    scores = [
        _characters_f1(
            {at for start, end in row.marks["toxicity"] for at in range(start, end)},
            {at for s in a.spans if s.signal in TOXICITY for at in range(s.start, s.end)},
        )
        for row, a in zip(rows, read_rows(classifier, rows), strict=True)
    ]
    return measured(share, _array(scores))


def _characters_f1(marked: set[int], found: set[int]) -> float:
    if not marked or not found:
        return float(marked == found)
    return 2 * len(marked & found) / (len(marked) + len(found))


def _empathy(classifier: Classifier, dev: Sequence[Row]) -> dict[str, Any]:
    read = read_rows(classifier, dev)
    figures = {}
    for name in EMPATHY:
        labels = _array(row.labels[name] for row in dev)
        chosen = _array(np.argmax(a.levels[name]) for a in read)
        shown = _array(1 - a.levels[name][0] for a in read)
        figures[name] = {
            "accuracy": measured(accuracy_score, labels, chosen),
            "macro_f1": measured(_macro_f1, labels, chosen),
            "shown_f1": measured(f1_score, labels > 0, chosen > 0),
        } | _calibration((labels > 0).astype(float), shown)
    return figures


def _macro_f1(labels: Numbers, chosen: Numbers) -> float:
    return float(f1_score(labels, chosen, average="macro", zero_division=0))


def _kappa(labels: Numbers, chosen: Numbers) -> float:
    return float(cohen_kappa_score(labels.astype(int), chosen.astype(int), weights="quadratic"))


def at_least(assessment: Assessment, level: int) -> float:
    """The chance that the risk reaches a level."""
    return float(sum(assessment.levels["risk"][level:]))


def _risk(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    kept = [(r, a) for r, a in zip(rows, read_rows(classifier, rows), strict=True) if a.assessed]
    levels = _array(r.labels["risk"] for r, _ in kept)
    expected = _array(round(a.signals["risk"]) for _, a in kept)
    figures: dict[str, Any] = {"kappa": measured(_kappa, levels, expected)}
    for step in (2, 3):
        labels, chances = levels >= step, _array(at_least(a, step) for _, a in kept)
        figures[f"f1_from_{step}"] = measured(f1_score, labels, chances >= 0.5)
        figures[f"auc_from_{step}"] = measured(roc_auc_score, labels, chances)
        figures[f"calibration_from_{step}"] = _calibration(labels.astype(float), chances)
    return figures


def _verdicts(classifier: Classifier, rows: Sequence[Row]) -> list[Verdict]:
    return [
        judge(a, find(row.text), Context(is_reply=row.in_reply_to is not None))
        for row, a in zip(rows, read_rows(classifier, rows), strict=True)
    ]


def _is_urgent(verdict: Verdict) -> bool:
    return verdict.urgency in (Urgency.SOON, Urgency.NOW)


def _posts(dev: Sequence[Row]) -> list[Row]:
    return [Row(text, "post", text) for text in sorted({row.in_reply_to or "" for row in dev})]


def _surfaced(classifier: Classifier, dev: Sequence[Row], risk: Sequence[Row]) -> dict[str, Any]:
    """Recall of risk 3 and above, at the load that the policy makes, and along a curve."""
    real = [*_posts(dev), *dev]
    load = _array(map(_is_urgent, _verdicts(classifier, real)))
    danger = [row for row in risk if row.labels["risk"] >= 3]
    found = _array(map(_is_urgent, _verdicts(classifier, danger)))
    curve = []
    real_chances = _array(at_least(a, 3) for a in read_rows(classifier, real) if a.assessed)
    chances = _array(at_least(a, 3) for a in read_rows(classifier, danger) if a.assessed)
    for most in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2):
        bar = float(np.quantile(real_chances, 1 - most))
        curve.append({"surfaced": most, "recall": round(share(chances >= bar), 4)})
    return {
        "load": measured(share, load),
        "recall_from_3": measured(share, found),
        "curve_by_model_alone": curve,
    }


def _handling(classifier: Classifier, dev: Sequence[Row]) -> dict[str, Any]:
    """What the default policy does with real replies, and with the posts they answer."""
    figures = {}
    for name, rows in (("replies", list(dev)), ("posts", _posts(dev))):
        verdicts = _verdicts(classifier, rows)
        figures[name] = {
            "n": len(rows),
            "nudged": sum(v.handling is Handling.NUDGE for v in verdicts),
            "held": sum(v.handling is Handling.HOLD for v in verdicts),
            "collapsed": sum(v.handling is Handling.COLLAPSE for v in verdicts),
            "support": sum(v.support for v in verdicts),
            "soon_or_now": sum(map(_is_urgent, verdicts)),
        }
    return figures


def _dialect(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """Of tweets that people found neither hateful nor offensive, how many are called toxic.

    By words that mark African-American English in writing: a stand-in, for nobody said who wrote them.
    """
    calm = [row for row in rows if row.labels["toxicity"] == 0]
    called = _array(a.signals.get("toxicity", 0.0) >= 0.5 for a in read_rows(classifier, calm))
    marked = _array(bool(_AFRICAN_AMERICAN.search(row.text)) for row in calm) > 0
    return {
        "with marks of African-American English": measured(share, called[marked]),
        "without": measured(share, called[~marked]),
    }


_AFRICAN_AMERICAN: Final = re.compile(
    r"\b(finna|tryna|bout to|gon|ion|ain'?t|y'?all|ima|imma|dat|dis|dem|dey|wit|nah|bruh|homie|lil"
    r"|aint|cuz|bae|tho|yo|ya|talm|\w+in'|(?:talk|walk|look|try|go|do|fuck|get|mak|tak)in)\b",
    re.IGNORECASE,
)


def _look_alikes(classifier: Classifier, lines: Sequence[Row]) -> dict[str, Any]:
    """Recall on abuse and hate, specificity on what only looks like it, per kind."""
    figures: dict[str, Any] = {}
    known = [row for row in lines if "toxicity" in row.labels and row.in_reply_to is None]
    read = dict(zip(map(id, known), read_rows(classifier, known), strict=True))

    def called(rows: Sequence[Row]) -> Numbers:
        return _array(read[id(row)].signals.get("toxicity", 0.0) >= 0.5 for row in rows)

    for kind, rows in _kinds(known).items():
        figures[kind] = measured(share, called(rows))
    toxic = [row for row in known if row.labels["toxicity"]]
    calm = [row for row in known if not row.labels["toxicity"] and row.pattern.startswith("test_")]
    figures["recall"] = measured(share, called(toxic))
    figures["specificity"] = measured(share, 1 - called(calm))
    assessed = [row for row in known if read[id(row)].assessed]
    labels = _array(row.labels["toxicity"] for row in assessed)
    chances = _array(read[id(row)].signals["toxicity"] for row in assessed)
    figures["auc"] = measured(roc_auc_score, labels, chances) | _calibration(labels, chances)
    own = [row for row in known if "self" in row.pattern and not row.labels["toxicity"]]
    figures["self_directed_called_toxic"] = measured(share, called(own))
    return figures


def _kinds(rows: Sequence[Row]) -> dict[str, list[Row]]:
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        parts = row.pattern.split("_")
        kind = parts[1] if parts[0] == "test" else "first_set"
        kinds.setdefault(kind, []).append(row)
    return {kind: kinds[kind] for kind in (*KINDS, "first_set") if kind in kinds}


KINDS: Final = (
    "abusive", "hateful", "quoted", "negated", "counter", "identity", "reclaimed", "friendly",
    "objects", "boundary", "dialect", "self",
)  # fmt: skip
"""Of our test lines on tone: the first two should be called toxic, the others should not."""


def _risk_talk(classifier: Classifier, lines: Sequence[Row]) -> dict[str, Any]:
    """False alarms at risk 2 and above on talk that is no danger, and what is found of danger."""
    known = [row for row in lines if "risk" in row.labels]
    read = dict(zip(map(id, known), read_rows(classifier, known), strict=True))

    def called(rows: Sequence[Row], level: int) -> Numbers:
        return _array(
            at_least(read[id(row)], level) >= 0.5 if read[id(row)].assessed else 0 for row in rows
        )

    calm = [row for row in known if row.labels["risk"] == 0]
    figures: dict[str, Any] = {}
    for name, words in _TALK.items():
        rows = [row for row in calm if any(word in row.pattern for word in words)]
        if rows:
            figures[name] = measured(share, called(rows, 2))
    figures["all_calm"] = measured(share, called(calm, 2))
    for level in (1, 2, 3):
        rows = [row for row in known if row.labels["risk"] >= level]
        figures[f"recall_from_{level}"] = measured(share, called(rows, level))
    danger = [row for row in known if row.labels["risk"] >= 3]
    figures["soon_or_now_from_3"] = measured(
        share, _array(map(_is_urgent, _verdicts(classifier, danger)))
    )
    figures["calm_soon_or_now"] = measured(
        share, _array(map(_is_urgent, _verdicts(classifier, calm)))
    )
    return figures


_TALK: Final = {
    "stressed": ("stress", "depress", "griev", "grief", "hopeless", "burn", "lonel", "anxi"),
    "supporters": ("support", "reply", "helper", "answer"),
    "idioms": ("idiom", "hyperbole", "joke"),
    "third_person": ("third", "bereaved", "worried", "another"),
    "past_or_denied": ("past", "denied", "overcome"),
    "self_harm": ("selfharm", "self_harm"),
}


def _replies(classifier: Classifier, lines: Sequence[Row]) -> dict[str, Any]:
    known = [row for row in lines if "dismissive" in row.labels or "unasked_advice" in row.labels]
    read = read_rows(classifier, known)
    figures: dict[str, Any] = {}
    for name in _REPLY_SIGNALS:
        pairs = [
            (r.labels[name], a.signals[name])
            for r, a in zip(known, read, strict=True)
            if name in r.labels
        ]
        labels, values = _array(p[0] for p in pairs), _array(p[1] for p in pairs)
        figures[name] = {
            "auc": measured(roc_auc_score, labels, values),
            "f1": measured(f1_score, labels, values >= 0.5),
        } | _calibration(labels, values)
    return figures


def _disguises(classifier: Classifier, lines: Sequence[Row]) -> dict[str, Any]:
    """Of what is found when clear, how much is found under each disguise: abuse and danger."""
    clear = [row for row in lines if row.labels.get("toxicity") or row.labels.get("risk", 0) >= 2]
    read = read_rows(classifier, clear)
    found = [row for row, a in zip(clear, read, strict=True) if _is_found(row, a)]
    figures: dict[str, Any] = {}
    for name, disguise in DISGUISES.items():
        order = random.Random(_SEED)  # noqa: S311 - not secret
        hidden = [Row(disguise(r.text, order), r.source, r.group, r.labels) for r in found]
        read = read_rows(classifier, hidden)
        figures[name] = measured(
            share, _array(_is_found(r, a) for r, a in zip(hidden, read, strict=True))
        )
    return figures


def _is_found(row: Row, assessment: Assessment) -> bool:
    if not assessment.assessed:
        return False
    if row.labels.get("toxicity"):
        return assessment.signals["toxicity"] >= 0.5
    return at_least(assessment, 2) >= 0.5


def _patterns(classifier: Classifier, lines: Sequence[Row]) -> dict[str, Any]:
    """Per pattern: lines, called toxic, nudged or held, in danger at all, soon or now."""
    figures: dict[str, Any] = {}
    rows = [row for row in lines if row.in_reply_to is None]
    read = read_rows(classifier, rows)
    for row, assessment in zip(rows, read, strict=True):
        verdict = judge(assessment, find(row.text), Context())
        tally = figures.setdefault(row.pattern, dict.fromkeys(_TALLIES, 0))
        tally["lines"] += 1
        tally["toxic"] += assessment.signals.get("toxicity", 0.0) >= 0.5
        tally["nudged_or_held"] += verdict.handling in (Handling.NUDGE, Handling.HOLD)
        tally["any_urgency"] += verdict.urgency is not Urgency.NONE
        tally["soon_or_now"] += _is_urgent(verdict)
    return figures


_TALLIES: Final = ("lines", "toxic", "nudged_or_held", "any_urgency", "soon_or_now")
