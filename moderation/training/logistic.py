"""One linear head: naive-Bayes ratios times logistic regression, folded into one weight each.

Source: Wang and Manning 2012, "Baselines and Bigrams" (NB-SVM), with a logistic loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one head is fitted. ratios: whether features are weighted by naive-Bayes ratios."""

    strength: float
    ratios: bool = True
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Head:
    """Weights over the buckets, and an intercept."""

    weights: npt.NDArray[np.float32]
    intercept: float

    def score(self, matrix: Any) -> Floats:
        """Log-odds before calibration, one per row."""
        return np.asarray(matrix @ self.weights, dtype=np.float64) + self.intercept


def fit(matrix: Any, labels: npt.NDArray[Any], weights: Floats, recipe: Recipe) -> Head:
    """A head for one yes-or-no question; ``weights`` say how much each row counts."""
    ratios = _ratios(matrix, labels) if recipe.ratios else np.ones(matrix.shape[1], np.float32)
    model = LogisticRegression(C=recipe.strength, solver="liblinear", random_state=recipe.seed)
    model.fit(matrix.multiply(ratios[None, :]).tocsr(), labels, sample_weight=weights)
    return Head((model.coef_[0] * ratios).astype(np.float32), float(model.intercept_[0]))


def _ratios(matrix: Any, labels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    present = matrix > 0
    yes = np.asarray(present[labels == 1].sum(axis=0)).ravel() + 1.0
    no = np.asarray(present[labels == 0].sum(axis=0)).ravel() + 1.0
    ratios: npt.NDArray[np.float32] = np.log((yes / yes.sum()) / (no / no.sum())).astype(np.float32)
    return ratios
