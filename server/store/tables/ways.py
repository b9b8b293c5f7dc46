"""Ways to log in beside the passphrase: passkeys, codes from an app, recovery codes, and links from a steward."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Passkey(SQLModel, table=True):
    """A key pair that a device keeps; we have its public half. `sealed`: how its owner calls it."""

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    sign_count: int = 0
    """Of its last use; one that goes back is a copy."""
    sealed: bytes
    made_at: datetime = time()
    used_at: datetime | None = maybe_time()


class Challenge(SQLModel, table=True):
    """What a passkey is asked to sign, once. purpose: add, prove or log_in (then nobody's yet)."""

    __tablename__ = "passkey_challenge"
    id: UUID = primary()
    digest: bytes = Field(unique=True)
    purpose: str
    member_id: UUID | None = Field(default=None, foreign_key="member.id", index=True)
    until: datetime = time(index=True)


class CodeApp(SQLModel, table=True):
    """A member's app that shows a new code every 30 seconds (RFC 6238). `sealed`: the secret they share."""

    __tablename__ = "code_app"
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    sealed: bytes
    made_at: datetime = time()
    confirmed_at: datetime | None = maybe_time()
    """None: begun, and no code was shown yet; it opens nothing."""
    last_step: int = 0
    """The newest period of 30 seconds whose code was taken: none is taken twice."""


class RecoveryCode(SQLModel, table=True):
    """Stands in once for the second step. Only a digest is kept."""

    __tablename__ = "recovery_code"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    digest: bytes = Field(unique=True)
    made_at: datetime = time()
    used_at: datetime | None = maybe_time()


class RecoveryLink(SQLModel, table=True):
    """Made at the terminal for somebody who has lost every way in. Opens once."""

    __tablename__ = "recovery_link"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    digest: bytes = Field(unique=True)
    made_at: datetime = time()
    until: datetime = time()
    used_at: datetime | None = maybe_time()
