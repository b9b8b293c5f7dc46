"""What the benchmark can do, by name."""

from collections.abc import Callable
from typing import Final

from tests.bench import collecting, flame, floor, full, quick, report, run, stall
from tests.bench.adapters import REGISTRY
from tests.bench.every_server import missing
from tests.bench.storage import measuring

Command = Callable[[list[str]], int]


def list_servers(_: list[str]) -> int:
    """Every server, and what it still needs."""
    needs = missing()
    for name in REGISTRY:
        print(f"{name:36} {'needs ' + needs[name] if name in needs else ''}".rstrip())
    return 0


COMMANDS: Final[dict[str, Command]] = {
    "quick": lambda _: quick.main(),
    "full": lambda _: full.main(),
    "report": lambda _: report.main(),
    "flame": lambda _: flame.main(),
    "floor": floor.main,
    "run": run.main,
    "stall": stall.main,
    "storage": measuring.main,
    "gc": collecting.main,
    "list": list_servers,
}
