"""The register of data: whose each column is, what kind, how long it is kept, what erasure does, who is given it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("register.toml")
OF_MESSAGE: Final = "message"
"""Whose a row is that says only to which message it belongs."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. erased: what erasing its owner does; is_given: whether a copy of one's data holds it."""

    kind: str
    erased: str
    is_given: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table. whose: the column that says it, OF_MESSAGE, or "". kept: a kind of retention, or words."""

    about: str
    whose: str
    kept: str
    erased: str
    columns: Mapping[str, Column]

    @property
    def given(self) -> list[str]:
        """Columns that a copy of one's data holds."""
        return [name for name, column in self.columns.items() if column.is_given]


@cache
def register() -> Mapping[str, Table]:
    """Every table by its name."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: _table(fields) for name, fields in found.items()}


def _table(fields: Mapping[str, object]) -> Table:
    columns = fields["columns"]
    assert isinstance(columns, dict)  # noqa: S101 - a test reads every line
    return Table(
        about=str(fields["about"]),
        whose=str(fields["whose"]),
        kept=str(fields["kept"]),
        erased=str(fields["erased"]),
        columns={name: Column(*values) for name, values in columns.items()},
    )
