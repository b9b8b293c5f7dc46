"""The log as a table in its README, between two marks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.hazards.log import LIKELIHOOD, ROOT, SEVERITY, Hazard, rating

PAGE: Final = ROOT / "docs" / "clinical-safety" / "README.md"
_BEGIN: Final = "<!-- from hazards.yaml: python -m tests.hazards -->"
_END: Final = "<!-- end -->"


def with_table(text: str, hazards: Iterable[Hazard]) -> str:
    """The page with the log as it is now. Raises ValueError where the page has no marks."""
    before, _, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError("the page has no place for the table")
    return f"{before}{_BEGIN}\n{_table(hazards)}\n{_END}{after}"


def write(page: Path, hazards: Iterable[Hazard]) -> None:
    """Put it there."""
    page.write_text(with_table(page.read_text(encoding="utf-8"), hazards), encoding="utf-8")


def _table(hazards: Iterable[Hazard]) -> str:
    head = (
        "| | hazard | before | controls | tests | after | what stays | owner |",
        "|---|---|---|---|---|---|---|---|",
    )
    return "\n".join((*head, *map(_row, hazards)))


def _row(hazard: Hazard) -> str:
    tests = sum(len(control.tests) for control in hazard.controls)
    controls = "; ".join(control.what for control in hazard.controls)
    cells = (
        hazard.id,
        f"**{hazard.hazard}.** {hazard.cause}. → {hazard.effect}.",
        _risk(hazard.severity, hazard.likelihood),
        f"{controls}.",
        str(tests),
        _risk(hazard.residual.severity, hazard.residual.likelihood),
        hazard.open or "–",
        hazard.owner,
    )
    return f"| {' | '.join(cells)} |"


def _risk(severity: int, likelihood: int) -> str:
    words = f"{SEVERITY[severity - 1]}, {LIKELIHOOD[likelihood - 1]}"
    return f"**{rating(severity, likelihood)}** ({words})"
