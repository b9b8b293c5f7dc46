"""Which topics a content note names; they live in topics.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("topics.toml")
_APART = " · "


def topics_in(note: str) -> frozenset[str]:
    """Codes of the topics that a note names, in whatever language; none in free words."""
    parts = [part.strip().casefold() for part in note.split(_APART)]
    return frozenset(code for part in parts if (code := _codes().get(part)))


@cache
def _codes() -> Mapping[str, str]:
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name.casefold(): code
        for table in ("names", "placed")
        for code, names in tables[table].items()
        for name in names
    }
