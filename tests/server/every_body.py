"""Every body of the HTTP API by its name, whichever module of the protocol it stands in."""

import importlib
import pkgutil
from functools import cache

from server import protocol
from server.protocol.base import Wire


@cache
def every_body() -> dict[str, type[Wire]]:
    """Name -> model."""
    modules = [
        importlib.import_module(f"{protocol.__name__}.{found.name}")
        for found in pkgutil.iter_modules(protocol.__path__)
    ]
    return {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Wire)
    }
