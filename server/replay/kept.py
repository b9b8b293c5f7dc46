"""Readings of public data that were made before: numbers by a hash of the text, never the text."""

import hashlib
from pathlib import Path
from typing import IO

import orjson

from moderation.classifier import Assessment, Passage


class Readings:
    """One file for each model, one line for each reading. Use it in a `with`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._path = folder / f"readings-{model}.jsonl"
        self._known: dict[str, Assessment] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Readings":
        """Read what is there; a line that was cut short counts for nothing."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                self._take(line)
        self._file = self._path.open("ab")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def find(self, passage: Passage) -> Assessment | None:
        """How this was read before."""
        return self._known.get(_key(passage))

    def keep(self, passage: Passage, reading: Assessment) -> None:
        """For the next time."""
        assert self._file is not None  # noqa: S101 - used in a `with`
        row = {"key": _key(passage), "reading": reading.to_json()}
        self._file.write(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")

    def _take(self, line: bytes) -> None:
        try:
            row = orjson.loads(line)
            self._known[row["key"]] = Assessment.from_json(row["reading"])
        except (ValueError, KeyError, TypeError):
            return


def _key(passage: Passage) -> str:
    parts = orjson.dumps(
        [_plain(passage.text), passage.in_reply_to and _plain(passage.in_reply_to)]
    )
    return hashlib.sha256(parts).hexdigest()[:32]


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
