"""All keys are changed while people talk: a new key file, new keys for each member, every word sealed again.

Each step may be begun again: whoever was killed in the middle gives the same command once more. Keys from
before open nothing that stands in the database afterwards; they are kept as long as copies of keys are,
wrapped by the new key file, so that a backup from before can still be put back.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from server.errors import NotNow
from server.settings import Settings
from server.store import audit, beside, fields
from server.store.copies.key_copies import KEEP
from server.store.durable import write_durably
from server.store.fields import FIELDS, FINGERPRINTS, Field
from server.store.heads import Heads
from server.store.keys import KeyFile, KeyStore
from server.store.occupied import in_use
from server.store.place import get_place
from server.store.signing import sign
from server.store.work import Database, Work

Tell = Callable[[str, int], None]
"""Called as it goes on: which part, and how many rows of it so far."""
_SOME = 200
_UNTIL_SEEN_S = 2.0
"""A running server looks once a second whether the keys were changed."""
_REST = 1.0
"""After each batch, as long as it took: people who talk come first."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done. resumed: it had been begun before; fields: sealed again; keys: wrapped again."""

    resumed: bool
    keys: int
    fields: int
    fingerprints: int


async def rotate(settings: Settings, now: datetime, tell: Tell) -> Rotated:
    """Beside a server that may be running. Raises NotNow while another one does the same, Misconfigured, OSError."""
    with in_use(settings), _alone(settings):
        before = KeyFile.read(settings.key_path)
        if not before.is_changing:
            write_durably(settings.key_path, before.changed().encode())
        rotated = await beside.open_and(
            settings, partial(_change, settings=settings, now=now, tell=tell)
        )
        write_durably(settings.key_path, KeyFile.read(settings.key_path).settled().encode())
        return rotated


async def _change(database: Database, *, settings: Settings, now: datetime, tell: Tell) -> Rotated:
    key_file = KeyFile.read(settings.key_path)
    keys = KeyStore(settings.keys_at, key_file)
    try:
        begun = keys.begin_change(now)
        await asyncio.sleep(_UNTIL_SEEN_S)
        wrapped = _wrap_all(keys, tell)
        sealed = await _until_none(partial(_seal_all, database, tell))
        lifted = await _lift_all(database, tell)
        # What was made while this went on.
        wrapped += _wrap_all(keys, tell)
    finally:
        keys.close()
    await database.do(_write_down)
    await sign(database, Heads(settings.heads_path, key_file))
    return Rotated(not begun, wrapped, sealed, lifted)


def may_drop(keys: KeyStore, now: datetime) -> bool:
    """Whether there are keys from before the last change, and copies of them are past their days."""
    since = keys.retired_since()
    return since is not None and now - since >= KEEP


def count_not_current(work: Work) -> int:
    """Readable fields that older keys have sealed."""
    found = 0
    for field in FIELDS:
        some = fields.not_current(work, field, None, _SOME)
        found += sum(fields.open_held(work, held) is not None for held in some)
    return found


def _wrap_all(keys: KeyStore, tell: Tell) -> int:
    done = 0
    while some := keys.wrap_some_again(_SOME):
        done += some
        tell("keys", done)
    return done


async def _until_none(go: Callable[[], Awaitable[int]]) -> int:
    """Again from the beginning until nothing is left: people go on writing."""
    done = 0
    while some := await go():
        done += some
    return done


async def _seal_all(database: Database, tell: Tell) -> int:
    return sum([await _seal_field(database, field, tell) for field in FIELDS])


async def _seal_field(database: Database, field: Field, tell: Tell) -> int:
    """Looked for beside the writer, which only stores; what somebody changed between the two stays theirs."""
    done, after = 0, None
    while True:
        began = time.perf_counter()
        look = partial(fields.not_current, field=field, after=after, limit=_SOME)
        some = await database.read(look)
        if not some:
            return done
        done += await database.do(partial(fields.seal_again, some=some))
        after = some[-1].row
        tell(field.name, done)
        await asyncio.sleep((time.perf_counter() - began) * _REST)


async def _lift_all(database: Database, tell: Tell) -> int:
    done = 0
    for model, column in FINGERPRINTS:
        lift = partial(fields.lift_some, model=model, column=column, limit=_SOME)
        while some := await database.do(lift):
            done += some
            tell(f"{model.__name__.lower()}.{column}", done)
    return done


def _write_down(work: Work) -> None:
    stored = get_place(work)
    stored.key_file = work.sealer.key_id
    work.session.add(stored)
    audit.append(work, None, "keys.rotate", work.sealer.key_id)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    descriptor = os.open(settings.data_dir / "rotating", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotNow("The keys are being changed right now.") from None
    try:
        yield
    finally:
        os.close(descriptor)
