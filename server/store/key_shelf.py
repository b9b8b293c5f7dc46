"""Where members' wrapped keys lie: in a file on this machine, or in a PostgreSQL database that several share.

Both take the same statements, with `?` for what is put in. Whoever uses one waits for it: a file answers in
microseconds, a database in a round trip, which is paid once for a member and then kept in memory.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from server.store.erased import Erased, ErasedKeys

Rows = list[tuple[Any, ...]]

ERASED_NAME = "erased"
_SHARED = "server.store.shared_keys"


class Shelf(Protocol):
    """One at a time uses it. Raises Unavailable where it does not answer."""

    erased: ErasedKeys

    def run(self, statement: str, *values: Any) -> Rows:
        """One statement, and what it answers."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """All that is run in it or nothing, and nobody else writes meanwhile. Durable at its end."""
        ...

    def changes(self) -> int:
        """Another number once somebody else has `marked`."""
        ...

    def mark(self) -> None:
        """What others hold in memory is not good any more."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FileShelf:
    """An SQLite file. Ids of erased members stand beside it, in a file that no copy of it brings back."""

    def __init__(self, path: Path, key_file: str) -> None:
        self.erased: ErasedKeys = Erased(path.with_name(ERASED_NAME))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=5.0
        )
        path.chmod(0o600)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA secure_delete=ON",
        ):
            self._database.execute(statement)
        _shape(self._database, key_file)

    def run(self, statement: str, *values: Any) -> Rows:
        """One statement, and what it answers."""
        return self._database.execute(statement, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def changes(self) -> int:
        """Another number once another process has written."""
        return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def mark(self) -> None:
        """The file tells others by itself."""

    def close(self) -> None:
        """Let go of it."""
        self._database.close()


def open_shelf(where: Path | str, key_file: str) -> Shelf:
    """where: a file, or postgresql://... Raises Misconfigured."""
    if isinstance(where, Path):
        return FileShelf(where, key_file)
    shared: Shelf = import_module(_SHARED).SharedShelf(
        where, key_file
    )  # its driver, only where it is used
    return shared


_KEYS = """
CREATE TABLE IF NOT EXISTS member_key (
    member BLOB NOT NULL, version INTEGER NOT NULL, wrapped BLOB NOT NULL, key_file TEXT NOT NULL,
    PRIMARY KEY (member, version)
) WITHOUT ROWID
"""
_KEY_STATE = """
CREATE TABLE IF NOT EXISTS key_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL, key_file TEXT NOT NULL, changed_at TEXT
)
"""


def _shape(database: sqlite3.Connection, key_file: str) -> None:
    """As it is now; a store from before keys had versions is brought to it."""
    has_state = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'key_state'").fetchone()
    if has_state:
        return
    database.execute("BEGIN IMMEDIATE")
    columns = [row[1] for row in database.execute("PRAGMA table_info(member_key)")]
    if columns and "version" not in columns:
        database.execute("ALTER TABLE member_key RENAME TO member_key_before")
    database.execute(_KEYS)
    if columns and "version" not in columns:
        database.execute(
            "INSERT INTO member_key SELECT member, 1, wrapped, key_file FROM member_key_before"
        )
        database.execute("DROP TABLE member_key_before")
    database.execute(_KEY_STATE)
    found = database.execute("SELECT key_file FROM member_key LIMIT 1").fetchone()
    database.execute(
        "INSERT INTO key_state VALUES (1, 0, ?, NULL) ON CONFLICT DO NOTHING",
        (found[0] if found else key_file,),
    )
    database.execute("COMMIT")
