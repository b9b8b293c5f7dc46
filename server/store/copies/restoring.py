"""A backup is put back: read and compared to the last row before anything that is there is touched."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from server.errors import Misconfigured, NotNow, ServerError
from server.settings import Settings
from server.store import audit, beside, crossing, erasing, people, place
from server.store.copies.backup import Backup, Contents, Tell, Totals, open_backup
from server.store.copies.key_copies import erased_members, has_keys
from server.store.copies.lines import Shape, Side, sum_up
from server.store.copies.sealed_file import Damaged, NotACopy
from server.store.copies.staging import Staging, run_verb, staging
from server.store.heads import Heads, HeadsBroken
from server.store.keys import KeyFile
from server.store.migrating import is_known, migrate
from server.store.occupied import alone, check_still_here
from server.store.work import Work

_ALREADY = "There is a community here already. To set it aside and put this in its place: --replace"


class Different(ServerError):
    """What was written is not what was read."""

    code = "copy_different"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. aside: where the old one is kept; heads_aside: whether the log is signed anew.

    erased: how many members' keys were thrown away here, and stay away.
    """

    contents: Contents
    totals: Totals
    aside: str | None
    heads_aside: bool
    erased: int


async def restore(
    settings: Settings,
    path: Path,
    passphrase: str,
    *,
    replace: bool,
    end_sessions: bool = False,
    now: datetime,
    tell: Tell,
) -> Restored:
    """Into an empty place, or with `replace` over one that is then set aside.

    Sessions that had ended there stay ended; end_sessions: all of them end.
    Interrupted at any moment, it leaves what was there. Raises NotNow where a community is and `replace` was
    not said, or while Hearth runs; Misconfigured without the keys that belong to it; and what reading raises.
    """
    with alone(settings), open_backup(path, passphrase) as backup:
        check_still_here(settings)
        key_file = _check_keys(settings, backup.contents.key_file)
        _check_shape(backup.contents)
        new = staging(settings)
        is_free = await new.is_free()
        if not is_free and not replace:
            raise NotNow(_ALREADY)
        ended = None if end_sessions else set() if is_free else await _ended_here(settings)
        await new.begin(backup.contents.revision)
        await _fill(new, backup, tell)
        await new.settle()
        heads = Heads(settings.heads_path, key_file)
        gone = erased_members(settings)
        anew = partial(
            _begin_anew, made_at=backup.contents.made_at, heads=heads, ended=ended, gone=gone
        )
        fits = await new.do(anew)
        stamp = _stamp(now)
        aside = await new.swap(stamp)
        if not fits:
            heads.set_aside(stamp)
    return Restored(backup.contents, backup.totals, aside, not fits, len(gone))


@dataclass(frozen=True, slots=True)
class BegunAnew:
    """back_to: when the newest was written down that is there."""

    back_to: datetime
    heads_aside: bool
    erased: int


async def begin_anew(settings: Settings, *, end_sessions: bool = False, now: datetime) -> BegunAnew:
    """Where the database was put back to an earlier moment by other means: its own, or a copy of the disk.

    Raises NotNow while Hearth runs, or where no community is; Misconfigured without the key file and the keys
    that belong to it.
    """
    with alone(settings):
        check_still_here(settings)
        if await staging(settings).is_free():
            raise NotNow("There is no community here.")
        await asyncio.to_thread(migrate, settings)
        back_to = await run_verb(settings, None, audit.newest_at) or now
        key_file = _check_keys(settings, await run_verb(settings, None, _key_file_of))
        heads = Heads(settings.heads_path, key_file)
        gone = erased_members(settings)
        ended = None if end_sessions else set[UUID]()
        anew = partial(_begin_anew, made_at=back_to, heads=heads, ended=ended, gone=gone)
        fits = await run_verb(settings, None, anew)
        if not fits:
            heads.set_aside(_stamp(now))
    return BegunAnew(back_to, not fits, len(gone))


def _key_file_of(work: Work) -> str:
    return place.get_place(work).key_file


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}"


def _check_keys(settings: Settings, sealed_with: str) -> KeyFile:
    key_file = KeyFile.read(settings.key_path)
    if not has_keys(settings, key_file):
        raise Misconfigured(
            "The members' keys are missing here: put them back first, with `hearth keys restore`."
        )
    if not key_file.knows(sealed_with):
        raise Misconfigured(
            "HEARTH_KEY_FILE: this was sealed with another key file; put that one back first."
        )
    return key_file


def _check_shape(contents: Contents) -> None:
    if not is_known(contents.revision):
        raise NotACopy(
            f"This backup was made by a newer Hearth (version {contents.version}): install that one first."
        )


async def _fill(new: Staging, backup: Backup, tell: Tell) -> None:
    """Every row written, then read again: the checksums of what stands there must be those of the file."""
    async with new.side() as side:
        there = {shape.table: shape for shape in await side.shapes()}
        if there != {shape.table: shape for shape in backup.contents.shapes}:
            raise Different("The tables of this backup are not those of its version of Hearth.")
        for shape, blocks in backup.tables():
            of = backup.contents.rows[shape.table]
            await side.add(shape, _watched(blocks, shape, of, tell))
        for shape in backup.contents.shapes:
            await _compare(side, shape, backup.totals)


async def _compare(side: Side, shape: Shape, totals: Totals) -> None:
    summed, said = await sum_up(side, shape), totals.get(shape.table)
    if said is None:
        raise Damaged
    if (summed.rows, summed.sha256) != (said.rows, said.sha256):
        raise Different(f"The table {shape.table} was not written as it stands in the backup.")


async def _watched(
    blocks: Iterator[bytes], shape: Shape, of: int, tell: Tell
) -> AsyncIterator[bytes]:
    rows = 0
    for block in blocks:
        yield block
        rows += block.count(b"\n")
        tell(shape.table, rows, of)


async def _ended_here(settings: Settings) -> set[UUID]:
    """None of them where what is here cannot be read any more."""
    try:
        return await asyncio.to_thread(beside.read, settings, people.ended_sessions)
    except ServerError:
        return set()


def _begin_anew(
    work: Work, made_at: datetime, heads: Heads, ended: set[UUID] | None, gone: Collection[UUID]
) -> bool:
    """Every position from before is worthless, and the log says why. Returns whether its signed heads fit.

    Older backups hold what workers told each other, and counts of an hour: nobody is to hear of them again.
    Whoever was erased since is erased again, here as at each start: before anybody can ask.
    """
    place.renew_epoch(work, place.get_epoch(work))
    place.get_place(work).key_file = work.sealer.key_id
    people.end_sessions(work, ended)
    crossing.forget_all(work)
    erasing.erase_again(work, gone)
    try:
        newest = heads.newest()
        fits = newest is None or audit.find_hash(work, newest.head.number) == newest.head.hash
    except HeadsBroken:
        fits = False
    audit.append_restore(work, made_at)
    return fits
