"""Models of what crosses the wire, by name, whichever module of server.protocol they stand in."""

import importlib
import pkgutil
from typing import Any

from server import protocol


def wire_models() -> dict[str, Any]:
    """Every class that these modules define or use."""
    modules = [
        importlib.import_module(f"{protocol.__name__}.{info.name}")
        for info in pkgutil.iter_modules(protocol.__path__)
    ]
    return {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type)
    }
