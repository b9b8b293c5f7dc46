"""Whether the audit log is as it was written, held against its signed heads and against what it binds:
automated acts and decisions; and in words what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from server.store import acts, audit, place
from server.store.acts import Bound
from server.store.audit import Row
from server.store.heads import Checked, Head, Heads, HeadsFault
from server.store.work import Work

UNSIGNED_FOR = timedelta(minutes=1)
"""A server signs within seconds. Rows that were written over a longer time, none of them signed, are a fault."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. number: from this row on. since: the time of the last row that is good."""

    code: str
    number: int | None
    since: datetime | None
    words: str
    advice: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. rows: how many were read and are good. signed: the newest of them that is signed."""

    ok: bool
    rows: int
    signed: int | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def is_acceptable(self) -> bool:
        """Whether the log fits in itself, and only its signed heads do not fit it."""
        return not self.ok and all(problem.code in _ACCEPTABLE for problem in self.problems)


def examine(work: Work, heads: Heads | None, *, with_bound: bool = True) -> Report:
    """Read the whole log, a page at a time. heads: None leaves them out, and so sees a cut only by what
    was bound there. with_bound: whether acts and decisions are held against it.

    The heads are read first: a row that is signed while this runs must be in the snapshot already.
    """
    checked = heads.check() if heads else Checked(0, None, None)
    walk = _Walk(
        _signed(heads, checked),
        _Bindings(acts.bound(work) if with_bound else iter(()), is_on=with_bound),
    )
    walk.go(audit.rows(work))
    found = walk.problem
    if found is None and walk.head and checked.newest:
        found = _cut_off(walk, checked.newest.head)
    if found and checked.newest and found.code in _AS_RESTORED:
        found = _with_epoch(found, place.get_epoch(work), checked.newest.head.epoch)
    problems = [problem for problem in (found, _heads_problem(checked.fault)) if problem]
    if not problems:
        problems = walk.bindings.problems(work)
    if not problems and walk.unsigned_for > UNSIGNED_FOR and heads:
        problems.append(_unsigned(walk, is_begun=checked.newest is not None))
    return Report(
        ok=not problems,
        rows=walk.rows,
        signed=walk.standing.number if walk.standing else None,
        problems=tuple(problems),
        notes=tuple(_notes(walk, heads)) if not problems else (),
    )


class _Walk:
    """Along the rows and the signed heads, side by side.

    rows: read and good. head: the next one that no row has met yet. standing: the last that was met.
    """

    def __init__(self, signed: Iterator[Head], bindings: "_Bindings") -> None:
        self._signed = signed
        self.bindings = bindings
        self._hash = audit.BEGINNING
        self._unsigned_since: datetime | None = None
        self.head = next(signed, None)
        self.standing: Head | None = None
        self.standing_at: datetime | None = None
        self.rows = 0
        self.at: datetime | None = None
        self.problem: Problem | None = None

    def go(self, rows: Iterator[Row | None]) -> None:
        """To the end, or to the first thing that is wrong."""
        for row in rows:
            self.problem = self._look(row)
            if row is None or self.problem:
                return
            self.bindings.meet(row, self.at)
            self.rows, self.at, self._hash = row.number, row.at, row.hash

    @property
    def unsigned_for(self) -> timedelta:
        """From the first row that is not signed to the last."""
        if self.at is None or self._unsigned_since is None:
            return timedelta(0)
        return self.at - self._unsigned_since

    def _look(self, row: Row | None) -> Problem | None:
        expected = self.rows + 1
        if row is None or row.number != expected or not row.fits(self._hash):
            return _misfit(row, expected, self.at)
        if self.head is None:
            self._unsigned_since = self._unsigned_since or row.at
        elif row.number == self.head.number:
            if row.hash != self.head.hash:
                return _rewritten(self.standing, self.standing_at, self.head)
            self.standing, self.standing_at = self.head, row.at
            self.head = next(self._signed, None)
        return None


class _Bindings:
    """Acts and decisions beside the rows that bind them, in the same order."""

    def __init__(self, bound: Iterator[Bound | None], *, is_on: bool) -> None:
        self._bound = bound
        self._is_on = is_on
        self._next = next(bound, None)
        self._found: Problem | None = None
        self._first_at: datetime | None = None

    def meet(self, row: Row, since: datetime | None) -> None:
        """One good row of the log. since: the time of the one before."""
        if not self._is_on or self._found:
            return
        if not (acts.is_bound(row.verb) or self._stands_before(row.number + 1)):
            return
        if row.verb == acts.DECISION:
            self._first_at = self._first_at or row.at
        if self._stands_before(row.number) or not acts.is_bound(row.verb):
            self._found = _unbound(row.number, since)
        elif self._next is None or self._next.number != row.number:
            self._found = _kept_no_more(row, since)
        elif self._next.subject != row.subject:
            self._found = _kept_otherwise(row, since)
        else:
            self._next = next(self._bound, None)

    def problems(self, work: Work) -> list[Problem]:
        """After the last row: what was found, or what is left over."""
        is_loose = self._first_at and acts.has_loose_decision(work, self._first_at)
        if not self._found and (self._next or is_loose):
            self._found = _unbound(None, None)
        return [self._found] if self._found else []

    def _stands_before(self, number: int) -> bool:
        return self._next is not None and self._next.number < number


def _signed(heads: Heads | None, checked: Checked) -> Iterator[Head]:
    """Those that hold, from the oldest on."""
    if heads is None or checked.newest is None:
        return
    number = 0
    for line in islice(heads.lines(), checked.lines):
        number = line.head.number
        yield line.head
    if checked.newest.head.number > number:
        yield checked.newest.head


def _misfit(row: Row | None, expected: int, since: datetime | None) -> Problem:
    if row is None:
        code, words = (
            "unreadable",
            f"Row {expected} cannot be read: something foreign stands in it.",
        )
    elif row.number < expected:
        code, words = "foreign", f"There is a row {row.number}, a number that Hearth never writes."
    elif row.number > expected:
        code, words = "missing", f"Row {expected} is missing: row {row.number} comes next."
    else:
        words = f"Row {expected} is not as it was written: it was changed, or another stands in its place."
        code = "changed"
    words += " What comes after it cannot be relied on."
    return Problem(code, expected, since, words, _KEEP)


def _rewritten(standing: Head | None, since: datetime | None, head: Head) -> Problem:
    number = standing.number + 1 if standing else 1
    words = (
        f"Row {head.number} is not the one that was signed on {time_in_words(head.at)}, though it fits the rows "
        f"before it: the log was written anew somewhere between row {number} and row {head.number}."
    )
    return Problem("rewritten", number, since, words, f"{_RESTORED} {_KEEP}")


def _kept_no_more(row: Row, since: datetime | None) -> Problem:
    words = (
        f"Row {row.number} binds {_bound_name(row)} that is not there any more, or cannot be read: "
        "it was deleted or taken elsewhere."
    )
    return Problem("kept_no_more", row.number, since, words, _KEEP)


def _kept_otherwise(row: Row, since: datetime | None) -> Problem:
    words = (
        f"Row {row.number} binds {_bound_name(row)} that is not as it was written: "
        "it was changed, or another stands in its place."
    )
    return Problem("kept_otherwise", row.number, since, words, _KEEP)


def _unbound(number: int | None, since: datetime | None) -> Problem:
    words = "There is an automated act or a decision that no row of the log binds: Hearth did not write it so."
    return Problem("unbound", number, since, words, _KEEP)


def _bound_name(row: Row) -> str:
    what = "a decision" if row.verb == acts.DECISION else "an entry of a member's ledger"
    return f"{what} ({(row.subject or '').partition(':')[0]})"


def _cut_off(walk: _Walk, newest: Head) -> Problem:
    words = (
        f"The log ends at row {walk.rows}, but row {newest.number} was signed on {time_in_words(newest.at)}: "
        "rows were cut off, or an older backup was put back."
    )
    return Problem("cut_off", walk.rows + 1, walk.at, words, f"{_RESTORED} {_KEEP}")


def _with_epoch(problem: Problem, epoch: str, signed_epoch: str) -> Problem:
    """It speaks for a restored backup; it proves nothing, since the epoch stands in the database, too."""
    if epoch == signed_epoch:
        return problem
    words = f"{problem.words} Since that was signed the place has a new epoch, as a restored backup has."
    return replace(problem, words=words)


def _unsigned(walk: _Walk, *, is_begun: bool) -> Problem:
    signed = walk.standing.number if walk.standing else 0
    words = (
        f"Rows {signed + 1} to {walk.rows} were never signed: a cut among them would not be seen."
    )
    why = _UNSIGNED if is_begun else _NEVER_SIGNED
    return Problem("unsigned", signed + 1, walk.standing_at, words, why)


def _heads_problem(fault: HeadsFault | None) -> Problem | None:
    return Problem(fault, None, None, _HEADS[fault], _HEADS_ADVICE) if fault else None


def _notes(walk: _Walk, heads: Heads | None) -> Iterator[str]:
    unsigned = walk.rows - (walk.standing.number if walk.standing else 0)
    if heads is None:
        yield "The signed heads were left out: rows cut off at the end are not noticed."
    elif unsigned:
        yield f"The newest {unsigned} are not signed yet: a running server does that within seconds."
    if heads and (times := heads.count_set_aside()):
        yield f"Signed anew after `hearth audit accept`: {times} (see {heads.path.name}.until-*)."


def time_in_words(at: datetime) -> str:
    """To the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_AS_RESTORED = frozenset({"rewritten", "cut_off"})
"""What an older backup that was put back looks like, too."""
_HEADS: dict[HeadsFault, str] = {
    "heads_missing": "The file of signed heads (audit-heads) is gone; audit-heads.newest is still there.",
    "heads_edited": "A line of the signed heads (audit-heads) was changed, added, moved or taken out.",
    "heads_cut": "Lines are missing at the end of the signed heads (audit-heads).",
    "newest_missing": "The file audit-heads.newest is gone; audit-heads is still there.",
    "newest_edited": "The file audit-heads.newest was changed.",
}
_ACCEPTABLE = _AS_RESTORED | _HEADS.keys()
_KEEP = (
    "Copy the whole data folder as it is now, before anything else, and compare the log with your "
    "newest backup."
)
_RESTORED = "If somebody of yours put an older backup back, run `hearth audit accept`. If not:"
_UNSIGNED = (
    "Start Hearth, or look into its log for why it could not sign (a full disk, a folder it may not "
    "write to)."
)
_NEVER_SIGNED = (
    "If Hearth was only just brought to a version that signs, start it once. If it has been signing "
    "here, somebody removed the files audit-heads and audit-heads.newest."
)
_HEADS_ADVICE = (
    "Put the files back as they were if you can. If you know why this is so, run `hearth audit "
    "accept`; if not, somebody may be hiding a change of the log: copy the whole data folder first."
)
