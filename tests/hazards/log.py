"""The hazard log as it is written, and what its scores mean. Pure but for the one file it reads.

Source of the scales and the matrix: NHS Digital, DCB0129, "Clinical Risk Management: its Application in
the Manufacture of Health IT Systems", implementation guidance (the example that it gives). Taken from two
public copies that agree, not from the guidance itself.
"""

from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docs" / "clinical-safety" / "hazards.yaml"

_MATRIX: Final = (
    (1, 1, 2, 2, 3),
    (1, 2, 2, 3, 4),
    (2, 2, 3, 3, 4),
    (2, 3, 3, 4, 5),
    (3, 4, 4, 5, 5),
)
"""Rows: likelihood 1 to 5; columns: severity 1 to 5."""
SEVERITY: Final = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOOD: Final = ("very low", "low", "medium", "high", "very high")
OWNERS: Final = frozenset(
    (
        "maker: engineering",
        "maker: clinical safety officer",
        "deployer: steward",
        "deployer: clinical lead",
    )
)

Score = Annotated[int, Field(ge=1, le=5)]
Words = Annotated[str, Field(min_length=8)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Control(_Strict):
    """What stands against a hazard, and what proves it."""

    what: Words
    tests: Annotated[list[str], Field(min_length=1)]


class Residual(_Strict):
    """What is left."""

    severity: Score
    likelihood: Score


class Hazard(_Strict):
    """One way in which somebody could come to harm. `open`: what stays, in words."""

    id: Annotated[str, Field(pattern=r"^H\d\d$")]
    hazard: Words
    cause: Words
    effect: Words
    severity: Score
    likelihood: Score
    controls: Annotated[list[Control], Field(min_length=1)]
    residual: Residual
    open: str | None
    owner: str


class _Log(_Strict):
    hazards: list[Hazard]


def read() -> list[Hazard]:
    """All of them. Raises ValidationError where one is incomplete."""
    return _Log.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8"))).hazards


def rating(severity: int, likelihood: int) -> int:
    """The risk, 1 (acceptable) to 5 (unacceptable)."""
    return _MATRIX[likelihood - 1][severity - 1]
