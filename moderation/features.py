"""Words and letters as numbers: what the embedded linear model reads.

Word 1- and 2-grams and letter 2- to 5-grams, hashed with fixed functions (CRC-32 for words, a
polynomial over code points for letters), so that training and reading agree on every machine.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

BITS: Final = 18
BUCKETS: Final = 1 << BITS

Ids = npt.NDArray[np.uint32]
Values = npt.NDArray[np.float32]

_WORD = re.compile(r"[^\W_]+|[!?]+|[^\w\s]")
_MIX: Final = np.uint32(2654435761)  # Knuth's multiplicative hash
_BASE: Final = np.uint32(1000003)
_LETTER_SIZES: Final = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Grams:
    """Hashed n-grams of one text with where each stands in it (``end`` exclusive)."""

    ids: Ids
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    letters_from: int  # ids before this one are of words


def grams(folded: str, salt: str = "") -> Grams:
    """Every n-gram of a folded text; ``salt`` keeps two texts of one passage apart."""
    seed = np.uint32(zlib.crc32(salt.encode()))
    word_ids, word_starts, word_ends = _word_grams(folded, seed)
    letter_ids, letter_starts, letter_ends = _letter_grams(folded, seed)
    return Grams(
        np.concatenate([word_ids, letter_ids]),
        np.concatenate([word_starts, letter_starts]),
        np.concatenate([word_ends, letter_ends]),
        len(word_ids),
    )


_Block = tuple[Ids, npt.NDArray[np.int32], npt.NDArray[np.int32]]


def _word_grams(folded: str, seed: np.uint32) -> _Block:
    found = list(_WORD.finditer(folded))
    ones = np.array([zlib.crc32(m[0].encode()) for m in found], dtype=np.uint32)
    starts = np.array([m.start() for m in found], dtype=np.int32)
    ends = np.array([m.end() for m in found], dtype=np.int32)
    twos = ones[:-1] * _BASE + ones[1:]
    return (
        _bucket(np.concatenate([ones, twos]) ^ seed),
        np.concatenate([starts, starts[:-1]]),
        np.concatenate([ends, ends[1:]]),
    )


def _letter_grams(folded: str, seed: np.uint32) -> _Block:
    padded = f" {folded} "
    codes = np.frombuffer(padded.encode("utf-32-le", "replace"), dtype=np.uint32)
    rolling = codes.copy()
    ids, starts, ends = [], [], []
    for size in range(2, _LETTER_SIZES[-1] + 1):
        rolling = rolling[:-1] * _BASE + codes[size - 1 :]
        ids.append(_bucket((rolling + np.uint32(size)) ^ seed))
        at = np.arange(len(rolling), dtype=np.int32) - 1
        starts.append(np.maximum(at, 0))
        ends.append(np.minimum(at + size, len(folded)).astype(np.int32))
    return np.concatenate(ids), np.concatenate(starts), np.concatenate(ends)


def _bucket(hashes: Ids) -> Ids:
    mixed: Ids = (hashes * _MIX) >> np.uint32(32 - BITS)
    return mixed


def vector(found: Grams) -> tuple[Ids, Values]:
    """Distinct buckets and their values; words and letters each have length 1, halved.

    Every distinct n-gram counts once: how often a word is repeated says little.
    """
    words = _distinct(found.ids[: found.letters_from])
    letters = _distinct(found.ids[found.letters_from :])
    values = np.concatenate([_unit(len(words)), _unit(len(letters))])
    return np.concatenate([words, letters]), values


def _distinct(ids: Ids) -> Ids:
    """As np.unique, which is several times slower on so few numbers."""
    ordered = np.sort(ids)
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _unit(count: int) -> Values:
    return np.full(count, 0.5**0.5 / max(count, 1) ** 0.5, dtype=np.float32)


def named(names: list[str], value: float) -> tuple[Ids, Values]:
    """Facts about a text that are no n-grams, such as what the lexicon found, as features."""
    hashes = np.array([zlib.crc32(f"fact:{name}".encode()) for name in names], dtype=np.uint32)
    ids = _distinct(_bucket(hashes))
    return ids, np.full(len(ids), value, dtype=np.float32)
