"""25,000 requests made from the OpenAPI, as everybody, and traps in each field and on the wire: all as declared."""

import asyncio
import copy
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from server.access import Role
from server.client import Declined, Http
from tests.drills._sizes import size
from tests.server.fuzzing import operations as fuzzing
from tests.server.fuzzing.operations import EVERYBODY, Fuzzed
from tests.server.fuzzing.texts import fill, forged_lines, formulas, read_table, text_fields
from tests.server.fuzzing.wire import spring
from tests.server.live_server import LiveServer
from tests.server.malforming.world import World, build

_FAULTS = (
    "five_hundreds", "mismatches", "wrongly_accepted", "hangs", "broken_lines", "let_in", "carried_out",
    "headers_forged", "echoed",
)  # fmt: skip
_ANEW_AFTER = 40
"""Operations, after which everything is made anew: what was asked for may have changed what is there."""
_CONTROL_CASES = 40


def run() -> dict[str, Any]:
    """CASES (25000) over every operation and role; EVERY (4): of the injections each field gets each fourth.

    ok: no answer of 500 or more, none but as the OpenAPI says, none late; nothing carried out, forged, or let
    in; the database is whole. Control: a description that is wrong on purpose is caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-fuzz-") as folder:
        server = LiveServer(Path(folder) / "hearth", limits="bench")
        try:
            await server.start()
            openapi = await Http(server.url).call("GET", "/api/openapi.json")
            found = await from_openapi(server, openapi, size("CASES", 25_000))
            traps, took = await _traps(server, openapi, size("EVERY", 4))
            control = await _control(server, openapi)
            log = server.log.read_text(errors="replace")
            alive = await _is_alive(server)
        finally:
            await server.stop()
    for line in (*found.wrong.values(), *traps.wrong.values()):
        print(line)
    counts: Counter[str] = found.counts + traps.counts
    figures: dict[str, Any] = {
        "operations": len(found.operations),
        "roles": len(EVERYBODY),
        **{name: counts[name] for name in ("generated", "cases", "accepted", "refused")},
        **{
            name: counts[name]
            for name in ("text_fields", "filled", "filled_accepted", "wire_traps", "table_lines")
        },
        **{name: counts[name] for name in _FAULTS},
        "formulas": counts["formulas"],
        "forged_lines": forged_lines(log),
        "tracebacks": log.count("Traceback"),
        "slowest_s": round(max(found.slowest_s, traps.slowest_s), 2),
        "wire_p99_ms": round(sorted(took)[int(len(took) * 0.99)] * 1_000, 1),
        "statuses": {str(code): n for code, n in sorted((found.statuses + traps.statuses).items())},
        "alive": alive,
        "control_mismatches": control,
        "control_caught": control > 0,
    }
    faults = (*_FAULTS, "formulas", "forged_lines", "tracebacks")
    clean = alive and control > 0 and not any(figures[fault] for fault in faults)
    return figures | {"ok": clean and figures["accepted"] > 0}


async def from_openapi(
    server: LiveServer, openapi: dict[str, Any], cases: int, every: int = 1
) -> Fuzzed:
    """So many requests in all, as everybody. every: of the operations only each so manieth."""
    into = Fuzzed()
    chosen = fuzzing.operations(openapi)[::every]
    asked = sum(fuzzing.can_vary(operation) for operation in chosen) or 1
    each = max(2, -(-cases // (asked * len(EVERYBODY))))
    each += each % 2
    for number, operation in enumerate(chosen):
        if number % _ANEW_AFTER == 0:
            world = await build(server)
        made = await asyncio.to_thread(fuzzing.make, operation, each, world)
        tokens = await _tokens(server, world, operation, len(made))
        await asyncio.to_thread(fuzzing.send, server.url, made, tokens, into)
        if not await _all_in(server, world):
            world = await build(server)
            into.counts["sessions_ended"] += 1
    return into


async def _tokens(
    server: LiveServer, world: World, operation: Any, count: int
) -> dict[Role, Iterator[str]]:
    if not fuzzing.ends_something(operation):
        return fuzzing.lasting(world)
    made = await server.on_database(partial(fuzzing.throw_away, world=world, count=count))
    return {role: iter(tokens) for role, tokens in made.items()}


async def _all_in(server: LiveServer, world: World) -> bool:
    """Whether everybody is still logged in, in their room."""
    try:
        for token in world.tokens.values():
            await Http(server.url, token).call("GET", f"/api/rooms/{world.room}")
    except Declined:
        return False
    return True


async def _traps(
    server: LiveServer, openapi: dict[str, Any], every: int
) -> tuple[Fuzzed, list[float]]:
    into, world = Fuzzed(), await build(server)
    await asyncio.to_thread(fill, server, world, text_fields(openapi, world), into, every)
    took = await asyncio.to_thread(spring, server.port, world.tokens[Role.PEER], into)
    for path in _TABLES:
        table = await asyncio.to_thread(
            read_table, server, path.format(room=world.room), world.tokens[Role.CLINICIAN]
        )
        into.counts["table_lines"] += table.count("\n")
        into.counts["formulas"] += formulas(table)
    return into, took


_TABLES = ("/api/clinic/rooms/{room}/climate/csv",)


async def _control(server: LiveServer, openapi: dict[str, Any]) -> int:
    """Mismatches with a description that names another status, and a field that is not there."""
    wrong = copy.deepcopy(openapi)
    wrong["paths"] = {"/api/place": wrong["paths"]["/api/place"]}
    schema = wrong["components"]["schemas"]["Place"]
    schema["required"] = [*schema["required"], "nowhere"]
    schema["properties"]["nowhere"] = {"type": "string"}
    found = await from_openapi(server, wrong, _CONTROL_CASES)
    return found.counts["mismatches"]


async def _is_alive(server: LiveServer) -> bool:
    """A world is built on it once more: people come in, speak, flag and are told."""
    await build(server)
    return True
