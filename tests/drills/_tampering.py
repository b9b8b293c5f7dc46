"""What somebody may do to the audit log or its signed heads, straight in the files, without the key file."""

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

Rows = tuple[int, int]
"""The earliest and the latest row that a look may name; NO_ROW when only the heads were touched."""
NO_ROW: Rows = (0, 0)
_ROW = "SELECT at, actor, verb, subject, hash FROM audit WHERE number = ?"
_INSERT = "INSERT INTO audit (at, actor, verb, subject, hash, number) VALUES (?, ?, ?, ?, ?, ?)"


class Log:
    """One copy, open. signed: the numbers of all signed heads."""

    def __init__(
        self, database: sqlite3.Connection, heads: Path, signed: list[int], rng: random.Random
    ) -> None:
        self.database, self.heads, self.signed, self.rng = database, heads, signed, rng
        self.newest_head = heads.with_name(f"{heads.name}.newest")
        (self.last,) = database.execute("SELECT max(number) FROM audit").fetchone()

    def pick(self, before_end: int = 0) -> int:
        """Any row, but not one of so many at the end."""
        return self.rng.randint(1, self.last - before_end)

    def behind(self, number: int) -> Rows:
        """What may be named when the rows from `number` on are others, and fit each other."""
        return max((one for one in self.signed if one < number), default=0) + 1, number

    def row(self, number: int) -> list[Any]:
        """Time, actor, verb, subject, hash."""
        return [*self.database.execute(_ROW, (number,)).fetchone()]

    def set(self, number: int, column: str, value: object) -> None:
        """Change one cell."""
        self.database.execute(f"UPDATE audit SET {column} = ? WHERE number = ?", (value, number))  # noqa: S608

    def cut_off(self, after: int) -> None:
        """The end is gone."""
        self.database.execute("DELETE FROM audit WHERE number > ?", (after,))

    def shift(self, begin: int, by: int) -> None:
        """Other numbers from one row on."""
        change = "UPDATE audit SET number = -(number + ?) WHERE number >= ?"
        self.database.execute(change, (by, begin))
        self.database.execute("UPDATE audit SET number = -number WHERE number < 0")

    def forge(self, number: int) -> None:
        """A row that never was, with the hash that fits the row before it."""
        at, *_ = self.row(number - 1)
        values = (at, uuid4().hex, "case.dismiss", str(uuid4()))
        before = self.row(number - 1)[-1]
        self.database.execute(_INSERT, (*values, _hash(before, number, *values), number))

    def fit_again(self, begin: int) -> None:
        """Every hash from one row on is made to fit."""
        before = self.row(begin - 1)[-1]
        for number in range(begin, self.last + 1):
            *values, _ = self.row(number)
            before = _hash(before, number, *values)
            self.set(number, "hash", before)

    def lines(self) -> list[bytes]:
        """Of the signed heads."""
        return self.heads.read_bytes().splitlines(keepends=True)

    def write(self, lines: list[bytes]) -> None:
        """The signed heads anew."""
        self.heads.write_bytes(b"".join(lines))


def _edit(column: str, other: Callable[[Log, Any], object]) -> Callable[[Log], Rows]:
    def edit(log: Log) -> Rows:
        number = log.pick()
        (before,) = log.database.execute(
            f"SELECT {column} FROM audit WHERE number = ?",  # noqa: S608
            (number,),
        ).fetchone()
        after = other(log, before)
        assert after != before
        log.set(number, column, after)
        return number, number

    return edit


def _other_time(log: Log, at: str) -> str:
    """Another last digit of the minute, the second, or one of its parts."""
    place = log.rng.choice((15, 18, 21, 25))
    return at[:place] + str((int(at[place]) + 1) % 10) + at[place + 1 :]


def _other_hash(log: Log, before: bytes) -> bytes:
    place = log.rng.randrange(len(before))
    return before[:place] + bytes([before[place] ^ 1 << log.rng.randrange(8)]) + before[place + 1 :]


def _delete(log: Log) -> Rows:
    number = log.pick(before_end=1)
    log.database.execute("DELETE FROM audit WHERE number = ?", (number,))
    return number, number


def _delete_some(log: Log) -> Rows:
    begin = log.pick(before_end=50)
    log.database.execute(
        "DELETE FROM audit WHERE number BETWEEN ? AND ?", (begin, begin + log.rng.randint(1, 40))
    )
    return begin, begin


def _delete_and_close_up(log: Log) -> Rows:
    number = log.pick(before_end=1)
    log.database.execute("DELETE FROM audit WHERE number = ?", (number,))
    log.shift(number + 1, -1)
    return number, number


def _swap(log: Log) -> Rows:
    """What two rows say, their hashes with it or not."""
    first = log.pick(before_end=1)
    second = log.rng.randint(first + 1, log.last)
    with_hash = log.rng.random() < 0.5
    for number, values in ((first, log.row(second)), (second, log.row(first))):
        for column, value in zip(("at", "actor", "verb", "subject", "hash"), values, strict=True):
            if column != "hash" or with_hash:
                log.set(number, column, value)
    return first, first


def _swap_numbers(log: Log) -> Rows:
    first = log.pick(before_end=1)
    second = log.rng.randint(first + 1, log.last)
    for old, new in ((first, -1), (second, first), (-1, second)):
        log.set(old, "number", new)
    return first, first


def _insert(log: Log) -> Rows:
    number = log.pick(before_end=1) + 1
    log.shift(number, 1)
    log.forge(number)
    return log.behind(number)[0], number + 1


def _add_at_the_end(log: Log) -> Rows:
    values = (*log.row(log.last)[:-1], b"\0" * 32)
    log.database.execute(_INSERT, (*values, log.last + 1))
    return log.last + 1, log.last + 1


def _renumber(log: Log) -> Rows:
    number = log.pick()
    log.shift(number, log.rng.randint(1, 1_000))
    return number, number


def _renumber_one(log: Log) -> Rows:
    number = log.pick(before_end=1)
    log.set(number, "number", log.last + log.rng.randint(1, 9))
    return number, number


def _cut_off(log: Log) -> Rows:
    keep = log.last - log.rng.randint(1, log.last)
    log.cut_off(keep)
    return keep + 1, keep + 1


def _cut_off_a_little(log: Log) -> Rows:
    keep = log.last - log.rng.randint(1, 3)
    log.cut_off(keep)
    return keep + 1, keep + 1


def _cut_off_and_fill(log: Log) -> Rows:
    begin = log.last - log.rng.randint(0, 60)
    log.cut_off(begin - 1)
    for number in range(begin, log.last + 1 + log.rng.randint(0, 20)):
        log.forge(number)
    return log.behind(begin)


def _write_anew(log: Log) -> Rows:
    begin = log.rng.randint(2, log.last)
    log.set(begin, "verb", "case.leave")
    log.fit_again(begin)
    return log.behind(begin)


def _take_out_and_fit(log: Log) -> Rows:
    """A row less, and the numbers and hashes of all that follows made right."""
    number = log.rng.randint(2, log.last - 1)
    log.database.execute("DELETE FROM audit WHERE number = ?", (number,))
    log.shift(number + 1, -1)
    log.last -= 1
    log.fit_again(number)
    return log.behind(number)[0], log.last + 1


def _edit_heads(log: Log) -> Rows:
    return _flip_a_bit(log, log.heads)


def _drop_head(log: Log) -> Rows:
    lines = log.lines()
    del lines[log.rng.randrange(len(lines) - 1)]
    log.write(lines)
    return NO_ROW


def _swap_heads(log: Log) -> Rows:
    lines = log.lines()
    first, second = log.rng.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    log.write(lines)
    return NO_ROW


def _cut_heads(log: Log) -> Rows:
    lines = log.lines()
    log.write(lines[: -log.rng.randint(1, len(lines))])
    return NO_ROW


def _remove_heads(log: Log) -> Rows:
    log.heads.unlink()
    return NO_ROW


def _edit_newest(log: Log) -> Rows:
    return _flip_a_bit(log, log.newest_head)


def _flip_a_bit(log: Log, path: Path) -> Rows:
    text = bytearray(path.read_bytes())
    text[log.rng.randrange(len(text))] ^= 1 << log.rng.randrange(7)
    path.write_bytes(text)
    return NO_ROW


def _remove_newest(log: Log) -> Rows:
    log.newest_head.unlink()
    return NO_ROW


def _cut_both(log: Log) -> Rows:
    """Rows, and the heads that would tell; sometimes the newest, too."""
    lines = log.lines()
    kept = log.rng.randrange(1, len(lines))
    log.write(lines[:kept])
    log.cut_off(log.signed[kept - 1])
    if log.rng.random() < 0.5:
        log.newest_head.unlink()
        return NO_ROW
    return log.signed[kept - 1] + 1, log.signed[kept - 1] + 1


def _cut_both_and_make_newest(log: Log) -> Rows:
    """The newest made anew out of what is left."""
    lines = log.lines()
    kept = log.rng.randrange(2, len(lines))
    before = lines[kept - 2].split()[-1]
    seal = log.newest_head.read_bytes().split()[-1]
    log.newest_head.write_bytes(b" ".join([before, lines[kept - 1].strip(), seal]) + b"\n")
    log.write(lines[:kept])
    log.cut_off(log.signed[kept - 1])
    return NO_ROW


def _hash(
    before: bytes, number: int, at: str, actor: str | None, verb: str, subject: str | None
) -> bytes:
    who = str(UUID(actor)) if actor else None
    fields = (number, f"{at.replace(' ', 'T')}+00:00", who, verb, subject)
    return hashlib.sha256(before + b"|" + json.dumps(fields).encode()).digest()


KINDS: Mapping[str, Callable[[Log], Rows]] = {
    "edit_at": _edit("at", _other_time),
    "edit_actor": _edit("actor", lambda _log, _before: uuid4().hex),
    "no_actor": _edit("actor", lambda _log, before: None if before else uuid4().hex),
    "edit_verb": _edit("verb", lambda _log, before: f"{before}s"),
    "edit_subject": _edit("subject", lambda _log, before: None if before else ""),
    "edit_hash": _edit("hash", _other_hash),
    "delete": _delete,
    "delete_some": _delete_some,
    "delete_and_close_up": _delete_and_close_up,
    "swap": _swap,
    "swap_numbers": _swap_numbers,
    "insert": _insert,
    "add_at_the_end": _add_at_the_end,
    "renumber": _renumber,
    "renumber_one": _renumber_one,
    "cut_off": _cut_off,
    "cut_off_a_little": _cut_off_a_little,
    "cut_off_and_fill": _cut_off_and_fill,
    "write_anew": _write_anew,
    "take_out_and_fit": _take_out_and_fit,
    "edit_heads": _edit_heads,
    "drop_head": _drop_head,
    "swap_heads": _swap_heads,
    "cut_heads": _cut_heads,
    "remove_heads": _remove_heads,
    "edit_newest": _edit_newest,
    "remove_newest": _remove_newest,
    "cut_both": _cut_both,
    "cut_both_and_make_newest": _cut_both_and_make_newest,
}
BEHIND_A_HEAD = frozenset(
    {"cut_off", "cut_off_a_little", "cut_off_and_fill", "write_anew", "take_out_and_fit"}
)
"""What fits in itself: without the signed heads nobody could tell."""
