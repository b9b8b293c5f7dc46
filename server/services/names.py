"""Pseudonyms: what may be shown, and when two are too alike."""

import re
import unicodedata

from confusable_homoglyphs import confusables

from server.errors import NameNotAllowed

_ALLOWED = re.compile(r"[\w .'\-]{2,40}", re.UNICODE)
_RESERVED = frozenset(
    {"admin", "moderator", "clinician", "steward", "hearth", "support", "staff", "system"}
)


def check_name(name: str) -> str:
    """The pseudonym as it will be shown. Raises NameNotAllowed."""
    shown = " ".join(unicodedata.normalize("NFKC", name).split())
    if not _ALLOWED.fullmatch(shown) or not any(character.isalnum() for character in shown):
        raise NameNotAllowed
    if name_key(shown) in _RESERVED:
        raise NameNotAllowed("That name belongs to the place itself. Please choose another.")
    return shown


def name_key(name: str) -> str:
    """Equal for pseudonyms that a reader could take for each other: case, accents, look-alike letters, spacing."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = (_plain(character) for character in folded if character.isalnum())
    return "".join(letters)


def _plain(character: str) -> str:
    """The Latin letter this one looks like, or itself."""
    if character.isascii():
        return {"0": "o", "1": "l", "i": "l"}.get(character, character)
    found = confusables.is_confusable(character, preferred_aliases=["latin"], greedy=False)
    if not found:
        return character
    alike = next(
        (h["c"] for h in found[0]["homoglyphs"] if h["c"].isascii() and h["c"].isalnum()), character
    )
    return _plain(alike.casefold()) if alike.isascii() else character
