"""The same words are read once: answers kept by a keyed hash of the exact text, never the text."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from moderation.classifier import Assessment, Classifier, Passage

MOST: Final = 2_048
"""Answers that are kept, about 3 kB each; the one asked for longest ago goes first."""


class Cached:
    """A classifier that remembers. Safe only where the classifier's weights do not change."""

    def __init__(self, classifier: Classifier, most: int = MOST) -> None:
        self._classifier, self._most = classifier, most
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, Assessment] = OrderedDict()

    @property
    def version(self) -> str:
        """The classifier's own."""
        return self._classifier.version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One per passage, in the same order; what was asked before, or twice, is read once."""
        keys = [self._hash(passage) for passage in passages]
        new = {key: p for key, p in zip(keys, passages, strict=True) if key not in self._kept}
        found = dict(zip(new, self._classifier.assess([*new.values()]), strict=True))
        answers = [found[key] if key in found else self._kept[key] for key in keys]
        for key, answer in zip(keys, answers, strict=True):
            self._kept[key] = answer
            self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return answers

    def _hash(self, passage: Passage) -> bytes:
        parts = [passage.text, passage.in_reply_to or ""]
        sizes = f"{len(parts[0])} {passage.in_reply_to is None} ".encode()
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(sizes + text, key=self._key, digest_size=16).digest()
