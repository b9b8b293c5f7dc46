"""Whether the place is well, over HTTP: figures of the machine and of all together, never of a person."""

from typing import Literal

from server.protocol.base import Time, Wire

FindingState = Literal["well", "look", "mend"]
FindingName = Literal[
    "queue", "classifier", "unread", "writing", "waiting", "push", "disk", "backup", "keys", "errors",
]  # fmt: skip


class Finding(Wire):
    """One thing that was looked at. look: somebody should keep an eye on it. mend: somebody should act."""

    what: FindingName
    state: FindingState


class OpenCases(Wire):
    """Cases of one urgency that are not closed. overdue: past their time, and no person did anything yet."""

    urgency: Literal["now", "soon", "routine", "none"]
    open: int
    oldest_s: int | None
    overdue: int


class CourseMinute(Wire):
    """One minute of this process. None: nothing happened by which to tell."""

    at: Time
    messages: int
    deliveries: int
    posted_ms: float | None
    """95 of 100 answers to what somebody wrote came within so long."""
    late_ms: float | None
    """The longest that the server stood still, as an upper bound."""
    not_assessed: int


class LogTrouble(Wire):
    """A line of the log that came up, with its ids and numbers left out."""

    level: Literal["warning", "error", "critical"]
    part: str
    words: str
    count: int
    first_at: Time
    last_at: Time


class AnsweringModel(Wire):
    """How many processes read with one version of a model; two versions while one takes the other's place."""

    version: str
    processes: int


class ClassifierState(Wire):
    """The model: its readings since this process began. wanted: processes that should answer this one."""

    backend: str
    version: str
    state: Literal["ready", "starting", "down"]
    wanted: int
    answering: list[AnsweringModel]
    assessed: int
    not_assessed: int
    read_ms: float | None
    """95 of 100 readings took at most so long."""


class PushState(Wire):
    """Calls on browsers since it was first turned on; how the newest ended: done, or a code."""

    on: bool
    sent: int
    failed: int
    last_outcome: str | None
    last_at: Time | None


class Versions(Wire):
    """What runs here."""

    hearth: str
    python: str
    database: str


class Well(Wire):
    """Is it well? `findings` judges what stands in the rest. at: when the database was looked at."""

    at: Time
    since: Time
    """When this process began."""
    answered_by: str | None
    """The machine and the process whose own are `since`, the writing, the waiting, readings, sockets, course and
    troubles, and whose machine's disk it is. None: it serves alone, and the database is on its disk."""
    findings: list[Finding]
    cases: list[OpenCases]
    unread: int
    unread_s: int | None
    """Since the oldest was said that waits to be read as soon as a model can; None: none waits."""
    classifier: ClassifierState
    sockets: int
    waiting: int
    """Units that wait to be written."""
    push: PushState
    disk_free_bytes: int
    disk_bytes: int
    database_bytes: int
    backup_at: Time | None
    key_backup_at: Time | None
    versions: Versions
    course: list[CourseMinute]
    """The last hour, the oldest first."""
    troubles: list[LogTrouble]
