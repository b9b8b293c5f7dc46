"""Words of the place in each language its pages speak: `words.toml` in English, `words.de.toml` beside it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "de", "es", "fr", "ar")

_Table = dict[str, dict[str, Any]]


class SpokenWords:
    """Tables of words, each read when its language is first spoken; what one lacks is said in English."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tables: dict[str, _Table] = {}

    def section(self, name: str) -> Mapping[str, str]:
        """All words of a section, in English."""
        return self._table(ENGLISH)[name]

    def find(self, section: str, name: str, language: str = ENGLISH) -> str | None:
        """These words; None where there are none in English either."""
        said = self._table(language).get(section, {}).get(name)
        return said or self._table(ENGLISH)[section].get(name)

    def get(self, section: str, name: str, language: str = ENGLISH) -> str:
        """The same. Raises KeyError."""
        found = self.find(section, name, language)
        if found is None:
            raise KeyError(f"{section}.{name}")
        return found

    def _table(self, language: str) -> _Table:
        if language not in LANGUAGES:
            return {}
        if language not in self._tables:
            ending = ".toml" if language == ENGLISH else f".{language}.toml"
            self._tables[language] = _read(self._file.with_suffix(ending))
        return self._tables[language]


def _read(file: Path) -> _Table:
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: table for name, table in tables.items() if isinstance(table, dict)}
