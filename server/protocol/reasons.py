"""Bodies about reasons: what the place promises, a statement of reasons, a member's ledger."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Storable, Time, Wire

Words = Annotated[Storable, Field(min_length=1, max_length=1_000)]
Clause = Literal["kind", "safe", "private", "listen", "here", "care", "law"]
AppealState = Literal["open", "upheld", "overturned", "changed"]
ByRole = Literal["machine", "moderator", "clinician", "steward", "member"]


class Promise(Wire):
    """One thing that this place promises. shipped: whether these are the words that come with Hearth."""

    code: Clause
    words: str
    shipped: bool


class Promises(Wire):
    """What a decision may rest on, and where somebody can turn outside this place."""

    promises: list[Promise]
    outside: str
    outside_shipped: bool


class PromisePatch(Wire):
    """Other words; None for the shipped ones again."""

    words: Words | None


class Redress(Wire):
    """How to ask again. usual_wait_s: the median of the last answers; None where there were too few."""

    may_appeal: bool
    until: Time | None
    appeal: AppealState | None
    answer: str | None
    """What was said to the appeal."""
    usual_wait_s: int | None
    outside: str


class Statement(Wire):
    """A statement of reasons: the contents that Article 17 of the EU's Digital Services Act asks for."""

    id: Id
    kind: Literal["held", "hidden", "collapsed", "assessed_late", "warn", "pause", "removed"]
    at: Time
    restricted: str
    room: Id | None
    room_name: str | None
    own_words: str | None
    """The message it is about, as far as it is still kept."""
    lasts: str
    until: Time | None
    stands: bool
    reason: str
    rules: list[str]
    detected: str
    detected_by_machine: bool
    decided: str
    decided_by_machine: bool
    by: ByRole
    clause: Clause | None
    clause_words: str | None
    model: str | None
    policy: str | None
    redress: Redress


class Followed(Wire):
    """What a person did about it afterwards."""

    at: Time
    by: ByRole
    did: str
    statement: Id | None


class LedgerEntry(Wire):
    """One automated act on the reader's own words. No score; for danger, words only.

    bound: the row of the audit log that holds its digest. may_ask: whether another person may still be asked.
    """

    id: Id
    at: Time
    kind: Literal["nudge", "collapse", "hold", "refuse", "risk", "surface"]
    words: str
    room: Id
    room_name: str
    message: Id | None
    rules: list[str]
    band: Literal["low", "middle", "high"] | None
    band_words: str | None
    clause_words: str | None
    model: str | None
    policy: str
    became: str | None
    """What the reader did with a suggestion."""
    followed: list[Followed]
    statement: Id | None
    asked: AppealState | None
    may_ask: bool
    ask_until: Time
    bound: int


class Ledger(Wire):
    """A page, newest first, and what was read in all. read, not_read: messages; followed: entries."""

    read: int
    not_read: int
    followed: int
    entries: list[LedgerEntry]
    after: str | None
