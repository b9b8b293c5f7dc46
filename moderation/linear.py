"""The file of the embedded model: signed roots of its weights in int8, checked by SHA-256.

Loaded without pickle. What lies in ``models/`` is listed in ``models/registry.json`` by version
and hash; a file that differs is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ModelCorrupt, ModelUnavailable
from moderation.features import BUCKETS, Grams, Ids, Values, vector

MODELS_DIR: Final = Path(__file__).with_name("models")
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

    def probabilities(self, heads: slice, scores: Floats) -> Floats:
        """Calibrated probabilities of some heads. scores: of every head, as ``scores`` gives."""
        slope, offset = self.platt[heads].T
        logits = slope * (scores[heads] + self.intercepts[heads]) + offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -40, 40))), dtype=np.float64)

    def contributions(self, head: int, grams: Grams) -> npt.NDArray[np.float32]:
        """What each n-gram adds to the score of one head; same order as ``grams.ids``."""
        ids, values = vector(grams)
        words = values[0] if grams.letters_from else 0.0
        letters = values[-1] if len(ids) else 0.0
        share = np.where(np.arange(len(grams.ids)) < grams.letters_from, words, letters)
        weights = _SQUARES[self.roots[grams.ids, head].view(np.uint8)] * self.scales[head]
        return np.asarray(weights * share, dtype=np.float32)

    def columns(self, first: str, last: str) -> slice:
        """The heads from ``first`` to ``last``, both included."""
        return slice(self.heads.index(first), self.heads.index(last) + 1)


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


def load(models_dir: Path = MODELS_DIR, version: str | None = None) -> Linear:
    """The registered model; without ``version`` the registry's default.

    Raises ModelUnavailable when the registry or the file is missing, ModelCorrupt when the file
    is not the registered one.
    """
    entry = _registered(models_dir, version)
    path = models_dir / entry["file"]
    try:
        stored = path.read_bytes()
    except OSError:
        raise ModelUnavailable(
            f"the weights {path.name} are missing: install the package anew, or train them "
            "(python -m moderation.training train --data DIR)"
        ) from None
    if hashlib.sha256(stored).hexdigest() != entry["sha256"]:
        raise ModelCorrupt(f"the weights {path.name} are not the registered ones (SHA-256 differs)")
    return unpack(stored)


def _registered(models_dir: Path, version: str | None) -> dict[str, Any]:
    try:
        registry = json.loads((models_dir / "registry.json").read_text("utf-8"))
        found: dict[str, Any] = registry["models"][version or registry["default"]]
    except (OSError, KeyError, ValueError):
        raise ModelUnavailable(
            f"no model {version or 'by default'} is registered: registry.json is missing or names "
            "another; train one (python -m moderation.training train --data DIR)"
        ) from None
    return found


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
