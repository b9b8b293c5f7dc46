"""Charts as small SVG, readable on light and dark pages; drawn by hand, since nothing else here needs a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Bar = tuple[str, float, bool]
"""A label, a value, and whether it is ours."""

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.faint { fill: #57606a }
.ours { fill: #b3541e; stroke: #b3541e }
.theirs { fill: #8c959f; stroke: #8c959f }
.line { fill: none; stroke-width: 2 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .faint { fill: #9198a1 }
  .ours { fill: #f0883e; stroke: #f0883e }
}
"""
_ROW = 22
_LEFT, _RIGHT, _TOP = 240, 90, 48
_WIDTH, _HEIGHT = 760, 360
_LINE = 15.0


def bars(title: str, subtitle: str, values: Sequence[Bar]) -> str:
    """Horizontal bars from 0, in the order given."""
    most = max((value for _, value, _ in values), default=1.0) or 1.0
    space = _WIDTH - _LEFT - _RIGHT
    drawn = []
    for i, (label, value, ours) in enumerate(values):
        y, width = _TOP + i * _ROW, max(1.0, value / most * space)
        kind = "ours" if ours else "theirs"
        drawn += [
            f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 7}" rx="2"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{_number(value)}</text>',
        ]
    return _picture(title, subtitle, drawn, _TOP + len(values) * _ROW + 12)


def lines(
    title: str, subtitle: str, series: Mapping[str, Sequence[tuple[float, float]]], ours: str
) -> str:
    """Values from 0 against a logarithmic scale; each line is named at its end."""
    xs = sorted({x for points in series.values() for x, _ in points})
    most = _round_up(max((y for points in series.values() for _, y in points), default=1.0))
    left, right, bottom = 50, _WIDTH - 190, _HEIGHT - 40

    def x_of(x: float) -> float:
        span = math.log(xs[-1]) - math.log(xs[0]) or 1.0
        return left + (math.log(x) - math.log(xs[0])) / span * (right - left)

    def y_of(y: float) -> float:
        return bottom - y / most * (bottom - _TOP)

    drawn = [
        f'<text class="faint" x="{x_of(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:,.0f}</text>'
        for x in xs
    ]
    for i in range(5):
        y = most * i / 4
        drawn += [
            f'<path class="grid" d="M{left} {y_of(y):.1f}H{right}"/>',
            f'<text class="faint" x="{left - 6}" y="{y_of(y) + 4:.1f}" text-anchor="end">{_tick(y)}</text>',
        ]
    named_at = _apart([y_of(points[-1][1]) for points in series.values()])
    for (name, points), name_y in zip(series.items(), named_at, strict=True):
        kind = "ours" if name == ours else "theirs"
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        drawn += [
            f'<polyline class="{kind} line" style="fill:none" points="{path}"/>',
            f'<text x="{x_of(points[-1][0]) + 8:.1f}" y="{name_y + 4:.1f}">{escape(name)}</text>',
        ]
    return _picture(title, subtitle, drawn, _HEIGHT)


def _apart(heights: Sequence[float]) -> list[float]:
    """The same, those too near to the one above moved down, so that no name lies on another."""
    moved, last = [0.0] * len(heights), -math.inf
    for at in sorted(range(len(heights)), key=heights.__getitem__):
        moved[at] = last = max(heights[at], last + _LINE)
    return moved


def _round_up(value: float) -> float:
    """To a number whose quarters are easy to read."""
    unit = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * unit for step in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if step * unit >= value)


def _picture(title: str, subtitle: str, drawn: Sequence[str], height: int) -> str:
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="8" y="18">{escape(title)}</text>',
        f'<text class="faint" x="8" y="36">{escape(subtitle)}</text>',
        *drawn,
        "</svg>\n",
    ])  # fmt: skip


def _tick(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
