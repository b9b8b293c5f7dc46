"""Bodies about a member's rights over their data, and how long each kind is kept."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Storable, Time, Wire

Kind = Literal[
    "messages",
    "revisions",
    "cases",
    "assessments",
    "nudges",
    "notices",
    "sessions",
    "invitations",
    "shifts",
    "exports",
    "holds",
    "reports",
    "complaints",
]
_Passphrase = Annotated[Storable, Field(min_length=8, max_length=256)]
_Code = Annotated[Storable, Field(min_length=8, max_length=128)]


class Proof(Wire):
    """The passphrase, or the recovery code, proves once more who asks."""

    current: _Passphrase | None = None
    recovery_code: _Code | None = None


class DataExport(Wire):
    """A copy of everything of mine. ready: it can be fetched once, until then."""

    id: Id
    asked_at: Time
    state: Literal["waits", "ready", "failed", "taken"]
    until: Time | None
    size_bytes: int


class Erasure(Wire):
    """I am leaving for good. Until `due_at` it can be taken back in one step."""

    asked_at: Time
    due_at: Time
    may_take_back: bool


class MyData(Wire):
    """What I asked about my data, if anything. keys_kept_days: how long a copy of my keys may lie in a backup."""

    export: DataExport | None
    erasure: Erasure | None
    keys_kept_days: int
    held_days: int
    """How long words of an open safety case are kept for clinicians after somebody has left."""


class Kept(Wire):
    """How long one kind of data is kept. days: None: until its owner takes it away."""

    kind: Kind
    days: int | None
    default_days: int | None
    fewest: int
    most: int
    may_be_unlimited: bool
    ran_at: Time | None
    removed: int


class Retention(Wire):
    """Every kind."""

    kept: list[Kept]


class KeptShown(Wire):
    """The same, for everybody."""

    kind: Kind
    days: int | None


class RetentionShown(Wire):
    """What this place promises about how long things are kept."""

    kept: list[KeptShown]


class RetentionPatch(Wire):
    """days: None: until its owner takes it away; as_shipped: the default again."""

    days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    as_shipped: bool = False
