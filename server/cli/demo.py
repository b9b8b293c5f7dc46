"""`hearth replay`: real conversations through the public interface, counted."""

from typing import Any


def add(commands: Any) -> None:
    """Filled by server.replay."""
    del commands
