"""Whether the place is well, for a steward: over HTTP, without anybody's words."""

import os
import platform
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from server.api.depend import Ask, Parts
from server.counting import COUNTS
from server.protocol import well as bodies
from server.services import well
from server.store.well import Look

router = APIRouter(prefix="/api/steward", tags=["steward"])

_VERSION = version("hearth")
_URGENT_FIRST = ("now", "soon", "routine", "none")
_SHOWN_TROUBLES = 20
_MOST = 0.95


@router.get("/well", operation_id="steward_well", openapi_extra={"x-access": "steward.well"})
async def read_well(ask: Ask) -> bodies.Well:
    """Is it well: queue, model, disk, backups, push, the last hour, and what the log said."""
    look = await ask.read("steward.well", lambda work: well.read_look(work, ask.actor))
    return _well(ask.parts, look, well.disk_of(ask.parts.settings.data_dir))


def _well(parts: Parts, look: Look, disk: well.Disk) -> bodies.Well:
    troubles = parts.watch.troubles
    errors = [trouble.last_at for trouble in troubles if trouble.level != "warning"]
    waiting = parts.database.waiting
    assessor = parts.assessor
    process = well.Process(
        assessor.state,
        waiting,
        parts.watch.posted_s,
        max(errors, default=None),
        all_read=len(assessor.answering) == assessor.wanted,
    )
    found = well.judge(look, process, disk, datetime.now(UTC))
    return bodies.Well(
        at=look.at,
        since=parts.watch.since,
        answered_by=f"{platform.node()} {os.getpid()}" if parts.feed else None,
        findings=[bodies.Finding(what=what, state=state) for what, state in found.items()],
        cases=_cases(look),
        unread=look.unread,
        unread_s=_since(look),
        classifier=_classifier(parts),
        sockets=len(parts.hub.sockets()),
        waiting=waiting,
        push=_push(look),
        disk_free_bytes=disk.free_bytes,
        disk_bytes=disk.size_bytes,
        database_bytes=look.database_bytes,
        backup_at=look.backup_at,
        key_backup_at=look.key_backup_at,
        versions=bodies.Versions(
            hearth=_VERSION, python=platform.python_version(), database=look.database
        ),
        course=list(parts.watch.course),
        troubles=[_trouble(trouble) for trouble in troubles[:_SHOWN_TROUBLES]],
    )


def _since(look: Look) -> int | None:
    return int((look.at - look.unread_since).total_seconds()) if look.unread_since else None


def _cases(look: Look) -> list[bodies.OpenCases]:
    order = sorted(look.cases.items(), key=lambda found: _URGENT_FIRST.index(found[0]))
    return [
        bodies.OpenCases(
            urgency=urgency.value,
            open=waiting.open,
            oldest_s=int((look.at - waiting.oldest_at).total_seconds())
            if waiting.oldest_at
            else None,
            overdue=waiting.overdue,
        )
        for urgency, waiting in order
    ]


def _classifier(parts: Parts) -> bodies.ClassifierState:
    assessed = COUNTS.readings["assessed"]
    read_s = COUNTS.read_s.quantile(_MOST)
    return bodies.ClassifierState(
        backend=parts.settings.classifier,
        version=parts.assessor.version,
        state=parts.assessor.state,
        wanted=parts.assessor.wanted,
        answering=[
            bodies.AnsweringModel(version=version, processes=count)
            for version, count in sorted(Counter(parts.assessor.answering).items())
        ],
        assessed=assessed,
        not_assessed=sum(COUNTS.readings.values()) - assessed,
        read_ms=None if read_s is None else read_s * 1000,
    )


def _push(look: Look) -> bodies.PushState:
    return bodies.PushState(
        on=look.push_on,
        sent=look.push_sent,
        failed=look.push_failed,
        last_outcome=look.push_outcome,
        last_at=look.push_at,
    )


def _trouble(trouble: Any) -> bodies.LogTrouble:
    return bodies.LogTrouble(
        level=trouble.level,
        part=trouble.part,
        words=trouble.words,
        count=trouble.count,
        first_at=trouble.first_at,
        last_at=trouble.last_at,
    )
