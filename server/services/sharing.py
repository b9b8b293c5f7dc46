"""What a member shares with a group's clinicians: each thing apart, for a time, taken back in one step."""

import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.protocol import care as bodies
from server.protocol.frames import SightChanged
from server.services import notices
from server.services.asked_words import AskedWords
from server.store import audit, consents, rooms, sharing, staff
from server.store.tables import Consent, Room
from server.store.work import ToCarers, Work

SOON: Final = timedelta(days=7)
"""So long before the end a member is told of it."""
_DAYS: Final = {1: 30, 3: 91, 6: 182, 12: 365}
_FILE: Final = Path(__file__).with_name("sharing.toml")
_AT_ONCE: Final = 100
_SCOPES: Final[tuple[bodies.Scope, ...]] = get_args(bodies.Scope)


def read_care(work: Work, actor: Actor, language: str) -> bodies.Care:
    """What can be shared with whom, in this language where we have it, and what is and was."""
    check(actor, "care.read")
    return _body(work, actor, language)


def give(
    work: Work, actor: Actor, room_id: UUID, scope: bodies.Scope, asked: bodies.NewShare
) -> bodies.Care:
    """Share one thing with this group's clinicians. Given anew, it runs from now on.

    Raises NotFound without a seat there, NotNow where no clinician sits, Stale when these are not the
    words of today.
    """
    check(actor, "care.change")
    language = _words().language_of(asked.wording)
    if not rooms.find_public(work, room_id) or not rooms.find_seat(work, room_id, actor.id):
        raise NotFound
    if room_id not in sharing.rooms_with_clinician(work, [room_id]):
        raise NotNow("No clinician is with this group at the moment.")
    staff.lock_member(work, actor.id)
    _end(work, actor, room_id, [scope])
    row = Consent(
        member_id=actor.id, room_id=room_id, scope=scope, wording=asked.wording,
        given_at=work.now, until=work.now + timedelta(days=_DAYS[asked.months]),
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    work.announce(ToCarers(room_id, SightChanged(room=room_id)))
    audit.append(work, actor.id, f"share.give.{scope}", row.id)
    return _body(work, actor, language)


def withdraw(
    work: Work, actor: Actor, room_id: UUID, scope: bodies.Scope | None, language: str
) -> bodies.Care:
    """Take one thing back, or all. From the answer on nobody sees it. The rows stay, with both dates."""
    check(actor, "care.change")
    staff.lock_member(work, actor.id)
    ended = _end(work, actor, room_id, [scope] if scope else _SCOPES)
    if ended:
        work.announce(ToCarers(room_id, SightChanged(room=room_id)))
    for row in ended:
        audit.append(work, actor.id, f"share.withdraw.{row.scope}", row.id)
    return _body(work, actor, language)


def has_ending(work: Work) -> bool:
    """Whether something ends soon whose member does not know it yet."""
    return sharing.has_ending(work, SOON)


def tell_ending(work: Work) -> None:
    """Members are told a week before, once for a group, whatever ends there."""
    by_group: dict[tuple[UUID, UUID], datetime] = {}
    for row in sharing.ending(work, SOON, _AT_ONCE):
        row.end_told_at = work.now
        work.session.add(row)
        assert row.room_id  # noqa: S101 - of the query
        assert row.until  # noqa: S101 - of the query
        by_group.setdefault((row.member_id, row.room_id), row.until)
    for (member_id, room_id), until in by_group.items():
        notices.tell(
            work, member_id=member_id, kind="sharing_ends", code="sharing_ends",
            words=None, by_role="machine",
            room_id=room_id, until=until, automated=True,
        )  # fmt: skip


def _end(
    work: Work, actor: Actor, room_id: UUID, scopes: Sequence[bodies.Scope]
) -> Sequence[Consent]:
    given = sharing.unwithdrawn(work, actor.id, room_id, scopes)
    for row in given:
        row.withdrawn_at = work.now
        work.session.add(row)
    work.session.flush()
    return given


def _body(work: Work, actor: Actor, language: str) -> bodies.Care:
    spoken = _words().spoken(language)
    said = _words().said(spoken)
    return bodies.Care(
        language=spoken,
        review=said["review"],
        about=said["about"],
        questions=[
            bodies.CareQuestion(
                scope=scope, wording=_words().wording(spoken), title=said[scope]["title"],
                words=said[scope]["words"],
            )
            for scope in _SCOPES
        ],
        groups=_groups(work, actor),
        ledger=[_row(row, room) for row, room in sharing.of_member(work, actor.id)],
    )  # fmt: skip


def _groups(work: Work, actor: Actor) -> list[bodies.CareGroup]:
    found = sharing.groups_of(work, actor.id)
    cared = sharing.rooms_with_clinician(work, [room.id for room in found])
    seats = rooms.seats_of(work, actor.id)
    groups = [_group(work, actor, room, room.id in seats, room.id in cared) for room in found]
    return [group for group in groups if group.has_clinician or group.shared]


def _group(
    work: Work, actor: Actor, room: Room, seated: bool, has_clinician: bool
) -> bodies.CareGroup:
    standing = [consents.find_standing(work, actor.id, scope, room.id) for scope in _SCOPES]
    return bodies.CareGroup(
        room=room.id, room_name=room.name, seated=seated, has_clinician=has_clinician,
        shared=[_row(row, room) for row in standing if row],
    )  # fmt: skip


def _row(row: Consent, room: Room) -> bodies.Shared:
    scope: Any = row.scope
    return bodies.Shared(
        room=room.id, room_name=room.name, scope=scope, wording=row.wording,
        given_at=row.given_at, until=row.until, withdrawn_at=row.withdrawn_at,
    )  # fmt: skip


@cache
def _words() -> AskedWords:
    return AskedWords(tomllib.loads(_FILE.read_text(encoding="utf-8")))
