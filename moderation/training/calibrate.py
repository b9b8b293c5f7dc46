"""Scores into probabilities: Platt's two numbers, fitted on rows the head has not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from moderation.training.logistic import Floats

Platt = tuple[float, float]


def platt(scores: Floats, labels: npt.NDArray[np.int_], weights: Floats | None = None) -> Platt:
    """(slope, offset) so that sigmoid(slope * score + offset) is a probability.

    weights: how often each row would be met outside, where a set has more of one kind.
    Source: Platt 1999, with the targets smoothed as there, so that few rows do not give certainty.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    yes, no = float(weights[labels == 1].sum()), float(weights[labels == 0].sum())
    target = np.where(labels == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    x = np.concatenate([scores, scores])[:, None]
    y = np.concatenate([np.ones(len(scores)), np.zeros(len(scores))])
    doubled = np.concatenate([weights * target, weights * (1 - target)])
    model = LogisticRegression(C=1e6).fit(x, y, sample_weight=doubled)
    return max(float(model.coef_[0, 0]), 1e-3), float(model.intercept_[0])


def calibration_error(probabilities: Floats, labels: npt.NDArray[np.int_], bins: int = 15) -> float:
    """Mean gap between confidence and frequency over equal-mass bins, in [0, 1]; 0 is perfect.

    Source: Guo et al. 2017, eq. 3, with bins of equal mass.
    """
    order = np.argsort(probabilities)
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(probabilities[p].mean() - labels[p].mean()) * len(p) for p in parts]
    return float(sum(gaps) / len(probabilities))
