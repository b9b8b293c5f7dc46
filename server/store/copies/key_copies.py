"""Copies of the key file and of the members' keys: without them a backup is a heap of noise.

They are kept for days, not years: a member whose key was thrown away lives on in every older copy.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from server.errors import Misconfigured, NotNow
from server.settings import Settings
from server.store.copies.sealed_file import NotACopy, open_sealed, read_label, write_sealed
from server.store.durable import write_durably
from server.store.erased import Erased, read_members
from server.store.key_shelf import ERASED_NAME
from server.store.keys import KeyFile, KeyStore, Row
from server.store.occupied import alone

KEEP = timedelta(days=7)
"""After this a copy is to be deleted, and what was erased before is gone for good."""
_SIGNED = "signed "
_LIST = b"erased|"
"""Before what is signed: no head of the audit log begins so."""


@dataclass(frozen=True, slots=True)
class KeysBack:
    """What came back. key_file: whether that was missing; erased: keys that stay away."""

    key_file: bool
    members: int
    erased: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """Copies that were deleted and those that stay; erased members, and when the last of them is gone for good.

    only_old: all copies were past their time, and the newest was left, so that there is one.
    final_at: None when no copy holds a key that was thrown away.
    """

    deleted: list[Path]
    left: list[Path]
    only_old: bool
    erased: int
    final_at: datetime | None


def back_up_keys(settings: Settings, path: Path, passphrase: str, now: datetime) -> int:
    """Beside a server that may be running. Returns how many keys it holds: members', and the server's own.

    Raises NotNow where that file is there already, Misconfigured without a key file, or OSError.
    """
    key_file = KeyFile.read(settings.key_path)
    rows = _all_keys(settings, key_file)
    content = {
        "key_id": key_file.id,
        "key_file": settings.key_path.read_text(),
        "members": [
            [row.member.hex(), row.wrapped.hex(), row.key_file, row.version] for row in rows
        ],
    }
    with write_sealed(path, passphrase, "keys", now) as file:
        file.write(orjson.dumps(content))
    return len(rows)


def restore_keys(settings: Settings, path: Path, passphrase: str) -> KeysBack:
    """Put back what is missing here; what is here stays as it is, and what was thrown away stays away.

    Raises NotNow while Hearth runs, or where another key file is, and what reading raises.
    """
    with alone(settings):
        with open_sealed(path, passphrase, "keys") as (_, blocks):
            content = orjson.loads(b"".join(blocks))
        is_missing = not _has_key_file(settings, content["key_id"])
        if is_missing:
            settings.key_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(settings.key_path, content["key_file"].encode())
        key_file = KeyFile.read(settings.key_path)
        rows = _rows(content, key_file)
        keys = KeyStore(settings.keys_at, key_file)
        back = keys.put_back(rows)
        keys.close()
    erased = {member.bytes for member in erased_members(settings)}
    return KeysBack(is_missing, back, sum(row.member in erased for row in rows))


def prune(settings: Settings, folder: Path, now: datetime) -> Pruned:
    """Delete the copies of keys in that folder that are past their time; other files are left alone.

    The last copy there is never deleted. Raises Misconfigured for what is no folder, or OSError.
    """
    if not folder.is_dir():
        raise Misconfigured(f"{folder} is not a folder.")
    made = sorted((_made_at(path) or now, path) for path in folder.iterdir() if _made_at(path))
    old = [path for at, path in made if now - at > KEEP]
    only_old = bool(made) and len(old) == len(made)
    deleted = old[:-1] if only_old else old
    for path in deleted:
        path.unlink()
    left = [(at, path) for at, path in made if path not in deleted]
    erased = erased_members(settings)
    holding = [at for at, _ in left if any(at < erasure for erasure in erased.values())]
    return Pruned(
        deleted=deleted,
        left=[path for _, path in left],
        only_old=only_old,
        erased=len(erased),
        final_at=max(holding) + KEEP if holding else None,
    )


def erased_members(settings: Settings) -> dict[UUID, datetime]:
    """Whose keys were thrown away, and when. Raises Misconfigured where they lie elsewhere and nobody answers."""
    where = settings.keys_at
    if isinstance(where, Path):
        return Erased(where.with_name(ERASED_NAME)).members()
    keys = KeyStore(where, KeyFile.read(settings.key_path))
    try:
        return keys.erased()
    finally:
        keys.close()


def write_erased(settings: Settings, path: Path) -> int:
    """Their ids, signed, over an older list: after a loss that may know more than is known here, and is kept.

    Returns how many. Raises Misconfigured where another file is there, or a list that names others and was not
    signed with this key file: what anybody wrote is not signed.
    """
    key_file, erased = KeyFile.read(settings.key_path), erased_members(settings)
    if path.exists() and path.read_bytes().strip():
        listed = _read_list(path, key_file)
        if not listed.signed and not (listed.members and listed.members.keys() <= erased.keys()):
            raise Misconfigured(
                f"{path} is no list that was signed with this key file. Look at it, and move it away."
            )
        erased = listed.members | erased
    ids = "".join(f"{member} {at.isoformat()}\n" for member, at in erased.items())
    signature = key_file.sign_head(_LIST + ids.encode()).hex()
    write_durably(path, f"{ids}{_SIGNED}{signature}\n".encode())
    return len(erased)


def read_erased(settings: Settings, path: Path, *, unsigned: bool = False) -> int:
    """Keys of those whom the list names are thrown away here, too. Returns how many were not known as erased.

    unsigned: also where nothing shows that this community wrote it. Raises NotNow while Hearth runs,
    Misconfigured where there is no such list.
    """
    if not path.is_file():
        raise Misconfigured(f"There is no file {path}.")
    with alone(settings):
        key_file = KeyFile.read(settings.key_path)
        listed = _read_list(path, key_file)
        if not listed.signed and not unsigned:
            raise Misconfigured(
                f"{path} was not signed with this key file. If you know that it is yours: --unsigned"
            )
        keys = KeyStore(settings.keys_at, key_file)
        try:
            known = keys.erased()
            missing = {one: at for one, at in listed.members.items() if one not in known}
            for member, at in missing.items():
                keys.shred(member, at)
        finally:
            keys.close()
    return len(missing)


class _List(NamedTuple):
    """signed: with the key file of today. One that was changed may have been seen: it signs no more."""

    members: dict[UUID, datetime]
    signed: bool


def _read_list(path: Path, key_file: KeyFile) -> _List:
    content = path.read_bytes()
    ids, mark, signature = content.rpartition(_SIGNED.encode())
    ours = key_file.sign_head(_LIST + ids).hex().encode()
    signed = bool(mark) and hmac.compare_digest(signature.strip(), ours)
    return _List(read_members((ids if signed else content).decode("utf-8", "replace")), signed)


def _rows(content: dict[str, Any], key_file: KeyFile) -> list[Row]:
    """Copies from before keys had versions hold the first; those from before the key file was changed are wrapped
    by the one before, which they hold, and are wrapped again."""
    made = [
        Row(bytes.fromhex(member), version[0] if version else 1, bytes.fromhex(wrapped), by)
        for member, wrapped, by, *version in content["members"]
    ]
    copied = KeyFile.of_text(content["key_file"])
    return [
        row if key_file.has(row.key_file) else _wrapped_again(row, copied, key_file) for row in made
    ]


def _wrapped_again(row: Row, copied: KeyFile, key_file: KeyFile) -> Row:
    member = UUID(bytes=row.member)
    key = copied.unwrap(member, row.wrapped, row.version)
    return row._replace(wrapped=key_file.wrap(member, key, row.version), key_file=key_file.id)


def _has_key_file(settings: Settings, key_id: str) -> bool:
    """One that was made anew when the right one was gone, and sealed nothing, is set aside."""
    path = settings.key_path
    if not path.exists():
        return False
    key_file = KeyFile.read(path)
    if key_file.knows(key_id):
        return True
    if has_keys(settings, key_file):
        raise NotNow(f"{path} is the key file of another community: put it somewhere else first.")
    path.rename(path.with_name(f"{path.name}.unused-{key_file.id}"))
    return False


def has_keys(settings: Settings, key_file: KeyFile) -> bool:
    """Whether there is a store of members' keys here, with keys in it."""
    return bool(_all_keys(settings, key_file))


def _all_keys(settings: Settings, key_file: KeyFile) -> list[Row]:
    """None where there is no store yet: looking for one makes none."""
    where = settings.keys_at
    if isinstance(where, Path) and not where.exists():
        return []
    keys = KeyStore(where, key_file)
    try:
        return keys.all()
    finally:
        keys.close()


def _made_at(path: Path) -> datetime | None:
    """None for anything that is no copy of keys."""
    try:
        label = read_label(path) if path.is_file() else None
    except (NotACopy, OSError):
        return None
    return label.made_at if label and label.what == "keys" else None
