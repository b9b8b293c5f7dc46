"""What a clinician reads and confirms before this judgement is used: thresholds, phrases, and words."""

import hashlib
from pathlib import Path
from typing import Final

_FILES: Final = (
    "policy.toml", "lexicon.toml", "nudges.toml", "replies.toml", "coverage.toml",
)  # fmt: skip
TEXTS: Final = {name: Path(__file__).with_name(name).read_text("utf-8") for name in _FILES}
"""By file name, as they are written for people to read and change."""

EDITION: Final = hashlib.sha256("\0".join(TEXTS.values()).encode()).hexdigest()[:12]
"""Changes with any word of them: a review is of this edition and no other."""
