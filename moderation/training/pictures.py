"""The pictures of docs/judgement.md, drawn from the model that ships and rows nobody trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot

from moderation.classifier import Classifier
from moderation.signals import EMPATHY
from moderation.training.datasets import Row, contrast, epitome_dev, read_all, split
from moderation.training.evaluate import KINDS, at_least, read_rows

Numbers = npt.NDArray[np.float64]
_BINS: Final = 10
_INK, _SOFT, _WARM = "#2b4c5e", "#b9ccd4", "#c8743c"
_LEVELS: Final = ("0 none", "1 wish", "2 thoughts", "3 method", "4 intent", "5 plan", "6 acting")
mpl.rcParams.update(
    {
        "svg.hashsalt": "hearth",
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def draw(classifier: Classifier, data: Path, folder: Path) -> list[Path]:
    """Writes the SVG files into the folder, and says which."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_all(data, frozenset({"contrast"})) if split(row) == "test"]
    lines = contrast("test")
    cssrs = [row for row in rows if row.source == "cssrs"] + [
        r for r in lines if "risk" in r.labels
    ]
    jigsaw = [row for row in rows if row.source == "jigsaw"]
    return [
        _reliability(classifier, jigsaw, lines, cssrs, folder / "reliability.svg"),
        _confusion(classifier, cssrs, folder / "risk-confusion.svg"),
        _kinds(classifier, lines, folder / "look-alikes.svg"),
        _empathy(classifier, epitome_dev(data), folder / "empathy-confusion.svg"),
    ]


def _save(figure: Any, path: Path, said: str) -> Path:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Title": said})
    pyplot.close(figure)
    return path


def _reliability(
    classifier: Classifier,
    jigsaw: Sequence[Row],
    lines: Sequence[Row],
    risk: Sequence[Row],
    path: Path,
) -> Path:
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.8), sharey=True)
    look = [row for row in lines if "toxicity" in row.labels and row.in_reply_to is None]
    parts = (
        ("harsh, everyday comments", jigsaw, _toxicity),
        ("harsh, our hard lines", look, _toxicity),
        ("thoughts of suicide or more", risk, _danger),
    )
    for axis, (title, rows, reader) in zip(axes, parts, strict=True):
        labels, chances = reader(classifier, rows)
        order = np.argsort(chances)
        bins = [part for part in np.array_split(order, _BINS) if len(part)]
        axis.plot([0, 1], [0, 1], color=_SOFT, linestyle="--")
        axis.plot(
            [chances[part].mean() for part in bins], [labels[part].mean() for part in bins],
            color=_INK, marker="o",
        )  # fmt: skip
        axis.set(
            title=f"{title} (n {len(labels)})",
            xlabel="what the model says",
            xlim=(0, 1),
            ylim=(0, 1),
        )
    axes[0].set_ylabel("how often people say so")
    return _save(figure, path, "Reliability: what the model says against how often people agree")


def _toxicity(classifier: Classifier, rows: Sequence[Row]) -> tuple[Numbers, Numbers]:
    read = [(r, a) for r, a in zip(rows, read_rows(classifier, rows), strict=True) if a.assessed]
    return (
        np.array([r.labels["toxicity"] for r, _ in read], dtype=float),
        np.array([a.signals["toxicity"] for _, a in read]),
    )


def _danger(classifier: Classifier, rows: Sequence[Row]) -> tuple[Numbers, Numbers]:
    read = [(r, a) for r, a in zip(rows, read_rows(classifier, rows), strict=True) if a.assessed]
    return (
        np.array([r.labels["risk"] >= 2 for r, _ in read], dtype=float),
        np.array([at_least(a, 2) for _, a in read]),
    )


def _confusion(classifier: Classifier, rows: Sequence[Row], path: Path) -> Path:
    read = [(r, a) for r, a in zip(rows, read_rows(classifier, rows), strict=True) if a.assessed]
    counts = np.zeros((7, 7), dtype=int)
    for row, assessment in read:
        counts[row.labels["risk"], round(assessment.signals["risk"])] += 1
    figure, axis = pyplot.subplots(figsize=(7, 5.6))
    _matrix(axis, counts, _LEVELS)
    axis.set(
        xlabel="what the model reads", ylabel="what people say", title="Danger, level by level"
    )
    return _save(figure, path, "Confusion of risk levels")


def _empathy(classifier: Classifier, dev: Sequence[Row], path: Path) -> Path:
    read = read_rows(classifier, dev)
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.8))
    for axis, name in zip(axes, EMPATHY, strict=True):
        counts = np.zeros((3, 3), dtype=int)
        for row, assessment in zip(dev, read, strict=True):
            counts[row.labels[name], int(np.argmax(assessment.levels[name]))] += 1
        _matrix(axis, counts, ("none", "weak", "strong"))
        axis.set(title=name.replace("_", " "), xlabel="the model")
    axes[0].set_ylabel("people")
    return _save(figure, path, "Confusion of the three empathy mechanisms")


def _matrix(axis: Any, counts: npt.NDArray[np.int_], names: Sequence[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for at, row in enumerate(counts):
        for column, count in enumerate(row):
            color = "white" if shares[at, column] > 0.55 else "black"
            axis.text(column, at, str(count), ha="center", va="center", color=color)
    axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axis.set_yticks(range(len(names)), names)


def _kinds(classifier: Classifier, lines: Sequence[Row], path: Path) -> Path:
    """Share called harsh, for each kind of line: harsh ones should be, the others should not."""
    kinds: dict[str, list[Row]] = {}
    for row in lines:
        if "toxicity" in row.labels and row.in_reply_to is None and row.pattern.startswith("test_"):
            kinds.setdefault(row.pattern.split("_")[1], []).append(row)
    kinds = {kind: rows for kind, rows in kinds.items() if kind in KINDS}
    figure, axis = pyplot.subplots(figsize=(8, 4.6))
    names = [kind for kind in KINDS if kind in kinds]
    called = [
        float(
            np.mean(
                [a.signals.get("toxicity", 0) >= 0.5 for a in read_rows(classifier, kinds[kind])]
            )
        )
        for kind in names
    ]
    colors = [_WARM if kind in ("abusive", "hateful") else _INK for kind in names]
    labels = [f"{kind} (n {len(kinds[kind])})" for kind in names]
    axis.barh(labels[::-1], called[::-1], color=colors[::-1])
    axis.set(
        xlim=(0, 1),
        xlabel="share called harsh",
        title="Orange should be called harsh, blue should not",
    )
    return _save(figure, path, "Share of each kind of line that is called harsh")
