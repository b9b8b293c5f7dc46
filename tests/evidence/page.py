"""The evidence as a page: what is shown, and what is not."""

from collections.abc import Iterable, Sequence
from typing import Final

from tests.evidence.rows import ROOT, STATES, Row, typed

PAGE: Final = ROOT / "docs" / "security" / "evidence.md"
_HEAD: Final = """# Evidence

*Made by `python -m tests.evidence` from `evidence.toml`; a test keeps it so, and holds that each command is there.*

Each row of the matrix of what must hold, what shows it, and what it showed last: A deliveries, B overload,
C outages, D restarts and backups, E malformed input, F access, G people in danger, H privacy, I supply chain.
A figure is what was measured on that day, on a shared machine with two cores; *reduced*: at less than the row
asks. "passed" is a test that runs with `make test`.
"""


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    shown = [row for row in rows if row.by]
    bare = [row for row in rows if not row.by]
    return "\n".join(
        [
            _HEAD,
            _counts(rows),
            "\n## Shown\n",
            *_table(("row", "what", "commands", "last figure", "when, at what size", "lacks"), map(_shown, shown)),
            "\n## Not shown\n",
            *_table(("row", "what", "state", "why, or what comes"), map(_bare, bare)),
            "",
        ]
    )  # fmt: skip


def _counts(rows: Sequence[Row]) -> str:
    counts = {state: sum(row.state == state for row in rows) for state in STATES}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"**{len(rows)} rows**: {said}."


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> list[str]:
    rule = "|".join(["---"] * len(head))
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(line)} |" for line in lines)]


def _shown(row: Row) -> tuple[str, ...]:
    state = "" if row.state == "covered" else f" ({row.state})"
    commands = "<br>".join(f"`{typed(command)}`" for command in row.by)
    return (
        f"{row.id}{state}", row.what, commands, row.figure or "", f"{row.on}, {row.size}",
        _rest(row),
    )  # fmt: skip


def _bare(row: Row) -> tuple[str, ...]:
    return row.id, row.what, row.state, _rest(row)


def _rest(row: Row) -> str:
    coming = f"In work: {', '.join(row.coming)}." if row.coming else ""
    return " ".join(part for part in (row.lacks, coming) if part) or "–"
