"""What looks like a secret in the tree and its history and was read by hand."""

import tomllib
from pathlib import Path
from typing import Final, NamedTuple

NOT_READ: Final = (
    ".jsonl", ".lock", ".npz", ".onnx", ".png", ".svg", "package-lock.json", "tokenizer.json",
)  # fmt: skip
"""Ends of files that hold hashes, weights, drawings and invented talk: no place for a key."""
KINDS_OF_NO_USE: Final = ("HexHighEntropyString",)
"""Every revision of a migration and every pinned file is one. A key in hex is found by the word beside it."""


class Find(NamedTuple):
    """digest: detect-secrets' own, SHA-1 of what was found."""

    file: str
    kind: str
    digest: str


def read_by_hand() -> set[Find]:
    """As secrets.toml has them."""
    found = tomllib.loads(Path(__file__).with_name("secrets.toml").read_text(encoding="utf-8"))
    return {Find(one["file"], one["kind"], one["digest"]) for one in found["find"]}
