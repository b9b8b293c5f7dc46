"""`hearth keys`: copies of what opens everything, when old ones go, and new keys for all."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from server.classifiers.secret import write_secret
from server.cli import copying
from server.errors import Misconfigured, NotNow
from server.services.place import note_key_backup
from server.settings import Settings
from server.store import beside
from server.store.copies.key_copies import (
    KEEP,
    Pruned,
    back_up_keys,
    prune,
    read_erased,
    restore_keys,
    write_erased,
)
from server.store.keys import KeyFile
from server.store.rotating import rotate


def add(commands: Any) -> None:
    """Seven verbs."""
    parser = commands.add_parser(
        "keys", help="copy the keys, put them back, delete old copies, change them"
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    backup = verbs.add_parser(
        "backup", help="copy the key file and all members' keys", description=_backup.__doc__
    )
    backup.add_argument("--to", type=Path, metavar="FILE", required=True)
    copying.add_passphrase(backup)
    backup.set_defaults(run=_backup)
    restoring = verbs.add_parser(
        "restore", help="put back the keys that are missing here", description=_restore.__doc__
    )
    restoring.add_argument("file", type=Path, metavar="FILE")
    copying.add_passphrase(restoring)
    restoring.set_defaults(run=_restore)
    pruning = verbs.add_parser(
        "prune", help="delete the copies that are past their days", description=_prune.__doc__
    )
    pruning.add_argument("folder", type=Path, metavar="FOLDER")
    pruning.set_defaults(run=_prune)
    erasing = verbs.add_parser(
        "erased", help="copy whose keys were thrown away, and back", description=_erased.__doc__
    )
    way = erasing.add_mutually_exclusive_group(required=True)
    way.add_argument("--to", type=Path, metavar="FILE")
    way.add_argument("--from", type=Path, metavar="FILE", dest="origin")
    erasing.add_argument(
        "--unsigned",
        action="store_true",
        help="with --from: also a list whose key file is lost",
    )
    erasing.set_defaults(run=_erased)
    rotating = verbs.add_parser(
        "rotate",
        help="change the key file and all keys while people talk",
        description=_rotate.__doc__,
    )
    rotating.set_defaults(run=_rotate)
    making = verbs.add_parser(
        "make", help="make the key file that several machines share", description=_make.__doc__
    )
    making.add_argument("--to", type=Path, metavar="FILE", required=True)
    making.set_defaults(run=_make)
    sharing = verbs.add_parser(
        "classifiers",
        help="write what seals the way to classifiers on other machines",
        description=_classifiers.__doc__,
    )
    sharing.add_argument("--to", type=Path, metavar="FILE", required=True)
    sharing.set_defaults(run=_classifiers)


def _make(asked: argparse.Namespace, _: Settings) -> None:
    """Make a key file for a new community on several machines: copied to each of them, and kept in a safe place.

    On one machine the first start makes it. A community that is there already has its own: never make another.
    """
    if asked.to.exists():
        raise NotNow(f"{asked.to} is there already.")
    KeyFile.make(asked.to)
    print(f"{asked.to} opens everything that will be written: copy it to each machine, chmod 600.")


def _backup(asked: argparse.Namespace, settings: Settings) -> None:
    """Copy the key file and all members' keys into one sealed file, beside a server that may be running.

    If the key file is lost and there is no copy, every word that was written here is lost, for everybody, for good.
    Keep the copy where the backups are not, under another passphrase: who has both can read everything.
    """
    passphrase = copying.read_passphrase(asked, new=True)
    now = datetime.now(UTC)
    with copying.refusals_of_the_disk():
        members = back_up_keys(settings, asked.to, passphrase, now)
    beside.do(settings, partial(note_key_backup, made_at=now))
    print(f"{asked.to}: the key file and {members} keys, of members and of the server.")
    print(
        "Keep it where the backups are not. Without its passphrase it opens nothing: write that down. "
        f"Make a new one every few days, and delete this one after {KEEP.days} days (`hearth keys prune FOLDER`): "
        "who is erased meanwhile lives on in it."
    )


def _restore(asked: argparse.Namespace, settings: Settings) -> None:
    """Put back what is missing here. What is here stays as it is, and erased members stay erased."""
    passphrase = copying.read_passphrase(asked, new=False)
    with copying.refusals_of_the_disk():
        back = restore_keys(settings, asked.file, passphrase)
    if back.key_file:
        print(f"{settings.key_path} is back.")
    print(f"{back.members} keys are back; all others were here already.")
    if back.erased:
        print(f"{back.erased} members were erased since: their keys stay away.")
    print("Was the list of who was erased lost as well? Then now: hearth keys erased --from FILE.")


def _prune(asked: argparse.Namespace, settings: Settings) -> None:
    """Delete the copies of keys in a folder that are older than 7 days, and say when an erasure is final.

    The newest one is never deleted. Other files are left alone.
    """
    with copying.refusals_of_the_disk():
        pruned = prune(settings, asked.folder, datetime.now(UTC))
    print("\n".join(_lines(pruned)))


def _erased(asked: argparse.Namespace, settings: Settings) -> None:
    """Write the ids of erased members into a signed list, over an older one; or throw those keys away that one names.

    Nothing brings those keys back: a list that this community did not sign is not believed, but with --unsigned.
    Where keys were lost, first `hearth keys restore`, then this: else an old copy brings back who was erased since.
    """
    if asked.to and asked.unsigned:
        raise Misconfigured("--unsigned goes with --from: what is written is always signed.")
    with copying.refusals_of_the_disk():
        if asked.to:
            print(f"{asked.to}: {write_erased(settings, asked.to)} erased members, by id alone.")
        else:
            again = read_erased(settings, asked.origin, unsigned=asked.unsigned)
            print(f"{again} members are erased here again.")


def _rotate(_: argparse.Namespace, settings: Settings) -> None:
    """Make a new key file and new keys for everybody, and seal every word again, beside a server that may be running.

    Was it killed? Give the same command again. Make a new backup and a new copy of the keys afterwards.
    """
    with copying.refusals_of_the_disk():
        rotated = asyncio.run(rotate(settings, datetime.now(UTC), _told))
    print(
        f"{'Gone on with, and done' if rotated.resumed else 'Done'}: {rotated.keys} keys wrapped by the new key file, "
        f"{rotated.fields} texts and {rotated.fingerprints} fingerprints under new keys."
    )
    print(
        "The old key file opens nothing here any more. Now make a backup and a copy of the keys: backups from before "
        f"can be put back for {KEEP.days} days, and never again after that."
    )


def _classifiers(asked: argparse.Namespace, settings: Settings) -> None:
    """Write a file for HEARTH_CLASSIFIERS_KEY_FILE on a machine that runs `hearth classify`.

    It is made from the key file, and opens nothing but the way between Hearth and its classifiers. After
    `hearth keys rotate` it is another one: write it again, and take it there.
    """
    with copying.refusals_of_the_disk():
        write_secret(asked.to, KeyFile.read(settings.key_path).classifier_secrets()[0])
    print(f"{asked.to}: readable by its owner alone. It opens no word that is kept.")


def _told(what: str, done: int) -> None:
    print(f"{what}: {done}", file=sys.stderr)


def _lines(pruned: Pruned) -> list[str]:
    lines = [f"deleted {path}" for path in pruned.deleted]
    lines += [f"left    {path}" for path in pruned.left]
    if pruned.only_old:
        lines.append(
            f"The newest copy is older than {KEEP.days} days, and the only one: make a new one with "
            "`hearth keys backup`, then prune again."
        )
    if not pruned.left:
        lines.append("There is no copy of the keys in that folder.")
    if pruned.final_at:
        lines.append(
            f"{pruned.erased} members were erased here; the last of their keys is gone for good when no copy from "
            f"before is left: {pruned.final_at:%Y-%m-%d}, here and wherever else you keep copies."
        )
    elif pruned.erased:
        lines.append(
            f"{pruned.erased} members were erased here, and no copy in this folder holds their keys: "
            "that is final, unless you keep older copies elsewhere."
        )
    return lines
