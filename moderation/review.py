"""What a clinician reads and confirms before this judgement is used: thresholds, phrases, and words."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FILES: Final = (
    "policy.toml", "lexicon.toml", "nudges.toml", "replies.toml", "coverage.toml",
)  # fmt: skip
TEXTS: Final = {name: Path(__file__).with_name(name).read_text("utf-8") for name in _FILES}
"""By file name, as they are written for people to read and change."""


def edition_of(texts: Mapping[str, str]) -> str:
    """Changes with any word of them: a review is of this edition and no other."""
    return hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:12]


EDITION: Final = edition_of(TEXTS)
"""As it is shipped."""
