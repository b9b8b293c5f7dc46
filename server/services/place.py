"""The place itself: what a visitor may know, what a steward sets, and whether it is well."""

from datetime import datetime
from typing import Any

from moderation.coverage import Coverage, coverage
from server.access import Actor, check
from server.protocol import bodies
from server.services import policy, take_down
from server.services.in_force import find_in_force
from server.settings import Settings
from server.store import assessments, audit, place, queue
from server.store.tables import Place
from server.store.work import Work


def read_place(work: Work, actor: Actor | None, settings: Settings) -> bodies.Place:
    """What a visitor may know before signing up."""
    check(actor, "place.read")
    return _body(work, place.get_place(work), settings)


def change_place(
    work: Work, actor: Actor, patch: bodies.PlacePatch, settings: Settings
) -> bodies.Place:
    """Set what was given. Another country's help lines are not confirmed yet."""
    check(actor, "steward.place")
    stored = place.get_place(work)
    if patch.country and patch.country != stored.country:
        stored.help_lines_confirmed_at = None
    for name, value in patch.model_dump(
        exclude_none=True, exclude={"help_lines_confirmed"}
    ).items():
        setattr(stored, name, value)
    if patch.help_lines_confirmed is not None:
        stored.help_lines_confirmed_at = work.now if patch.help_lines_confirmed else None
    work.session.add(stored)
    audit.append(work, actor.id, "steward.place", None)
    return _body(work, stored, settings)


def read_status(
    work: Work,
    actor: Actor,
    *,
    version: str,
    classifier: str,
    classifier_state: Any,
    database: str,
    sockets: int,
) -> bodies.StewardStatus:
    """Is it well? The rest is what the running server knows of itself."""
    check(actor, "steward.status")
    oldest = queue.oldest_open(work)
    return bodies.StewardStatus(
        version=version,
        classifier=classifier,
        classifier_state=classifier_state,
        database=database,
        not_assessed=assessments.count_unread(work),
        oldest_open_case_s=int((work.now - oldest).total_seconds()) if oldest else None,
        sockets=sockets,
        key_backup_at=place.get_place(work).key_backup_at,
        duties=take_down.status(work),
    )


def note_key_backup(work: Work, made_at: datetime) -> None:
    """A copy of the keys was made, by somebody at the terminal."""
    stored = place.get_place(work)
    stored.key_backup_at = made_at
    work.session.add(stored)
    audit.append(work, None, "keys.backup", None)


def _body(work: Work, stored: Place, settings: Settings) -> bodies.Place:
    sign_up: Any = stored.sign_up
    return bodies.Place(
        name=stored.name,
        about=stored.about,
        sign_up=sign_up,
        minimum_age=stored.minimum_age,
        country=stored.country,
        help_lines_confirmed=stored.help_lines_confirmed_at is not None,
        policy=find_in_force(work).policy.version,
        policy_reviewed=policy.is_reviewed(work, stored),
        coverage=[_coverage(row) for row in coverage(settings.classifier)],
        demo=settings.demo,
    )


def _coverage(row: Coverage) -> bodies.Coverage:
    return bodies.Coverage(language=row.code, name=row.name, model=row.model, phrases=row.phrases)
