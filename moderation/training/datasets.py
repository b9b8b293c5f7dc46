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
from typing import Any, Final, Literal

from moderation.signals import EMPATHY, TOXICITY

SETS: Final = (
    "jigsaw", "balanced", "toxic_spans", "context", "davidson", "epitome", "cssrs", "contrast",
)  # fmt: skip
_JIGSAW_NAMES: Final = {
    "toxicity": "toxic",
    "severe_toxicity": "severe_toxic",
    "obscene": "obscene",
    "threat": "threat",
    "insult": "insult",
    "identity_attack": "identity_hate",
}
CONTRAST: Final = Path(__file__).with_name("contrast")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. labels: signal -> level; a signal that nobody labelled is absent.

    about: whom talk of suicide is about (moderation.outputs.ABOUT). marks: signal -> the words that
    show it, as code points of the text; a signal whose words nobody marked is absent. at_least:
    how sure several readers were that the risk reaches levels 1 to 6, where more than one read it;
    -1 for a level that nobody spoke of, and then the row has no "risk" among its labels.
    group: rows of one author, post or source stay on one side of every split. part: 0..9, a
    stable hash of the group: 0 is test, 1 calibration, the others training.
    """

    text: str
    source: str
    group: str
    labels: dict[str, int] = field(default_factory=dict)
    in_reply_to: str | None = None
    pattern: str = ""
    about: str | None = None
    marks: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    at_least: tuple[float, ...] = ()

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
        "davidson": _davidson,
        "epitome": _epitome,
        "cssrs": _cssrs,
    }
    rows = [row for name, reader in readers.items() if name not in without for row in reader(data)]
    return rows + ([] if "contrast" in without else contrast("train") + contrast("held"))


def split(row: Row) -> Literal["fit", "held", "test"]:
    """What a row is for: to fit, to calibrate and blend, or to test. The same for every seed.

    EPITOME is tested on its own development pairs, our own lines on the folder ``test``.
    """
    if row.source in ("contrast-train", "contrast-held"):
        return "held" if row.source == "contrast-held" or row.part == 1 else "fit"
    if row.part == 0 and row.source != "epitome":
        return "test"
    return "held" if row.part == (0 if row.source == "epitome" else 1) else "fit"


def contrast(split: str) -> list[Row]:
    """Our own contrast lines, "train", "held" or "test": their patterns differ."""
    return [
        _contrast_row(raw, split)
        for path in sorted((CONTRAST / split).glob("*.jsonl"))
        for raw in _lines(path)
    ]


def _contrast_row(raw: dict[str, Any], split: str) -> Row:
    """What nobody attacks with has no toxic words in it either."""
    labels = {name: value for name, value in raw["labels"].items() if name != "about"}
    labels.setdefault("reader_harm", 0)  # the guide has it written wherever it is so
    kind = raw["labels"].get("about")
    calm = labels.get("toxicity") == 0
    if calm:
        labels = dict.fromkeys((n for n in TOXICITY if n != "obscene"), 0) | labels
    return Row(
        raw["text"], f"contrast-{split}", raw["pattern"], labels, raw.get("in_reply_to"),
        raw["pattern"], about=kind, marks={"toxicity": []} if calm else {},
    )  # fmt: skip


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
    """Posts that people found toxic, with the characters they marked; none marked: the whole."""
    for raw in _lines(data / "toxic_spans" / "train.jsonl"):
        spans = _runs(raw["toxic_characters"])
        labels = {"toxicity": 1} if spans else {}
        yield Row(raw["text"], "toxic_spans", raw["text"], labels, marks={"toxicity": spans})


def _runs(characters: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for at in sorted(characters):
        if runs and runs[-1][1] == at:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


def _context(data: Path) -> Iterator[Row]:
    for raw in _lines(data / "context_toxicity" / "train.jsonl"):
        labels = {"toxicity": 1} if int(raw["label"]) else dict.fromkeys(TOXICITY, 0)
        yield Row(raw["text"], "context", raw["parent"], labels)


def _davidson(data: Path) -> Iterator[Row]:
    """Hate and neither; "offensive" is left out, for it carries the set's bias against dialect."""
    for raw in _lines(data / "davidson" / "train.jsonl"):
        if raw["label"] == "hate":
            yield Row(raw["text"], "davidson", raw["text"], {"toxicity": 1, "identity_attack": 1})
        if raw["label"] == "neither":
            yield Row(raw["text"], "davidson", raw["text"], {"toxicity": 0})


def _epitome(data: Path, split: str = "train") -> Iterator[Row]:
    """Peers' pairs. Who shows any of the three has not made the other's trouble smaller, nor attacked."""
    for raw in _lines(data / "epitome" / f"{split}.jsonl"):
        labels = {name: int(raw[name]) for name in EMPATHY}
        if any(labels.values()):
            labels |= {"dismissive": 0, "toxicity": 0, "reader_harm": 0}
        marks = {name: _found(raw["reply"], raw["spans"][name]) for name in EMPATHY}
        yield Row(raw["reply"], "epitome", raw["post_id"], labels, raw["post"], marks=marks)


def _found(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Where the marked words stand; words that do not stand there are passed over."""
    places = [(text.find(part), part) for part in map(str.strip, words) if part]
    return [(start, start + len(part)) for start, part in places if start >= 0]


def _cssrs(data: Path) -> Iterator[Row]:
    """Levels by people; beside them five language models' readings soften what is disputed."""
    for raw in _lines(data / "cssrs" / "train.jsonl"):
        level = int(raw["severity"])
        others = [int(v) for v in raw["llm"].values() if v is not None]
        yield Row(
            raw["text"], "cssrs", str(raw["author"]), {"risk": level},
            about="self" if level else None, at_least=_at_least(level, others),
        )  # fmt: skip


def _at_least(level: int, others: list[int]) -> tuple[float, ...]:
    """Half by the people's level, half by how many of the others reach each level."""
    readers = others or [level]
    return tuple(
        0.5 * (level >= step) + 0.5 * sum(o >= step for o in readers) / len(readers)
        for step in range(1, 7)
    )


def without_punctuation(rows: list[Row], share: float, seed: int) -> list[Row]:
    """Copies of a share of the rows with punctuation gone, or "none" would mean "toxic"."""
    chosen = random.Random(seed).sample(rows, int(len(rows) * share))  # noqa: S311 - not secret
    return [
        Row(re.sub(r"[^\w\s]+", " ", r.text), r.source, r.group, r.labels, r.in_reply_to)
        for r in chosen
    ]
