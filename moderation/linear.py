"""The file of the n-gram model: signed roots of its weights in int8, loaded without pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ModelCorrupt
from moderation.features import BUCKETS, Grams, Ids, Values, vector

Floats = npt.NDArray[np.float64]
_TOO_SMALL: Final = 8
"""Roots of weights, of 127: what changes nothing measurable, and half of the file's size."""
_SQUARES: Final = np.array(
    [np.sign(root) * (root / 127.0) ** 2 for root in (*range(128), *range(-128, 0))],
    dtype=np.float32,
)
"""By the byte that is stored: one word may weigh a thousand times another, and both must count."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Heads over the same buckets.

    roots: one row per bucket, one column per head; a weight is the signed square of its root,
    of 127, times the head's scale.
    """

    version: str
    heads: tuple[str, ...]
    roots: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    platt: npt.NDArray[np.float32]

    def scores(self, ids: Ids, values: Values) -> Floats:
        """What these n-grams add to every head; sums over several texts may be added."""
        raw = values @ _SQUARES[self.roots[ids].view(np.uint8)]
        return np.asarray(raw * self.scales, dtype=np.float64)

    def log_odds(self, scores: Floats) -> Floats:
        """Calibrated log-odds of every head. scores: as ``scores`` gives them, or sums of those."""
        slope, offset = self.platt.T
        mixed: Floats = slope * (scores + self.intercepts) + offset
        return mixed

    def contributions(self, head: int, grams: Grams) -> npt.NDArray[np.float32]:
        """What each n-gram adds to the score of one head; same order as ``grams.ids``."""
        ids, values = vector(grams)
        words = values[0] if grams.letters_from else 0.0
        letters = values[-1] if len(ids) else 0.0
        share = np.where(np.arange(len(grams.ids)) < grams.letters_from, words, letters)
        weights = _SQUARES[self.roots[grams.ids, head].view(np.uint8)] * self.scales[head]
        return np.asarray(weights * share, dtype=np.float32)


def pack(
    version: str,
    heads: Sequence[str],
    weights: npt.NDArray[np.float32],
    intercepts: Sequence[float],
    platt: Sequence[tuple[float, float]],
) -> bytes:
    """The bytes of a model file. weights: float, one row per head; kept to int8 per head."""
    scales = np.maximum(np.abs(weights).max(axis=1), 1e-9)
    roots = np.sqrt(np.abs(weights) / scales[:, None])
    whole = (np.sign(weights) * np.round(127.0 * roots)).astype(np.int8)
    whole[np.abs(whole) <= _TOO_SMALL] = 0
    described = json.dumps({"version": version, "heads": list(heads)}).encode()
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        about=np.frombuffer(described, dtype=np.uint8),
        roots=whole,
        scales=scales.astype(np.float32),
        intercepts=np.asarray(intercepts, dtype=np.float32),
        platt=np.asarray(platt, dtype=np.float32),
    )
    return buffer.getvalue()


def unpack(stored: bytes) -> Linear:
    """The model in these bytes. Raises ModelCorrupt when they are no model of this form."""
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            roots = np.ascontiguousarray(arrays["roots"].T)
            numbers = arrays["scales"], arrays["intercepts"], arrays["platt"]
    except (ValueError, KeyError, OSError) as error:
        raise ModelCorrupt("the weights cannot be read") from error
    if roots.shape != (BUCKETS, len(about["heads"])):
        raise ModelCorrupt("the weights have another shape than this version reads")
    return Linear(about["version"], tuple(about["heads"]), roots, *numbers)
