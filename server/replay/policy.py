"""A policy over the past: this place's own, or labelled data. Runs in a process of its own, never in the server."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from moderation.classifier import Assessment, Passage
from moderation.policy import Policy
from moderation.policy_text import check_policy
from moderation.replay import Comparison, Said
from server.protocol import policy as bodies
from server.replay import kept, labelled
from server.replay.models import Model
from server.services import policies, replaying
from server.services.in_force import find_in_force
from server.services.replaying import Pace, Page, Ran
from server.settings import Settings
from server.store import past
from server.store.work import Database, Work

Progress = Callable[[int, int | None], None]
_AT_ONCE: Final = 1_024
"""So many are sorted by length before they are read: texts of one length waste no time on each other."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to replay. text: of the policy; None: the one in force. model: a registered version.

    processes: that read at the same time what has to be read anew.
    """

    days: int = 30
    text: str | None = None
    model: str | None = None
    processes: int = 1


@dataclass(slots=True)
class _Reads:
    """How both policies' readings are found: kept ones where the same model made them."""

    now: Model
    then: Model
    kept: int = 0
    anew: int = 0

    def of(self, page: Page) -> list[Said]:
        before = self._by(self.now, page)
        after = before if self.then is self.now else self._by(self.then, page)
        return [
            Said(
                text=one.passage.text, context=one.context, room=one.room, author=one.author,
                newcomer=one.newcomer, truth=one.truth, before=first, after=second,
            )
            for one, first, second in zip(page.remembered, before, after, strict=True)
        ]  # fmt: skip

    def _by(self, model: Model, page: Page) -> list[Assessment]:
        same = [one.reading if model.is_behind(one.reading) else None for one in page.remembered]
        missing = [at for at, reading in enumerate(same) if reading is None]
        anew = model.assess([page.remembered[at].passage for at in missing]) if missing else []
        found = dict(zip(missing, anew, strict=True))
        self.kept += len(same) - len(missing)
        self.anew += len(missing)
        return [reading or found[at] for at, reading in enumerate(same)]


async def replay_history(
    database: Database, settings: Settings, asked: Asked, progress: Progress
) -> bodies.PolicyReport:
    """This place's last days. Raises PolicyInvalid, ModelUnavailable."""
    began = time.perf_counter()
    start = await database.read(lambda work: _begin(work, asked))
    found = Comparison(start.before, start.after)
    total = await database.read(lambda work: past.count_since(work, start.since))
    with (
        Model(settings, processes=asked.processes) as now,
        Model(settings, asked.model, asked.processes) as other,
    ):
        reads = _Reads(now, other if asked.model else now)
        unreadable, last = 0, None
        while True:
            progress(found.messages + unreadable, total)
            page = await database.read(
                lambda work, last=last: replaying.read_page(work, start.since, last)  # type: ignore[misc]
            )
            if page.last is None:
                break
            for said in reads.of(page):
                found.add(said)
            last, unreadable = page.last, unreadable + page.unreadable
        version = reads.then.version
    ran = Ran(
        "history", start.since, start.until, version, unreadable, reads.kept, reads.anew,
        start.pace, start.warnings, time.perf_counter() - began,
    )  # fmt: skip
    return replaying.report(found, ran)


def replay_data(
    folder: Path, before: Policy, settings: Settings, asked: Asked, most: int, progress: Progress
) -> bodies.PolicyReport:
    """Labelled texts in place of a past. Readings are kept beside the data directory, as numbers by hash."""
    began = time.perf_counter()
    after, warnings = _read_policy(asked, before, None)
    found, rows = Comparison(before, after), labelled.read_rows(folder, most)
    with (
        Model(settings, asked.model, asked.processes) as model,
        kept.Readings(settings.data_dir / "replay", model.version) as readings,
    ):
        parts = [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
        begun = [_begin_rows(parts[0], model, readings)] if parts else []
        for at, part in enumerate(parts):
            progress(at * _AT_ONCE, len(rows))
            if at + 1 < len(parts):  # it is read while this one is judged
                begun.append(_begin_rows(parts[at + 1], model, readings))
            for row, reading in zip(part, begun.pop(0)(), strict=True):
                found.add(row.said(reading))
    progress(len(rows), len(rows))
    ran = Ran(
        "data", None, datetime.now(UTC), model.version, 0, len(rows) - model.read, model.read,
        Pace(), warnings, time.perf_counter() - began,
    )  # fmt: skip
    return replaying.report(found, ran)


@dataclass(frozen=True, slots=True)
class _Start:
    before: Policy
    after: Policy
    since: datetime
    until: datetime
    pace: Pace
    warnings: list[bodies.PolicyProblem] = field(default_factory=list)


def _begin(work: Work, asked: Asked) -> _Start:
    before = find_in_force(work).policy
    after, warnings = _read_policy(asked, before, work)
    since = work.now - timedelta(days=asked.days)
    return _Start(before, after, since, work.now, replaying.find_pace(work, since), warnings)


def _read_policy(
    asked: Asked, before: Policy, work: Work | None
) -> tuple[Policy, list[bodies.PolicyProblem]]:
    """Raises PolicyInvalid."""
    if asked.text is None:
        return before, []
    checked = policies.check_text(work, asked.text) if work else check_policy(asked.text)
    return policies.good(checked), [policies.problem(one) for one in checked.warnings]


def _begin_rows(
    rows: Sequence[labelled.Row], model: Model, readings: kept.Readings
) -> Callable[[], list[Assessment]]:
    passages = [Passage(row.text, row.in_reply_to) for row in rows]
    known = [readings.find(passage) for passage in passages]
    missing = [at for at, reading in enumerate(known) if reading is None]
    read = model.begin([passages[at] for at in missing]) if missing else list[Assessment]

    def answer() -> list[Assessment]:
        for at, reading in zip(missing, read(), strict=True):
            readings.keep(passages[at], reading)
            known[at] = reading
        return [reading for reading in known if reading is not None]

    return answer
