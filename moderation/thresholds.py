"""The thresholds and wording of one version of the policy, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from moderation.errors import PolicyInvalid
from moderation.rules import Rule, RuleBook

Thresholds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """See policy.toml for what each of them means."""

    version: str
    review: str
    risk: Thresholds
    about: Thresholds
    hold: Thresholds
    nudge: Thresholds
    praise: Thresholds
    collapse: Thresholds
    words: Mapping[str, str]
    content_notes: Mapping[str, str]
    rules: tuple[Rule, ...] = ()
    book: RuleBook = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Compile the rules, once. Raises PolicyInvalid."""
        object.__setattr__(self, "book", RuleBook(self.rules))

    @classmethod
    def read(cls, written: str) -> Policy:
        """The thresholds in this TOML. Raises PolicyInvalid. What people write: moderation.policy_text."""
        try:
            raw = tomllib.loads(written)
            tables: dict[str, Any] = {name: _table(raw, name) for name in _TABLES}
            return cls(version=str(raw["version"]), review=str(raw["review"]), **tables)
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise PolicyInvalid(f"the policy cannot be read: {error}") from error


_TABLES: Final = (
    "risk", "about", "hold", "nudge", "praise", "collapse", "words", "content_notes",
)  # fmt: skip
SHIPPED: Final = Path(__file__).with_name("policy.toml").read_text("utf-8")
"""The policy of a new place, as it is written."""


def _table(raw: dict[str, Any], name: str) -> Mapping[str, Any]:
    shipped = tomllib.loads(SHIPPED)[name]
    if raw[name].keys() != shipped.keys():
        raise PolicyInvalid(f"[{name}] must hold exactly: {', '.join(shipped)}")
    wrong = [
        key
        for key, value in raw[name].items()
        if isinstance(value, str) != isinstance(shipped[key], str)
    ]
    if wrong:
        raise PolicyInvalid(f"[{name}] has the wrong kind of value for: {', '.join(wrong)}")
    return MappingProxyType(dict(raw[name]))


DEFAULT: Final = Policy.read(SHIPPED)
