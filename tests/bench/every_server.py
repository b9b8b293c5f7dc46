"""Every server there is an adapter for; those that are not installed are said, with what they need."""

from tests.bench import (  # they register themselves
    hearth,
    irc_servers,
    matrix_server,
    node_servers,
    python_servers,
    xmpp_servers,
)
from tests.bench.adapters import REGISTRY, Adapter, NotInstalled

MODULES = (hearth, python_servers, node_servers, irc_servers, xmpp_servers, matrix_server)


def find_server(name: str) -> type[Adapter]:
    """The server of that name. Raises KeyError."""
    return REGISTRY[name]


def missing() -> dict[str, str]:
    """What those need that cannot run here, by name."""
    needs = {}
    for name, server in REGISTRY.items():
        try:
            server.check_installed()
        except NotInstalled as error:
            needs[name] = str(error)
    return needs
