"""The place's own standing words: what is said when no person wrote it. They live in words.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("words.toml")


def notice(kind: str, code: str) -> str:
    """The words of an automated notice, by kind and, where it needs its own, by reason."""
    words = _sections()["notice"]
    return words.get(f"{kind}.{code}", words[kind])


def rule(reasons: list[str]) -> str:
    """What the place's own rules found, in their own words."""
    return _sections()["rule"]["because"].replace("[reasons]", "; ".join(reasons))


def support(name: str) -> str:
    """Words beside the help lines."""
    return _sections()["support"][name]


def conversation(name: str) -> str:
    """How a private conversation is named and described."""
    return _sections()["conversation"][name]


def content_note(code: str) -> str:
    """What a message is folded behind, by its code."""
    return _sections()["content_note"][code]


def resources(name: str) -> str:
    """Words around help lines that a moderator sends."""
    return _sections()["resources"][name]


def emergency(name: str) -> str:
    """Parts of what a member is told after an emergency."""
    return _sections()["emergency"][name]


@cache
def _sections() -> Mapping[str, Mapping[str, str]]:
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: table for name, table in tables.items() if isinstance(table, dict)}
