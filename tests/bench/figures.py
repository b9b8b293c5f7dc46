"""What rows say together: the least CPU, the best saturation, the usual latency."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, Any]
_IN_TIME: Final = 0.97


def keeps_up(row: Row) -> bool:
    """Whether a fixed rate was kept. Who is late joins what waits, and looks cheaper than in time."""
    offered = row.get("rate", 0.0) * row["members"]
    return bool(row.get("deliveries_per_s", 0.0) >= _IN_TIME * offered)


class Figures:
    """Rows, asked by server, room and phase. None where nothing was measured."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def of(self, server: str, members: int, phase: str) -> list[Row]:
        """The repeats."""
        wanted = (server, members, phase)
        return [r for r in self.rows if (r["server"], r["members"], r["phase"]) == wanted]

    def phase(self, phase: str) -> list[Row]:
        """All of a phase."""
        return [row for row in self.rows if row["phase"] == phase]

    def least(self, figure: str, server: str, members: int, phase: str) -> float | None:
        """Of the repeats that kept up, or of all when none did."""
        return self._chosen(min, figure, server, members, phase)

    def most(self, figure: str, server: str, members: int, phase: str) -> float | None:
        """The best of the repeats."""
        return self._chosen(max, figure, server, members, phase)

    def latency_ms(self, quantile: str, server: str, members: int) -> float | None:
        """Median of the repeats at the fixed rate."""
        found = [
            row["delivery_ms"] for row in self.of(server, members, "fixed") if "delivery_ms" in row
        ]
        values = [latency[quantile] for latency in found if quantile in latency]
        return statistics.median(values) if values else None

    def _chosen(
        self,
        choose: Callable[[list[float]], float],
        figure: str,
        server: str,
        members: int,
        phase: str,
    ) -> float | None:
        found = [row for row in self.of(server, members, phase) if row.get(figure)]
        in_time = [row for row in found if keeps_up(row)] or found
        return choose([float(row[figure]) for row in in_time]) if in_time else None


def ratio(one: float | None, other: float | None) -> float | None:
    """None when either is missing."""
    return one / other if one and other else None
