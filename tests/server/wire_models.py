"""Every body of the contract, in whichever module of server.protocol it stands."""

import pkgutil
from importlib import import_module

from server import protocol
from server.protocol.base import Wire


def wire_models() -> dict[str, type[Wire]]:
    """By name. The frames are not among them."""
    names = [module.name for module in pkgutil.iter_modules(protocol.__path__)]
    modules = [import_module(f"server.protocol.{name}") for name in names if name != "frames"]
    return {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Wire)
    }
