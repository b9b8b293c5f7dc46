"""Members, their sessions, consents, invitations and shifts."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Member(SQLModel, table=True):
    """A pseudonymous person. `name_key` is the pseudonym folded, so that look-alikes collide."""

    id: UUID = primary()
    pseudonym: str
    name_key: str = Field(unique=True)
    role: str = Field(default="peer", index=True)
    state: str = "active"
    passphrase_hash: str | None = None
    recovery_digest: bytes | None = None
    tone_nudges: bool = True
    country: str | None = None
    joined_at: datetime = time()
    is_bot: bool = False
    staff_since: datetime | None = maybe_time()
    """When they became staff; None: when they joined, or not at all."""
    nudges_quiet_until: datetime | None = maybe_time()
    """No nudge before: the member asked for none on a day."""
    age_group: str | None = None
    """minors or adults, as they say; None: not said. Never a birth date, and shown to no other member."""


class Session(SQLModel, table=True):
    """Only a digest of the token is kept: a stolen database opens no door.

    kind: browser, program, or token (a program's, made by a steward, with a name and scopes).
    browser, system: of the device that logged in, as names. proved_at: who it is was proved again then.
    """

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    token_digest: bytes = Field(unique=True)
    kind: str = "browser"
    created_at: datetime = time()
    last_seen_at: datetime = time()
    expires_at: datetime = time()
    ended_at: datetime | None = maybe_time()
    proved_at: datetime | None = maybe_time()
    browser: str | None = None
    system: str | None = None
    name: str | None = None
    scopes: str | None = None
    """Operations that a token may ask for, with spaces between."""


class Consent(SQLModel, table=True):
    """What was agreed to, when, until when, and in which wording. Appended; `withdrawn_at` is set once.

    `room_id`: the group whose clinicians it is given to; None where it is given to the place.
    `end_told_at`: when the member was told that it ends soon.
    """

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    room_id: UUID | None = Field(default=None, foreign_key="room.id")
    scope: str
    wording: str
    given_at: datetime = time()
    until: datetime | None = maybe_time()
    withdrawn_at: datetime | None = maybe_time()
    end_told_at: datetime | None = maybe_time()


class Invitation(SQLModel, table=True):
    """Opens the door once, for one role, perhaps into one room."""

    id: UUID = primary()
    code_digest: bytes = Field(unique=True)
    role: str = "peer"
    room_id: UUID | None = Field(default=None, foreign_key="room.id")
    made_by: UUID | None = Field(default=None, foreign_key="member.id")
    created_at: datetime = time()
    expires_at: datetime = time()
    redeemed_at: datetime | None = maybe_time()
    redeemed_by: UUID | None = Field(default=None, foreign_key="member.id")


class AgeChange(SQLModel, table=True):
    """A member says they are in the other age group now; another person confirms. At most one waits.

    age_group: the one they ask for. confirmed: None until somebody has answered.
    """

    __tablename__ = "age_change"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    age_group: str
    at: datetime = time()
    confirmed: bool | None = None
    answered_by: UUID | None = Field(default=None, foreign_key="member.id")
    answered_at: datetime | None = maybe_time()


class Shift(SQLModel, table=True):
    """A moderator or clinician says: I am on now."""

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    started_at: datetime = time()
    ended_at: datetime | None = maybe_time(index=True)
