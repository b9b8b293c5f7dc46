"""Every body by its name, whichever module of server.protocol it stands in."""

import pkgutil
from importlib import import_module

from server import protocol
from server.protocol.base import Wire


def every_body() -> dict[str, type[Wire]]:
    """Frames are no bodies; a body has one name in all modules."""
    found: dict[str, type[Wire]] = {}
    for module in pkgutil.iter_modules(protocol.__path__):
        if module.name != "frames":
            here = vars(import_module(f"{protocol.__name__}.{module.name}"))
            found |= {
                name: kind
                for name, kind in here.items()
                if isinstance(kind, type) and issubclass(kind, Wire)
            }
    return found
