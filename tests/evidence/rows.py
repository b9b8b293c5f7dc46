"""The rows of the evidence, as they stand in its file."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tests.hazards.proof import missing

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docs" / "security" / "evidence.toml"
STATES: Final = ("covered", "partly", "in work", "not covered", "does not apply")
COUNTS: Final = {
    "A": 15, "B": 13, "C": 15, "D": 8, "E": 10, "F": 16, "G": 9, "H": 14, "I-": 8,
}  # fmt: skip
"""How many rows the matrix has under each letter."""
BENCH: Final = "bench"
_DRILL: Final = "drill "

Words = Annotated[str, Field(min_length=2, max_length=400)]


class Row(BaseModel):
    """One row of the matrix. by: drills, the bench or tests; figure: what they showed on that day.

    lacks: what of the row nothing shows yet. coming: drills that are being written for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Words
    what: Words
    state: Literal["covered", "partly", "in work", "not covered", "does not apply"]
    by: list[Words] = []
    figure: Words | None = None
    on: date | None = None
    size: Literal["full", "reduced"] | None = None
    lacks: Words | None = None
    coming: list[Words] = []

    @model_validator(mode="after")
    def _says_all(self) -> Self:
        """Raises ValueError for a row that claims more than it shows, or hides what it lacks."""
        has_figure = bool(self.figure and self.on and self.size)
        if bool(self.by) != has_figure:
            raise ValueError(
                f"{self.id}: a command has its figure, the day and the size; nothing else has"
            )
        if self.state == "covered" and (not self.by or self.lacks):
            raise ValueError(f"{self.id}: what is covered is shown, and lacks nothing")
        if self.state in {"partly", "not covered", "does not apply"} and not self.lacks:
            raise ValueError(f"{self.id}: what is not shown is said")
        if self.state == "in work" and not self.coming:
            raise ValueError(f"{self.id}: what is in work has a name")
        return self


def read(file: Path = FILE) -> list[Row]:
    """All of them, in the order of the matrix. Raises ValueError for a row that is not sound."""
    return [Row.model_validate(row) for row in tomllib.loads(file.read_text("utf-8"))["row"]]


def absent(command: str) -> str | None:
    """Why a command shows nothing; None when it is there. command: as it stands under `by`."""
    if command == BENCH:
        return None
    if command.startswith(_DRILL):
        module = command.removeprefix(_DRILL).replace("-", "_")
        return missing(f"tests/drills/{module}.py::run") and "no such drill"
    return missing(command)


def typed(command: str) -> str:
    """As it is typed at a terminal."""
    if command == BENCH:
        return "make bench"
    if command.startswith(_DRILL):
        return f"make drill ONLY={command.removeprefix(_DRILL)}"
    return f"pytest {command}"
