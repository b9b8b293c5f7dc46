"""The same words are read once: answers kept by a keyed hash of the exact text, never the text."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import Final, Generic, TypeVar

from moderation.classifier import Passage

Answer = TypeVar("Answer")

MOST: Final = 2_048
"""Answers that are kept, about 3 kB each; the one asked for longest ago goes first."""


class Remembered(Generic[Answer]):
    """Answers by passage. Safe only where whoever answers does not change."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()

    def find(self, passage: Passage) -> Answer | None:
        """What was answered before."""
        key = self._hash(passage)
        answer = self._kept.get(key)
        if answer is not None:
            self._kept.move_to_end(key)
        return answer

    def keep(self, passage: Passage, answer: Answer) -> None:
        """Remember an answer, and forget the one asked for longest ago when there are too many."""
        self._kept[self._hash(passage)] = answer
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """All of it: whoever answered has changed."""
        self._kept.clear()

    def _hash(self, passage: Passage) -> bytes:
        parts = [passage.text, passage.in_reply_to or ""]
        sizes = f"{len(parts[0])} {passage.in_reply_to is None} ".encode()
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(sizes + text, key=self._key, digest_size=16).digest()
