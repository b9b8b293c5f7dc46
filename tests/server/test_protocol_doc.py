"""docs/protocol.md says what the code says: every frame, field, code and route, and no other."""

import asyncio
import os
import re
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from server import errors
from server.app import create_app
from server.client import Client, Http
from server.errors import ServerError
from server.limits import _PROFILES
from server.protocol import bodies, frames
from server.protocol.base import Wire
from server.settings import Settings
from tests.server.live_server import ROOT, LiveServer
from tests.server.wire_models import wire_models

DOC = (ROOT / "docs" / "protocol.md").read_text("utf-8")
FROM_CLIENT, FROM_SERVER, OBJECTS = (
    "## 7. Frames from the client",
    "## 8. Frames from the server",
    "### Objects inside frames",
)
UNEXPECTED = "unexpected"  # the one code that is no class: a fault of ours, in server/api/errors.py
OUTSIDE = {"1002", "1007", "1009", "1011"}  # close codes of RFC 6455 that a client sees here


def section(heading: str) -> str:
    """The text under a heading, up to the next one."""
    assert DOC.count(f"\n{heading}\n") == 1
    return re.split(r"\n#{2,3} ", DOC.split(f"\n{heading}\n")[1])[0]


def rows(heading: str) -> list[list[str]]:
    """The cells of its table, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def described(heading: str) -> dict[str, dict[str, str]]:
    """Frame or object -> field -> kind, from a table whose first cell is empty where it stays the same."""
    found: dict[str, dict[str, str]] = {}
    name = ""
    for first, field, kind, _ in rows(heading):
        name = first.strip("`") or name
        assert field.strip("`") not in found.get(name, {})
        found.setdefault(name, {})[field.strip("`")] = kind
    return found


def members_of(union: Any) -> list[type[Wire]]:
    return list(get_args(get_args(union)[0]))


def by_type(union: Any) -> dict[str, type[Wire]]:
    return {
        get_args(frame.model_fields["type"].annotation)[0]: frame for frame in members_of(union)
    }


def objects() -> dict[str, type[Wire]]:
    """The models inside frames that are no frames themselves."""
    every = {
        name: model
        for name, model in vars(frames).items()
        if isinstance(model, type) and issubclass(model, Wire) and model is not Wire
    }
    return {name: model for name, model in every.items() if "type" not in model.model_fields}


SIDES: dict[str, tuple[str, dict[str, type[Wire]]]] = {
    "client": (FROM_CLIENT, by_type(frames.ClientFrame)),
    "server": (FROM_SERVER, by_type(frames.ServerFrame)),
    "objects": (OBJECTS, objects()),
}


def values(schema: Any) -> set[str]:
    """Every value that a field's schema names."""
    if isinstance(schema, list):
        return {value for each in schema for value in values(each)}
    if not isinstance(schema, dict):
        return set()
    named = {str(value) for value in schema.get("enum", [])}
    inner = (schema.get(key) for key in ("anyOf", "propertyNames", "items"))
    return named | {value for each in inner for value in values(each)}


@pytest.mark.parametrize("side", SIDES)
def test_every_frame_and_field_is_described_and_no_other(side: str) -> None:
    heading, models = SIDES[side]
    there = {name: set(model.model_fields) - {"type"} for name, model in models.items()}
    assert {name: set(fields) for name, fields in described(heading).items()} == there


@pytest.mark.parametrize("side", SIDES)
def test_every_field_says_what_it_may_hold_and_whether_it_may_be_absent(side: str) -> None:
    heading, models = SIDES[side]
    for name, fields in described(heading).items():
        properties = models[name].model_json_schema()["properties"]
        for field, kind in fields.items():
            info = models[name].model_fields[field]
            where = f"{name}.{field}: {kind}"
            assert set(re.findall(r"`(\w+)`", kind)) == values(properties[field]), where
            if side == "client":
                assert ("optional" in kind) == (not info.is_required()), where
            else:
                absent = not info.is_required() and info.default is None
                assert ("may be absent" in kind) == absent, where


def refusals() -> dict[str, int]:
    """Code -> status of each class that server/errors.py defines."""
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return {c.code: int(c.status) for c in classes if issubclass(c, ServerError)}


def test_every_refusal_is_described_with_its_status_and_no_other() -> None:
    described_codes = {code.strip("`"): int(status) for code, status, _ in rows("## 9. Refusals")}
    assert described_codes == refusals() | {UNEXPECTED: 500}


def test_every_close_code_is_described_and_no_other() -> None:
    known = {str(code) for name, code in vars(frames.Close).items() if name.isupper()}
    assert {row[0] for row in rows("## 10. Close codes")} == known | OUTSIDE
    assert set(re.findall(r"\b4[45]\d\d\b", DOC)) == known


def test_the_limits_are_those_in_force() -> None:
    words = {60.0: "a minute", 3_600.0: "an hour"}
    told = " ".join(row[1] for row in rows("## 11. Limits"))
    for kind in (
        "post", "frame", "join", "sign_up", "log_in_account", "log_in_address", "request",
        "entered_account", "entered_address", "passkey_asked", "invite",
    ):  # fmt: skip
        rule = _PROFILES["normal"][kind]
        assert f"{rule.most} {words[rule.within_s]}" in told, kind


def test_every_route_is_described_and_no_other(tmp_path: Path) -> None:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    routes = {f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs}
    assert {row[0].strip("`") for row in rows("## 15. HTTP")} == routes
    for row in rows("## 15. HTTP"):
        for name in re.findall(r"\b[A-Z]\w+\b", f"{row[2]} {row[3]}"):
            assert issubclass(wire_models()[name], BaseModel)


def test_the_exchange_holds_only_frames_that_the_code_reads() -> None:
    lines = re.findall(r"^([→←]) (.*)$", section("## 13. A whole exchange"), re.MULTILINE)
    assert len(lines) > 15
    for arrow, line in lines:
        frame = re.sub(r'"([A-Z_]+)"', lambda m: f'"{uuid.uuid5(uuid.NAMESPACE_OID, m[1])}"', line)
        reader = frames.client_frame if arrow == "→" else frames.server_frame
        reader.validate_json(frame)


def test_the_prose_names_nothing_that_does_not_exist() -> None:
    known = set(refusals()) | {UNEXPECTED, "websockets", "hearth", "server", "client"}
    models = [model for _, models in SIDES.values() for model in models.values()]
    models += wire_models().values()
    for model in models:
        if issubclass(model, Wire):
            known |= {model.__name__, *model.model_fields}
            known |= {
                v for p in model.model_json_schema()["properties"].values() for v in values(p)
            }
    known |= {name for _, models in SIDES.values() for name in models}
    known |= {
        "before",
        "limit",
        "query",
        "waits_h",
        "anyway",
        "outside",
        "weeks",
        "first",
        "last",
        "other_first",
        "other_last",
    }  # of queries and paths
    prose = DOC.split("## 13. A whole exchange")[0] + DOC.split("## 15. HTTP")[1]
    assert set(re.findall(r"`([a-z_]+)`", prose)) <= known


# --- the small client, as it stands in the document ---


async def run_small_client(folder: Path, url: str, text: str) -> Process:
    (block,) = re.findall(r"```python\n(.*?)```", section("## 14. A small client"), re.DOTALL)
    program = folder / "client.py"
    program.write_text(block, "utf-8")
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, program, url, text, stdout=PIPE, env=environment
    )


async def told(process: Process, words: str) -> str:
    """What it prints up to the line that holds these words."""
    printed = ""
    assert process.stdout
    async with asyncio.timeout(60):
        while words not in printed:
            line = (await process.stdout.readline()).decode()
            assert line, printed
            printed += line
    return printed


async def test_the_small_client_says_its_words_once_and_comes_back(
    live_server: LiveServer, tmp_path: Path
) -> None:
    process = await run_small_client(tmp_path, live_server.url, "Hello from a small client.")
    try:
        printed = await told(process, "answer: posted")
        if "Hello from" not in printed:
            printed += await told(process, "Hello from a small client.")
        await live_server.restart()
        await say_something_else(live_server)
        printed += await told(process, "Welcome back.")
    finally:
        process.kill()
        await process.wait()
    assert printed.count("Hello from a small client.") == 1
    assert printed.count("answer:") == 1


async def say_something_else(server: LiveServer) -> None:
    entered = await Http(server.url).sign_up("Juniper")
    assert entered.token
    http = Http(server.url, entered.token)
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    async with Client(server.url, entered.token) as client:
        assert isinstance(await client.post(room, "Welcome back."), frames.Posted)
