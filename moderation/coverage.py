"""Which language is read by what: declared once, for the pages, the docs and the clinician to read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_RAW: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("coverage.toml").read_text("utf-8")
)
OTHER: Final = "other"
"""Stands for every language without a row."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language. code: ISO 639-1, or OTHER. model, phrases: what each of them does, in words."""

    code: str
    name: str
    model: str
    phrases: str


def coverage(backend: str = "embedded") -> tuple[Coverage, ...]:
    """A row for each language, what nothing reads last. backend: as moderation.backends names it."""
    read: dict[str, str] = _RAW["backends"][backend]
    return tuple(
        Coverage(
            code=row["code"],
            name=row["name"],
            model=_RAW["model"][read.get(row["code"], "none")],
            phrases=_RAW["phrases"][row["phrases"]],
        )
        for row in _RAW["language"]
    )
