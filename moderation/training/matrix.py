"""Texts as sparse rows of hashed n-grams, exactly as the model reads them at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from moderation.features import BUCKETS, Ids, Values

Vector = tuple[Ids, Values]


def stack(vectors: Iterable[Vector]) -> Any:
    """A CSR matrix, one row per vector, BUCKETS columns, float32."""
    indptr, indices, values = [0], [], []
    for ids, weights in vectors:
        indices.append(ids)
        values.append(weights)
        indptr.append(indptr[-1] + len(ids))
    return csr_matrix(
        (np.concatenate(values), np.concatenate(indices).astype(np.int32), np.array(indptr)),
        shape=(len(indptr) - 1, BUCKETS),
        dtype=np.float32,
    )


def read(texts: Iterable[Any], reader: Callable[[Any], Vector]) -> Any:
    """``stack`` of ``reader`` over the texts."""
    return stack(reader(text) for text in texts)
