"""How large a drill is: as the environment says, or as the claim does."""

import os


def size(name: str, default: int) -> int:
    """A whole number from the environment."""
    return int(os.environ.get(name, default))
