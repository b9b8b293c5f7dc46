"""A private journal: one's own words to oneself, sealed, and read by nobody else, nor by any program."""

from collections.abc import Mapping
from uuid import UUID

from server.access import Actor, check
from server.errors import BadFrame, Conflict, NotFound, Stale
from server.protocol import journal as wire
from server.store import journal
from server.store.tables import JournalEntry
from server.store.work import Work

_SHOWN = 100


def write(work: Work, actor: Actor, new: wire.NewJournalEntry) -> wire.JournalEntry:
    """Keep it, once under its `client_id`.

    Raises BadFrame when nothing was said, Conflict when other words came under that id before, Stale when
    the journal is under another key.
    """
    check(actor, "journal.own")
    if not new.is_readable and new.locked is None:
        raise BadFrame("There is nothing to keep.")
    lock = journal.hold_lock(work, actor.id)
    if sent := journal.find_sent(work, actor.id, new.client_id):
        return _same(_body(work, sent), new)
    if (new.locked is None) != (lock.proof is None):
        raise Stale
    if new.locked is not None and new.version != lock.version:
        raise Stale
    return _body(work, journal.add_entry(work, actor.id, new.client_id, _content(new)))


def list_mine(work: Work, actor: Actor, before: UUID | None = None) -> wire.Journal:
    """One's own, newest first. before: those that are older than this one."""
    lock = read_lock(work, actor)
    found = journal.entries(work, actor.id, before, _SHOWN + 1)
    return wire.Journal(
        version=lock.version,
        proof=lock.proof,
        entries=[_body(work, entry) for entry in found[:_SHOWN]],
        more=len(found) > _SHOWN,
    )


def read_lock(work: Work, actor: Actor) -> wire.JournalLock:
    """Whose key it is under."""
    check(actor, "journal.own")
    lock = journal.find_lock(work, actor.id)
    return wire.JournalLock(version=lock.version, proof=lock.proof) if lock else _UNTURNED


def turn(work: Work, actor: Actor, new: wire.JournalTurn) -> wire.JournalLock:
    """All of it under another key, in one step, or nothing. Back to the place's where it is: nothing to do.

    Raises Stale when it was turned, or something written or erased, meanwhile; BadFrame for an
    entry that would be left under the key before.
    """
    check(actor, "journal.own")
    lock = journal.hold_lock(work, actor.id)
    if new.proof is not None or lock.proof is not None:
        rows = {row.id: row for row in journal.entries(work, actor.id, None, None)}
        if new.version != lock.version or sorted(rows) != sorted(one.id for one in new.entries):
            raise Stale
        _turn_entries(work, rows, new)
        lock.proof = new.proof
        lock.version += 1
        work.session.add(lock)
    return wire.JournalLock(version=lock.version, proof=lock.proof)


def erase(work: Work, actor: Actor, entry_id: UUID) -> None:
    """Gone. Raises NotFound: missing and not theirs look the same."""
    check(actor, "journal.own")
    journal.hold_lock(work, actor.id)
    entry = journal.find_entry(work, actor.id, entry_id)
    if entry is None:
        raise NotFound
    work.session.delete(entry)


def erase_all(work: Work, actor: Actor) -> None:
    """All of it, also where its key is lost; what is written next is under the place's key."""
    check(actor, "journal.own")
    lock = journal.hold_lock(work, actor.id)
    journal.remove_all(work, actor.id)
    if lock.proof is not None:
        lock.proof = None
        lock.version += 1
        work.session.add(lock)


def _same(kept: wire.JournalEntry, again: wire.NewJournalEntry) -> wire.JournalEntry:
    """Ciphertext is another one each time, and nobody here can compare it."""
    if kept.is_readable and again.is_readable and _content(kept) != _content(again):
        raise Conflict
    return kept


def _turn_entries(work: Work, rows: Mapping[UUID, JournalEntry], new: wire.JournalTurn) -> None:
    for one in new.entries:
        row = rows[one.id]
        stays = one.locked is None and not one.is_readable
        if new.proof is None:
            is_left_behind = one.locked is not None
        else:
            is_left_behind = one.is_readable or (stays and _body(work, row).is_readable)
        if is_left_behind:
            raise BadFrame
        if not stays:
            journal.put_content(work, row, _content(one))


def _content(said: wire.Said) -> str:
    return said.model_dump_json(include=set(wire.Said.model_fields), exclude_none=True)


def _body(work: Work, entry: JournalEntry) -> wire.JournalEntry:
    said = wire.Said.model_validate_json(journal.open_entry(work, entry) or "{}")
    return wire.JournalEntry(id=entry.id, at=entry.at, **said.model_dump())


_UNTURNED = wire.JournalLock(version=0, proof=None)
