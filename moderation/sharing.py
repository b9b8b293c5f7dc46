"""Whether a text gives whoever answers it something to respond to."""

from __future__ import annotations

import re
from typing import Final

from moderation.thresholds import DEFAULT, Policy

_WORD: Final = re.compile(r"[^\W\d_]+")
_OF_ONESELF: Final = frozenset("i im ive me my mine myself we us our ours".split())


def tells_of_its_author(text: str, policy: Policy = DEFAULT) -> bool:
    """More than a line, and in the first person. English, as are the signals it is asked for."""
    words = _WORD.findall(text.casefold())
    return len(words) >= policy.nudge["answered_words"] and not _OF_ONESELF.isdisjoint(words)
