"""Reads the data of one folder (see CARD.md for what each set is and its licence).

Real words of real people: nothing here prints, quotes or stores them. Every set can be left out
by name (``without``), so that a model can be trained from any subset.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from moderation.signals import EMPATHY, TOXICITY

SETS: Final = ("jigsaw", "balanced", "toxic_spans", "context", "epitome", "cssrs", "contrast")
_JIGSAW_NAMES: Final = {
    "toxicity": "toxic",
    "severe_toxicity": "severe_toxic",
    "obscene": "obscene",
    "threat": "threat",
    "insult": "insult",
    "identity_attack": "identity_hate",
}
_CONTRAST: Final = Path(__file__).with_name("contrast")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. labels: signal -> level; a signal that nobody labelled is absent.

    group: rows of one author, post or source stay on one side of every split. part: 0..9, a
    stable hash of the group: 0 is test, 1 calibration, the others training.
    """

    text: str
    source: str
    group: str
    labels: dict[str, int] = field(default_factory=dict)
    in_reply_to: str | None = None
    pattern: str = ""

    @property
    def part(self) -> int:
        """Which tenth of its set the group belongs to."""
        return zlib.crc32(f"hearth:{self.group}".encode()) % 10


def read_all(data: Path, without: frozenset[str] = frozenset()) -> list[Row]:
    """Rows of every set that is not left out, in a stable order."""
    readers = {
        "jigsaw": _jigsaw,
        "balanced": _balanced,
        "toxic_spans": _toxic_spans,
        "context": _context,
        "epitome": _epitome,
        "cssrs": _cssrs,
    }
    rows = [row for name, reader in readers.items() if name not in without for row in reader(data)]
    return rows + ([] if "contrast" in without else contrast("train"))


def contrast(split: str) -> list[Row]:
    """Our own contrast lines, "train" or "test": their patterns differ."""
    return [
        Row(
            raw["text"], f"contrast-{split}", raw["text"], raw["labels"],
            raw.get("in_reply_to"), raw["pattern"],
        )
        for raw in _lines(_CONTRAST / f"{split}.jsonl")
    ]  # fmt: skip


def epitome_dev(data: Path) -> list[Row]:
    """The development pairs of EPITOME; never trained on."""
    return list(_epitome(data, "dev"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _jigsaw(data: Path) -> Iterator[Row]:
    """A row without toxicity has none of the five others either; a toxic one may be unlabelled."""
    for raw in _lines(data / "jigsaw" / "train.jsonl"):
        yield Row(raw["text"], "jigsaw", raw["text"], _six(raw))


def _six(raw: dict[str, Any]) -> dict[str, int]:
    if not raw["toxic"]:
        return dict.fromkeys(TOXICITY, 0)
    return {
        ours: raw[theirs] for ours, theirs in _JIGSAW_NAMES.items() if raw.get(theirs) is not None
    }


def _balanced(data: Path) -> Iterator[Row]:
    """Only its ones, and rows that are all zero, are to be trusted."""
    for raw in _lines(data / "jigsaw" / "balanced.jsonl"):
        labels = {ours: raw[theirs] for ours, theirs in _JIGSAW_NAMES.items()}
        if any(labels.values()):
            labels = {name: 1 for name, value in labels.items() if value} | {"toxicity": 1}
        yield Row(raw["text"], "balanced", raw["id"], labels)


def _toxic_spans(data: Path) -> Iterator[Row]:
    for raw in _lines(data / "toxic_spans" / "train.jsonl"):
        if raw["toxic_characters"]:
            yield Row(raw["text"], "toxic_spans", raw["text"], {"toxicity": 1})


def _context(data: Path) -> Iterator[Row]:
    for raw in _lines(data / "context_toxicity" / "train.jsonl"):
        labels = {"toxicity": 1} if int(raw["label"]) else dict.fromkeys(TOXICITY, 0)
        yield Row(raw["text"], "context", raw["parent"], labels)


def _epitome(data: Path, split: str = "train") -> Iterator[Row]:
    for raw in _lines(data / "epitome" / f"{split}.jsonl"):
        labels = {name: int(raw[name]) for name in EMPATHY}
        yield Row(raw["reply"], "epitome", raw["post_id"], labels, raw["post"])


def _cssrs(data: Path) -> Iterator[Row]:
    for raw in _lines(data / "cssrs" / "train.jsonl"):
        yield Row(raw["text"], "cssrs", str(raw["author"]), {"risk": int(raw["severity"])})


def without_punctuation(rows: list[Row], share: float, seed: int) -> list[Row]:
    """Copies of a share of the rows with punctuation gone, or "none" would mean "toxic"."""
    chosen = random.Random(seed).sample(rows, int(len(rows) * share))  # noqa: S311 - not secret
    return [
        Row(re.sub(r"[^\w\s]+", " ", r.text), r.source, r.group, r.labels, r.in_reply_to)
        for r in chosen
    ]
