"""Bodies of a member's own journal: words to oneself, or ciphertext that only the member opens."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from server.protocol.base import Id, Storable, Time, Wire
from server.protocol.own_key import Locked, Version

WORDS: Final = 10_000
"""Letters of one entry: some pages."""
TURNED: Final = 3_000
"""Entries in one turn of the key: with words in them, a request is full before."""

_Answer = Annotated[Storable, Field(min_length=1, max_length=2_000)]


class Said(Wire):
    """Words, answers to up to three questions of staff's guard; or all of it as ciphertext."""

    words: Annotated[Storable, Field(min_length=1, max_length=WORDS)] | None = None
    now: _Answer | None = None
    """How are you?"""
    stays: _Answer | None = None
    """Is there something that stays with you?"""
    helps: _Answer | None = None
    """What would help?"""
    locked: Locked | None = None
    """As base64: nonce, then AES-256-GCM."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.locked is not None and self.is_readable:
            raise ValueError("words, or ciphertext of them")
        return self

    @property
    def is_readable(self) -> bool:
        """Whether words stand in it."""
        return any((self.words, self.now, self.stays, self.helps))


class NewJournalEntry(Said):
    """At least one of them. version: of the lock, where it is ciphertext.

    client_id: the sender's own; under it the words are kept once, however often they are sent.
    """

    client_id: Id
    version: Version = 0


class JournalEntry(Said):
    """As it was written. All None: its key is gone, and nobody can read it any more."""

    id: Id
    at: Time


class JournalLock(Wire):
    """Whose key it is under. proof: ciphertext of nothing under the member's own; None: the place's."""

    version: Version
    proof: Locked | None


class Journal(JournalLock):
    """One's own words, newest first. more: there are older ones."""

    entries: list[JournalEntry]
    more: bool


class TurnedEntry(Said):
    """An entry under the other key. Without words it stays as it is."""

    id: Id


class JournalTurn(JournalLock):
    """From the version named on under this key: each entry there is, none more and none less."""

    entries: Annotated[list[TurnedEntry], Field(max_length=TURNED)]
