"""A policy as people write it: TOML in which whatever is left out stands as it is shipped.

Every mistake is found at once and told with its line, its key and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from moderation.errors import PolicyInvalid
from moderation.lexicon import find
from moderation.rules import Rule, compile_pattern, folded_pattern, term_pattern
from moderation.thresholds import DEFAULT, SHIPPED, Policy
from moderation.urgency import Urgency
from moderation.verdict import Handling

MOST_CHARS: Final = 64_000
_MOST_RULES, _MOST_PATTERNS = 200, 200
_MOST_WORDS, _MOST_PATTERN, _MOST_NOTE = 200, 500, 120
_LIMITS: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("policy_limits.toml").read_text("utf-8")
)
_GUARDS: Final[dict[str, Any]] = _LIMITS.pop("guard")
_RAW: Final[dict[str, Any]] = tomllib.loads(SHIPPED)
_TEXTS: Final = {"words": _MOST_WORDS, "content_notes": _MOST_NOTE}
_RULE_KEYS: Final = (
    "name", "words", "patterns", "terms", "rooms", "handling", "urgency", "shadow",
)  # fmt: skip
_HANDLINGS: Final = ("collapse", "nudge", "hold")
_URGENCIES: Final = ("routine", "soon")
_NAME: Final = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a policy that a person must read. line: from 1; None: of the whole."""

    key: str
    line: int | None
    words: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{self.key}: {self.words}"


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold or word that differs from another policy."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read. policy: None when anything is wrong. warnings: must be accepted before it applies."""

    policy: Policy | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def check_policy(written: str, rooms: Sequence[str] | None = None) -> Checked:
    """Read a policy. rooms: the slugs there are, to find rules for rooms that are not; None: not asked."""
    if len(written) > MOST_CHARS:
        return _wrong(Problem("policy", None, f"At most {MOST_CHARS:,} characters."))
    try:
        raw = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        return _wrong(Problem("TOML", int(line[1]) if line else None, f"{error}."))
    reader = _Reader(raw, lines_of(written), rooms)
    policy = reader.read()
    if policy is None:
        return Checked(None, tuple(reader.problems))
    return Checked(policy, (), tuple(reader.warnings(policy)))


def read_policy(written: str) -> Policy:
    """The policy in this TOML. Raises PolicyInvalid, naming every key, line and what is allowed."""
    checked = check_policy(written)
    if checked.policy is None:
        raise PolicyInvalid("\n".join(map(str, checked.problems)))
    return checked.policy


def numbered(policy: Policy, number: int) -> Policy:
    """As a place's own edition, by which every verdict can be traced: shipped version + number."""
    return replace(policy, version=f"{policy.version}+{number}")


def changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    """What differs, by key; a rule that is new, gone or changed is one change."""
    found = [
        Change(f"{table}.{key}", _plain(getattr(before, table)[key]), _plain(value))
        for table in _tables()
        for key, value in getattr(after, table).items()
        if value != getattr(before, table)[key]
    ]
    old, new = _by_name(before), _by_name(after)
    found += [
        Change(f"rule {name}", rule_in_words(old.get(name)), rule_in_words(new.get(name)))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    return tuple(found)


def thresholds(policy: Policy) -> dict[str, str]:
    """Every number, by its key, as it is written."""
    return {
        f"{table}.{key}": _plain(value)
        for table in _tables()
        if table not in _TEXTS
        for key, value in getattr(policy, table).items()
    }


def rule_in_words(rule: Rule | None) -> str:
    """What a rule does, in one line; '' for none."""
    if rule is None:
        return ""
    where = f"in {', '.join(sorted(rule.rooms))}" if rule.rooms else "in every room"
    looks = len(rule.patterns) + len(rule.terms)
    mode = ", in shadow" if rule.shadow else ""
    return f"{rule.effect} {where}, {looks} pattern{'' if looks == 1 else 's'}{mode}"


def lines_of(written: str) -> dict[tuple[str, ...], int]:
    """Where each table and key begins, by its path; the second [[rule]] is ("rule", "1")."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    inside = ""
    for number, line in enumerate(written.splitlines(), start=1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if many := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            count = counts.get(many[1], 0)
            counts[many[1]] = count + 1
            table = (many[1], str(count))
            lines.setdefault(table, number)
        elif one := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = tuple(one[1].split("."))
            lines.setdefault(table, number)
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            lines.setdefault((*table, key[1]), number)
        opened = re.search(r"\"\"\"|'''", line)
        if opened and line.count(opened[0]) % 2:
            inside = opened[0]
    return lines


class _Reader:
    """Reads one policy and gathers what is wrong with it."""

    def __init__(
        self,
        raw: dict[str, Any],
        lines: Mapping[tuple[str, ...], int],
        rooms: Sequence[str] | None,
    ) -> None:
        self._raw, self._lines, self._rooms = raw, lines, rooms
        self.problems: list[Problem] = []

    def read(self) -> Policy | None:
        """None when there are problems."""
        known = (*_RAW, "rule")
        for key in self._raw:
            if key not in known:
                self._say((key,), f"is not known. Allowed: {', '.join(known)}.")
        tables = {name: self._table(name) for name in _tables()}
        for name in ("version", "review"):
            if not isinstance(self._raw.get(name, ""), str):
                self._say((name,), "must be words in quotation marks.")
        self._check_levels(tables["risk"])
        rules = tuple(self._rules())
        if self.problems:
            return None
        try:
            return Policy(version=DEFAULT.version, review=DEFAULT.review, rules=rules, **tables)
        except PolicyInvalid as error:
            self._say(("rule",), str(error))
            return None

    def warnings(self, policy: Policy) -> Iterator[Problem]:
        """What people in danger would feel, in words."""
        for table, guards in _GUARDS.items():
            for key, guard in guards.items():
                value = getattr(policy, table)[key]
                bound = guard.get("most", guard.get("least"))
                if value > guard.get("most", value) or value < guard.get("least", value):
                    words = f"{guard['words']} The guard band ends at {_plain(bound)}."
                    yield Problem(f"{table}.{key}", self._line((table, key)), words)
        for index, rule in enumerate(policy.rules):
            if rule.handling and any(hit.danger for term in rule.terms for hit in find(term)):
                yield Problem(
                    f"rule {rule.name}", self._line(("rule", str(index))),
                    "Holds words of people in danger. Where danger is seen it will do nothing, and what "
                    "is said by supporters and the bereaved it will meet.",
                )  # fmt: skip

    # --- thresholds and words ---

    def _table(self, name: str) -> Mapping[str, Any]:
        shipped: dict[str, Any] = _RAW[name]
        given = self._raw.get(name, {})
        if not isinstance(given, dict):
            self._say((name,), f"must be a table: [{name}].")
            return MappingProxyType(shipped)
        for key, value in given.items():
            if key not in shipped:
                self._say((name, key), f"is not known. Allowed: {', '.join(shipped)}.")
            elif name in _TEXTS:
                self._check_words((name, key), value, _TEXTS[name])
            else:
                self._check_number((name, key), value, shipped[key])
        return MappingProxyType(shipped | given)

    def _check_number(self, path: tuple[str, str], value: Any, shipped: float) -> None:
        low, high = _LIMITS[path[0]][path[1]]
        whole = isinstance(shipped, int)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and (not whole or isinstance(value, int)) and low <= value <= high:
            return
        kind = "a whole number" if whole else "a number"
        self._say(path, f"must be {kind} from {_plain(low)} to {_plain(high)}.")

    def _check_words(self, path: tuple[str, ...], value: Any, most: int) -> bool:
        fine = isinstance(value, str) and len(value.strip()) > 0 and len(value) <= most
        if not fine or not value.isprintable():
            self._say(path, f"must be 1 to {most} characters in quotation marks, on one line.")
            return False
        return True

    def _check_levels(self, risk: Mapping[str, Any]) -> None:
        levels = [risk[f"{urgency}_level"] for urgency in ("now", "soon", "routine")]
        if (
            all(isinstance(level, int) for level in levels)
            and not levels[0] > levels[1] > levels[2]
        ):
            self._say(("risk", "soon_level"), "must lie below now_level and above routine_level.")

    # --- rules ---

    def _rules(self) -> Iterator[Rule]:
        given = self._raw.get("rule", [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            self._say(("rule",), "must be written as [[rule]], once for each rule.")
            return
        if len(given) > _MOST_RULES:
            self._say(("rule",), f"at most {_MOST_RULES} rules.")
            return
        names: set[str] = set()
        for index, raw in enumerate(given):
            found = len(self.problems)
            self._check_rule(("rule", str(index)), raw, names)
            if len(self.problems) == found:
                yield _rule(raw)

    def _check_rule(self, at: tuple[str, str], raw: dict[str, Any], names: set[str]) -> None:
        for key in raw:
            if key not in _RULE_KEYS:
                self._say((*at, key), f"is not known. Allowed: {', '.join(_RULE_KEYS)}.")
        self._check_name(at, raw.get("name"), names)
        if "words" not in raw:
            self._say((*at, "words"), "is missing: the reason, in words for people.")
        else:
            self._check_words((*at, "words"), raw["words"], _MOST_NOTE)
        self._check_effect(at, raw)
        self._check_rooms((*at, "rooms"), raw.get("rooms", []))
        if not isinstance(raw.get("shadow", False), bool):
            self._say((*at, "shadow"), "must be true or false.")
        if not raw.get("patterns") and not raw.get("terms"):
            self._say((*at, "patterns"), "is missing: give patterns, terms, or both.")
        self._check_looks((*at, "patterns"), raw.get("patterns", []), self._check_pattern)
        self._check_looks((*at, "terms"), raw.get("terms", []), self._check_term)

    def _check_name(self, at: tuple[str, str], name: Any, names: set[str]) -> None:
        if not isinstance(name, str) or len(name) > 40 or not _NAME.fullmatch(name):
            self._say((*at, "name"), "must be 1 to 40 small letters, digits, spaces or hyphens.")
        elif name in names:
            self._say((*at, "name"), "another rule has this name.")
        else:
            names.add(name)

    def _check_effect(self, at: tuple[str, str], raw: dict[str, Any]) -> None:
        if ("handling" in raw) == ("urgency" in raw):
            self._say(
                (*at, "handling"),
                f"give exactly one: handling ({', '.join(_HANDLINGS)}) or urgency ({', '.join(_URGENCIES)}).",
            )
            return
        key, allowed = ("handling", _HANDLINGS) if "handling" in raw else ("urgency", _URGENCIES)
        if raw[key] not in allowed:
            self._say((*at, key), f"must be one of: {', '.join(allowed)}.")

    def _check_rooms(self, path: tuple[str, ...], rooms: Any) -> None:
        if not _is_words(rooms):
            self._say(path, 'must be a list of rooms by slug, like ["kitchen-table"].')
            return
        for room in rooms:
            if self._rooms is not None and room not in self._rooms:
                self._say(path, f"there is no room {room}. There are: {', '.join(self._rooms)}.")

    def _check_looks(self, path: tuple[str, ...], looks: Any, check: Any) -> None:
        if not _is_words(looks) or len(looks) > _MOST_PATTERNS:
            self._say(path, f"must be a list of at most {_MOST_PATTERNS} in quotation marks.")
            return
        for number, look in enumerate(looks, start=1):
            if not 0 < len(look) <= _MOST_PATTERN:
                self._say(path, f"number {number} must have 1 to {_MOST_PATTERN} characters.")
            elif wrong := check(look):
                self._say(path, f"number {number}: {wrong}")

    @staticmethod
    def _check_pattern(pattern: str) -> str | None:
        try:
            if compile_pattern(folded_pattern(pattern)).search(""):
                return "it matches an empty text, and so every text."
        except PolicyInvalid as error:
            return f"{error}."
        return None

    @staticmethod
    def _check_term(term: str) -> str | None:
        return None if term_pattern(term) else "nothing of it is left to look for."

    def _say(self, path: tuple[str, ...], words: str) -> None:
        self.problems.append(Problem(_named(path), self._line(path), words))

    def _line(self, path: tuple[str, ...]) -> int | None:
        return self._lines.get(path) or self._lines.get(path[:-1])


def _wrong(problem: Problem) -> Checked:
    return Checked(None, (problem,))


def _tables() -> tuple[str, ...]:
    return tuple(name for name, value in _RAW.items() if isinstance(value, dict))


def _named(path: tuple[str, ...]) -> str:
    if path[0] == "rule" and len(path) > 1:
        return ".".join((f"rule {int(path[1]) + 1}", *path[2:]))
    return ".".join(path)


def _rule(raw: dict[str, Any]) -> Rule:
    return Rule(
        name=raw["name"],
        words=raw["words"],
        patterns=tuple(raw.get("patterns", ())),
        terms=tuple(raw.get("terms", ())),
        rooms=frozenset(raw.get("rooms", ())),
        handling=Handling(raw["handling"]) if "handling" in raw else None,
        urgency=Urgency(raw["urgency"]) if "urgency" in raw else None,
        shadow=raw.get("shadow", False),
    )


def _by_name(policy: Policy) -> dict[str, Rule]:
    return {rule.name: rule for rule in policy.rules}


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"
