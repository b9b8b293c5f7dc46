"""Bodies of a member's own plan: six steps, what is worth it, or ciphertext that only the member opens."""

from typing import Annotated, Final

from pydantic import Field

from server.protocol.base import ShortText, Time, Wire
from server.protocol.own_key import Locked, Version

LINES: Final = 12
"""In one step: more than anybody reads in a hard hour."""
Lines = Annotated[list[ShortText], Field(max_length=LINES)]


class Plan(Wire):
    """What a member wrote for themselves, step by step."""

    signs: Lines = []
    by_myself: Lines = []
    distraction: Lines = []
    people: Lines = []
    professionals: Lines = []
    surroundings: Lines = []
    worth: Lines = []


class OwnPlan(Wire):
    """What is kept. version: 0 where nothing is. Of `plan` and `locked` at most one.

    locked: ciphertext (nonce, then AES-256-GCM), as base64. at: of the newest version.
    """

    version: Version
    plan: Plan | None
    locked: Locked | None
    at: Time | None


class NewPlan(Wire):
    """In place of the version named, 0 where nothing is yet. Exactly one of `plan` and `locked`."""

    version: Version
    plan: Plan | None = None
    locked: Locked | None = None
