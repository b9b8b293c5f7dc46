"""The place's own standing words: what is said when no person wrote it. They live in words.toml.

language: of whoever is told; English where it has no words.
"""

from functools import cache
from pathlib import Path

from server.services.spoken import ENGLISH, SpokenWords

_FILE = Path(__file__).with_name("words.toml")


def notice(kind: str, code: str, language: str = ENGLISH) -> str:
    """The words of an automated notice, by kind and, where it needs its own, by reason."""
    own = _words().find("notice", f"{kind}.{code}", language)
    return own or _words().get("notice", kind, language)


def rule(reasons: list[str], language: str = ENGLISH) -> str:
    """What the place's own rules found, in their own words."""
    return _words().get("rule", "because", language).replace("[reasons]", "; ".join(reasons))


def support(name: str, language: str = ENGLISH) -> str:
    """Words beside the help lines."""
    return _words().get("support", name, language)


def conversation(name: str, language: str = ENGLISH) -> str:
    """How a private conversation is named and described."""
    return _words().get("conversation", name, language)


def content_note(code: str) -> str:
    """What a message is folded behind, by its code. The web says it in each reader's language."""
    return _words().get("content_note", code)


def resources(name: str, language: str = ENGLISH) -> str:
    """Words around help lines that a moderator sends."""
    return _words().get("resources", name, language)


def emergency(name: str, language: str = ENGLISH) -> str:
    """Parts of what a member is told after an emergency."""
    return _words().get("emergency", name, language)


@cache
def _words() -> SpokenWords:
    return SpokenWords(_FILE)
