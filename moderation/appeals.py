"""Who may ask again, until when, and who may judge it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

APPEAL_WINDOW: Final = timedelta(days=30)
"""Long enough for someone who was away, ill or in hospital to find out and answer."""


def may_appeal(acted_at: datetime, now: datetime) -> bool:
    """Whether an author may still ask again; the last instant of the window counts."""
    return acted_at <= now <= acted_at + APPEAL_WINDOW


def may_judge(decided_by: UUID | str, judge: UUID | str) -> bool:
    """Never the person whose decision it was. Ids compare as text, so a UUID equals its string."""
    return str(decided_by).lower() != str(judge).lower()
