"""The demo community as plain values: its rooms, its people and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How we meant a message when we wrote it; what the server thinks is the server's."""

    KIND = "kind"
    CLUMSY = "clumsy"
    ROUGH = "rough"
    SEVERE = "severe"
    WORRYING = "worrying"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing somebody says.

    key: unique in the community. reply_to: the key of an earlier message of the same thread.
    felt_heard: what the thread's first author privately answers; None: nothing.
    softened: what its author sends instead after a nudge; insist: sends it all the same;
    dropped: lets it go. minutes_before_now: within the last week; 0 in talk.
    """

    key: str
    room: str
    author: str
    text: str
    language: str
    tone: Tone
    minutes_before_now: int = 0
    ask: bool = False
    reply_to: str | None = None
    felt_heard: bool | None = None
    softened: str | None = None
    insist: bool = False
    dropped: bool = False

    @property
    def meant_to_appear(self) -> bool:
        """False for what is held or let go, which nobody can answer."""
        return self.tone is not Tone.SEVERE and not self.dropped


Thread = tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place with its people and everything said there."""

    slug: str
    name: str
    purpose: str
    languages: tuple[str, ...]
    hosts: tuple[str, ...]
    moderators: tuple[str, ...]
    threads: tuple[Thread, ...]
    talk: tuple[Thread, ...]

    @property
    def people(self) -> frozenset[str]:
        """Everyone who has a seat here: who speaks, hosts or moderates."""
        said = {message.author for thread in self.threads + self.talk for message in thread}
        return frozenset(said | {*self.hosts, *self.moderators})


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """All of it; logins maps a role to the one whose login is printed."""

    rooms: tuple[Room, ...]
    moderators: tuple[str, ...]
    clinicians: tuple[str, ...]
    stewards: tuple[str, ...]
    logins: Mapping[str, str]

    @property
    def peers(self) -> tuple[str, ...]:
        """Everyone without a staff role, in alphabetical order."""
        staff = {*self.moderators, *self.clinicians, *self.stewards}
        return tuple(sorted(frozenset[str]().union(*(room.people for room in self.rooms)) - staff))

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said in the last week, the oldest first."""
        said = (message for room in self.rooms for thread in room.threads for message in thread)
        return tuple(sorted(said, key=lambda message: -message.minutes_before_now))
