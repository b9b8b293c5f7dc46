"""Drills: the claims that take minutes to show. `python -m tests.drills [name]`.

A drill is a module here: its docstring says in one line what it shows, and its `run()` answers
figures and "ok". `fsync_order.py` is the drill `fsync-order`; both spellings find it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, cast

Drill = Callable[[], dict[str, Any]]


def drills() -> dict[str, str]:
    """What each drill shows, by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {_name(module): _first_line(module) for module in modules if not module.startswith("_")}


def find_drill(name: str) -> Drill | None:
    """The drill of that name."""
    if _name(name) not in drills():
        return None
    module = name.replace("-", "_")
    return cast(Drill, importlib.import_module(f"{__name__}.{module}").run)


def _name(module: str) -> str:
    return module.replace("_", "-")


def _first_line(name: str) -> str:
    return (importlib.import_module(f"{__name__}.{name}").__doc__ or "").partition("\n")[0]
