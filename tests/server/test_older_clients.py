"""A client of an older day and today's server: what it says is still understood, what it relies on still comes.

older/ holds frames as they were on a day, as JSON Schema: once people have clients of a day, its file stays.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from server.protocol import frames

Schema = dict[str, Any]
DAYS = sorted((Path(__file__).parent / "older").glob("*.json"))
ID = "0193f0a0-0000-7000-8000-000000000001"
TODAY: Schema = frames.server_frame.json_schema()


def frames_of(day: Path, side: str) -> Iterator[tuple[str, Schema, Schema]]:
    """The kind of each frame, its schema, and what that refers to."""
    whole: Schema = json.loads(day.read_text())[side]
    for kind, where in whole["discriminator"]["mapping"].items():
        yield kind, whole["$defs"][where.rpartition("/")[2]], whole["$defs"]


def choices(schema: Schema, defs: Schema) -> list[Any]:
    """Values that it allowed: each that is named, or one that fits."""
    if "$ref" in schema:
        return choices(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if "anyOf" in schema:
        return [value for one in schema["anyOf"] for value in choices(one, defs)]
    return {
        "string": [ID if schema.get("format") == "uuid" else "words"],
        "integer": [schema.get("minimum", 0) + 1],
        "boolean": [True, False],
        "null": [None],
    }[schema["type"]]


def said(schema: Schema, defs: Schema, names: list[str]) -> Iterator[dict[str, Any]]:
    """Frames with these fields, in each of their values."""
    every = [choices(schema["properties"][name], defs) for name in names]
    for values in product(*every):
        yield dict(zip(names, values, strict=True))


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.stem)
def test_whatever_an_older_client_could_say_is_understood(day: Path) -> None:
    count = 0
    for kind, schema, defs in frames_of(day, "client"):
        for names in (schema["required"], list(schema["properties"])):
            for frame in said(schema, defs, names):
                assert frames.client_frame.validate_python(frame).type == kind
                count += 1
    assert count > 20


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.stem)
def test_whatever_an_older_client_relies_on_still_comes(day: Path) -> None:
    today = TODAY["discriminator"]["mapping"]
    kinds = list(frames_of(day, "server"))
    assert len(kinds) > 10
    for kind, schema, defs in kinds:
        assert kind in today, kind
        check(kind, schema, defs, TODAY["$defs"][today[kind].rpartition("/")[2]], TODAY["$defs"])


def check(where: str, old: Schema, old_defs: Schema, new: Schema, new_defs: Schema) -> None:
    """Every field is there, always where it always was, and of the same types."""
    assert set(old.get("required", ())) <= set(new.get("required", ())), where
    for name, field in old["properties"].items():
        assert name in new["properties"], f"{where}.{name}"
        before, now = types(field, old_defs), types(new["properties"][name], new_defs)
        assert now <= before, f"{where}.{name}: {now} where it was {before}"
    for name, field in old["properties"].items():
        inner = refers_to(field, old_defs), refers_to(new["properties"][name], new_defs)
        if inner[0] and inner[1]:
            check(f"{where}.{name}", inner[0], old_defs, inner[1], new_defs)


def types(schema: Schema, defs: Schema) -> set[str]:
    """As JSON has them."""
    if "$ref" in schema:
        return types(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return set().union(*(types(one, defs) for one in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return {"string"}
    return {schema.get("type", "anything")}


def refers_to(schema: Schema, defs: Schema) -> Schema | None:
    """The object in a field, or in its list."""
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in one:
            found: Schema = defs[one["$ref"].rpartition("/")[2]]
            return found if "properties" in found else None
    return None


def test_the_check_sees_what_would_break_an_older_client() -> None:
    kind, schema, defs = next(frames_of(DAYS[0], "server"))
    fewer = {**schema, "properties": dict(list(schema["properties"].items())[1:])}
    for broken in (
        fewer,
        {**schema, "required": []},
        {**schema, "properties": {name: {"type": "array"} for name in schema["properties"]}},
    ):
        with pytest.raises(AssertionError):
            check(kind, schema, defs, broken, defs)
    with pytest.raises(ValidationError):
        frames.client_frame.validate_python({"type": "join", "room": ID, "from_the_future": 1})
