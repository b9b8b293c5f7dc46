"""Public texts with labels, in place of a past of one's own: labels stand for what people decided.

Real words of real people: nothing here prints, quotes or stores them. What the sets are, and their
licences, stands in moderation/training/CARD.md.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.classifier import Assessment
from moderation.policy import Context
from moderation.replay import Said, Truth
from moderation.sharing import tells_of_its_author
from server.errors import ServerError

_SEED: Final = 7
_MOST_CHARS: Final = 500
"""Texts as long as messages are; articles' comments can be longer."""
_RISK_FROM: Final = 1
"""From the first level of the Columbia scale on, somebody should look."""


class NoData(ServerError):
    """The folder holds none of the sets."""

    code = "no_data"


@dataclass(frozen=True, slots=True)
class Row:
    """One text. source: its set, which stands for a room."""

    text: str
    source: str
    truth: Truth
    in_reply_to: str | None = None

    def said(self, reading: Assessment) -> Said:
        """As a message of the past."""
        before = self.in_reply_to
        context = Context(
            is_reply=before is not None,
            something_to_answer=before is not None and tells_of_its_author(before),
            room=self.source,
        )
        return Said(
            text=self.text, context=context, room=self.source, author=None, newcomer=None,
            truth=self.truth, before=reading, after=reading,
        )  # fmt: skip


def read_rows(folder: Path, most: int) -> list[Row]:
    """`most` of all texts, drawn evenly and always the same ones. Raises NoData."""
    rows = [
        row
        for (name, file), read in _SETS.items()
        if (path := folder / name / file).exists()
        for row in _read(path, name, read)
    ]
    if not rows:
        raise NoData(f"{folder} holds none of: {', '.join(sorted({name for name, _ in _SETS}))}.")
    random.Random(_SEED).shuffle(rows)  # noqa: S311 - not secret
    return rows[:most]


def _read(path: Path, name: str, read: Callable[[dict[str, Any]], Any]) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            text, truth, before = read(json.loads(line))
            if text.strip() and len(text) <= _MOST_CHARS:
                yield Row(text, name, truth, before)


def _toxic(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda raw: (raw["text"], _harmful(int(raw[key])), None)


def _harmful(label: int) -> Truth:
    return Truth.HARMFUL if label else Truth.HARMLESS


def _risk(raw: dict[str, Any]) -> Any:
    truth = Truth.RISK if int(raw["severity"]) >= _RISK_FROM else Truth.HARMLESS
    return raw["text"], truth, None


_SETS: Final[dict[tuple[str, str], Callable[[dict[str, Any]], Any]]] = {
    ("context_toxicity", "train.jsonl"): lambda raw: (
        raw["text"], _harmful(int(raw["label"])), raw["parent"],
    ),
    ("cssrs", "train.jsonl"): _risk,
    ("epitome", "train.jsonl"): lambda raw: (raw["reply"], Truth.UNDECIDED, raw["post"]),
    ("jigsaw", "train.jsonl"): _toxic("toxic"),
    ("toxic_spans", "train.jsonl"): lambda raw: (
        raw["text"], Truth.HARMFUL if raw["toxic_characters"] else Truth.UNDECIDED, None,
    ),
}  # fmt: skip
