"""How decisions are explained: the words of reasons.toml, and by which promise a rule is meant."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from server.services.spoken import ENGLISH, SpokenWords

_FILE = Path(__file__).with_name("reasons.toml")
_RISES = (1 / 3, 2 / 3)
"""From low to middle, from middle to high: of the model's own scale from 0 to 1."""
_TOXIC = frozenset({"harsh", "abuse", "threat", "severe_toxicity", "identity_attack"})
_PRESENT = frozenset({"dismissive", "unasked_advice"})
_CLAUSES: Mapping[str, str] = {
    **dict.fromkeys(_TOXIC, "kind"),
    "flag_unkind": "kind",
    "contact": "private",
    "flag_private": "private",
    **dict.fromkeys((*_PRESENT, "no_feeling", "no_understanding"), "listen"),
    "flag_worried": "care",
    "flag_unsafe": "safe",
    "reader_harm": "safe",
    "methods": "safe",
    "reader_disorder": "safe",
    "outside_threats": "kind",
    "outside_hate": "kind",
    "outside_privacy": "private",
    "outside_intimate_images": "private",
    **dict.fromkeys(("outside_child_abuse", "outside_terrorism", "outside_suicide"), "safe"),
}
_ENCOURAGEMENT = "encouragement"


def words(section: str, name: str, detail: str | None = None, language: str = ENGLISH) -> str:
    """The words of a section; those for this detail where there are any."""
    own = _spoken().find(section, f"{name}.{detail}", language) if detail else None
    return own or _spoken().get(section, name, language)


def find_words(section: str, name: str, language: str = ENGLISH) -> str | None:
    """The same, or None."""
    return _spoken().find(section, name, language)


def shipped(section: str) -> Mapping[str, str]:
    """All words of a section, in English."""
    return _spoken().section(section)


def clause_of(reasons: Sequence[str]) -> str | None:
    """The promise that a rule stands for: of the first reason that has one."""
    return next(filter(None, map(_clause, reasons)), None)


def rules(reasons: Sequence[str], language: str = ENGLISH) -> list[str]:
    """Rules in words for the author. What speaks of danger, and only of that, has none."""
    found = [
        find_words("reason", code, language) or _own_rule(code, language) or _safe(code, language)
        for code in reasons
    ]
    return list(dict.fromkeys(filter(None, found)))


def band(reasons: Sequence[str], signals: Mapping[str, float]) -> str | None:
    """How sure the model was of a harsh tone: low, middle or high; None where it is about something else."""
    code = next((code for code in reasons if code in _TOXIC | _PRESENT), None)
    value = signals.get(code if code in _PRESENT else "toxicity") if code else None
    if value is None:
        return None
    low, high = _RISES
    return "low" if value < low else "middle" if value < high else "high"


def _clause(code: str) -> str | None:
    return _CLAUSES.get(code) or ("safe" if code.endswith(_ENCOURAGEMENT) else None)


def is_own_rule(code: str) -> bool:
    """Whether it is a rule that this place made for itself."""
    return code.startswith("rule:")


def _own_rule(code: str, language: str) -> str | None:
    if not is_own_rule(code):
        return None
    return words("reason", "rule", language=language).format(name=code.removeprefix("rule:"))


def _safe(code: str, language: str) -> str | None:
    return words("reason", "safe", language=language) if _clause(code) == "safe" else None


@cache
def _spoken() -> SpokenWords:
    return SpokenWords(_FILE)
