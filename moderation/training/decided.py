"""Reads what `hearth labels open` gives: a community's decided messages, as rows to train with.

Private: real words of members who agreed to this one use. A model that is trained with them is
marked private, lies outside the package, and is never passed on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from moderation.labels import Class, Outcome
from moderation.language import language_of
from moderation.normalise import normalise
from moderation.signals import TOXICITY
from moderation.training.datasets import Row

SOURCE: Final = "labels"
MANIFEST: Final = "manifest.json"
ROWS: Final = "rows.jsonl"
_UNKNOWN: Final = -1.0
_SOME_DANGER: Final = (1.0, *(_UNKNOWN for _ in range(2, 7)))
"""Acted on as danger: level 1 at least; nobody said how much more."""


def read(folder: Path) -> list[Row]:
    """The English rows of an opened file, in a stable order. Raises SystemExit where there is none."""
    try:
        lines = (folder / ROWS).read_bytes().splitlines()  # text may hold other ends of lines
    except OSError:
        raise SystemExit(
            f"{folder} holds no opened labels: hearth labels open FILE --into {folder}"
        ) from None
    rows = (_row(json.loads(line)) for line in lines)
    return [row for row in rows if row and language_of(normalise(row.text).text) in ("en", None)]


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """What the file says of itself."""
    manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return manifest


def key_of(folder: Path) -> str:
    """Changes with any row: a run goes on only with the labels that it began with."""
    return hashlib.sha256((folder / ROWS).read_bytes()).hexdigest()[:8]


def _row(raw: Mapping[str, Any]) -> Row | None:
    """None where the decision says nothing about any signal."""
    acted = raw["outcome"] == Outcome.CONFIRMED
    labels = dict(_confirmed(raw) if acted else _dismissed(raw))
    danger = Class.DANGER in raw["about"]
    if danger and not acted:
        labels["risk"] = 0
    if not labels and not danger:
        return None
    return Row(
        raw["text"],
        SOURCE,
        raw["author"],
        labels,
        raw["in_reply_to"],
        about=None,
        at_least=_SOME_DANGER if danger and acted else (),
    )


def _confirmed(raw: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Acting confirms the finer signals that asked, and the class that people named."""
    if Class.HARM in raw["about"]:
        yield "toxicity", 1
    if Class.READERS in raw["about"]:
        yield "reader_harm", 1
    yield from ((name, 1) for name in _signals(raw) if name in TOXICITY)


def _dismissed(raw: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Nothing of what was asked; of the six, only those that asked, for the others nobody was asked."""
    if Class.READERS in raw["about"]:
        yield "reader_harm", 0
    finer = [name for name in _signals(raw) if name in TOXICITY]
    if Class.HARM in raw["about"] and not finer:
        yield "toxicity", 0
    yield from ((name, 0) for name in finer)


def _signals(raw: Mapping[str, Any]) -> list[str]:
    parted = (rule.partition(":") for rule in raw["rules"])
    return [name for kind, _, name in parted if kind == "signal"]
