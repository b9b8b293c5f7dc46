"""What can stand where something else belongs, as raw JSON: some of it no encoder would write."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

MARK = "qzmarkzq"
"""In every string we send: a refusal that holds it repeats what was sent."""

DEPTH = 10_000
_HOLE = '"@@hole@@"'

FRAGMENTS: dict[str, str] = {
    "null": "null",
    "true": "true",
    "integer": "7",
    "negative": "-1",
    "fraction": "1.5",
    "string": f'"{MARK}"',
    "empty string": '""',
    "list": f'["{MARK}"]',
    "empty list": "[]",
    "object": f'{{"{MARK}": "{MARK}"}}',
    "operator": '{"$gt": ""}',
    "long string": json.dumps(MARK * 2_500),
    "huge string": json.dumps(MARK * 5_000),
    "2**63": str(2**63),
    "-2**63": str(-(2**63)),
    "10**400": "1" + "0" * 400,
    "10**5000": "1" + "0" * 5_000,
    "1e400": "1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "lone surrogate": f'"{MARK}\\ud800"',
    "NUL": f'"{MARK}\\u0000"',
    "deep list": "[" * DEPTH + "]" * DEPTH,
    "deep object": '{"a":' * (DEPTH // 4) + "1" + "}" * (DEPTH // 4),
}

NOT_JSON: tuple[str, ...] = (
    "", " ", "{", "}", "nul", "{'a': 1}", "\ufeff{}", "NaN", f"<xml>{MARK}</xml>", '{"type": "post"',
    "[1,]", "\x00", "0x10", f'"{MARK}', '{"a": 1}{"b": 2}', "// nothing", "undefined", "{,}",
    '"\\ud800', "+1",
)  # fmt: skip

WHOLE: tuple[str, ...] = ("null", "true", "7", f'"{MARK}"', "[]", "{}", f'[{{"{MARK}": 1}}]')
"""JSON, but no object of ours."""


class Malformed(NamedTuple):
    """One thing to send. what: for the report. text: raw, as it goes out."""

    what: str
    text: str


def mutations(name: str, valid: dict[str, Any]) -> Iterator[Malformed]:
    """Each field in turn: every fragment, and missing; then a field that nobody knows."""
    for field in valid:
        holed = json.dumps(valid | {field: "@@hole@@"})
        for kind, fragment in FRAGMENTS.items():
            yield Malformed(f"{name}.{field}: {kind}", holed.replace(_HOLE, fragment))
        rest = {key: value for key, value in valid.items() if key != field}
        yield Malformed(f"{name}.{field}: missing", json.dumps(rest))
    yield Malformed(f"{name}: unknown field", json.dumps(valid | {MARK: MARK}))
