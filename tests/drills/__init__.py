"""Drills: the claims that take minutes to show. `python -m tests.drills [name]`.

A drill is a module here: its docstring says in one line what it shows, and its `run()` answers
figures and "ok".
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, cast

Drill = Callable[[], dict[str, Any]]


def drills() -> dict[str, str]:
    """What each drill shows, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: _first_line(name) for name in names if not name.startswith("_")}


def find_drill(name: str) -> Drill | None:
    """The drill of that name."""
    if name not in drills():
        return None
    return cast(Drill, importlib.import_module(f"{__name__}.{name}").run)


def _first_line(name: str) -> str:
    return (importlib.import_module(f"{__name__}.{name}").__doc__ or "").partition("\n")[0]
