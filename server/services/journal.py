"""A private journal: one's own words after a hard case, sealed, and read by nobody else."""

from uuid import UUID

import orjson

from server.access import Actor, check
from server.errors import BadFrame, NotFound
from server.protocol import guard as wire
from server.store import guard
from server.store.tables import JournalEntry
from server.store.work import Work

_SHOWN = 100


def write(work: Work, actor: Actor, new: wire.NewJournalEntry) -> wire.JournalEntry:
    """Keep what was answered. Raises BadFrame when nothing was."""
    check(actor, "journal.write")
    said = new.model_dump(exclude_none=True)
    if not said:
        raise BadFrame("There is nothing to keep.")
    return _body(work, guard.add_entry(work, actor.id, orjson.dumps(said).decode()))


def list_mine(work: Work, actor: Actor) -> wire.Journal:
    """One's own, newest first."""
    check(actor, "journal.own")
    found = guard.entries(work, actor.id, _SHOWN)
    return wire.Journal(entries=[_body(work, entry) for entry in found])


def erase(work: Work, actor: Actor, entry_id: UUID) -> None:
    """Gone. Raises NotFound: missing and not theirs look the same."""
    check(actor, "journal.own")
    entry = guard.find_entry(work, actor.id, entry_id)
    if entry is None:
        raise NotFound
    work.session.delete(entry)


def _body(work: Work, entry: JournalEntry) -> wire.JournalEntry:
    words = guard.open_entry(work, entry)
    said = orjson.loads(words) if words else {}
    return wire.JournalEntry(
        id=entry.id,
        at=entry.at,
        now=said.get("now"),
        stays=said.get("stays"),
        helps=said.get("helps"),
    )
