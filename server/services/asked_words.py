"""Words that somebody agrees to, by version and language: what was shown is what the ledger keeps."""

from collections.abc import Mapping
from typing import Any, Final

from server.errors import Stale

_SPOKEN: Final = "en"


class AskedWords:
    """One question in its languages. table: its version, and a table for each language."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._version = table["version"]
        self._said = {name: said for name, said in table.items() if isinstance(said, dict)}

    def spoken(self, language: str) -> str:
        """This language where we have it, else English."""
        return language if language in self._said else _SPOKEN

    def said(self, language: str) -> Mapping[str, Any]:
        """The words, in a language we have."""
        return self._said[language]

    def wording(self, language: str) -> str:
        """How the ledger names them."""
        return f"{self._version} {language}"

    def language_of(self, wording: str) -> str:
        """Which language these words are in. Raises Stale when they are no words of today."""
        for language in self._said:
            if wording == self.wording(language):
                return language
        raise Stale("These words have changed since. Please read them again.")
