"""Words of the place in each language its pages speak: `words.toml` in English, `words.de.toml` beside it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "de", "es", "fr", "ar")


class SpokenWords:
    """Tables of words by language; what a language lacks is said in English."""

    def __init__(self, file: Path) -> None:
        self._tables = {
            language: _read(file if language == ENGLISH else file.with_suffix(f".{language}.toml"))
            for language in LANGUAGES
        }

    def section(self, name: str) -> Mapping[str, str]:
        """All words of a section, in English."""
        return self._tables[ENGLISH][name]

    def find(self, section: str, name: str, language: str = ENGLISH) -> str | None:
        """These words; None where there are none in English either."""
        said = self._tables.get(language, {}).get(section, {}).get(name)
        return said or self._tables[ENGLISH][section].get(name)

    def get(self, section: str, name: str, language: str = ENGLISH) -> str:
        """The same. Raises KeyError."""
        found = self.find(section, name, language)
        if found is None:
            raise KeyError(f"{section}.{name}")
        return found


def _read(file: Path) -> dict[str, dict[str, Any]]:
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: table for name, table in tables.items() if isinstance(table, dict)}
