"""`hearth doctor`: is this deployment well? In words, or as JSON."""

import argparse
import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from server.cli import audit, machine, outside
from server.errors import ServerError
from server.services import pushing, well
from server.settings import Settings
from server.store import beside, people, place, push, staff, timers
from server.store import well as stored
from server.store.audit import newest_of
from server.store.copies.key_copies import KEEP
from server.store.keys import KeyFile
from server.store.work import Work

_MIB = 1024**2
_IF_LOST = "if the key file is lost, every word here is lost, for everybody, for good."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    words: str


def add(commands: Any) -> None:
    """One option."""
    parser = commands.add_parser(
        "doctor", help="is this deployment well? in words", description=_doctor.__doc__
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.set_defaults(run=_doctor)


def _doctor(asked: argparse.Namespace, settings: Settings) -> int:
    """Look at keys, backups, database, queue, audit log, help lines, appeals, calls, push, disk, classifier, clock,
    versions, and at the address as browsers see it: its certificate and its headers."""
    begun = bool(settings.database_url) or settings.sqlite_path.exists()
    checks = _CHECKS if begun else ()
    findings = [_look(what, check, settings) for what, check in checks] or [_NOT_BEGUN]
    if asked.json:
        ok = all(finding.ok for finding in findings)
        print(orjson.dumps({"ok": ok, "findings": findings}, option=orjson.OPT_INDENT_2).decode())
    else:
        for finding in findings:
            print(f"{'well ' if finding.ok else 'MEND '} {finding.what}: {finding.words}")
    return 0 if all(finding.ok for finding in findings) else 1


def _look(what: str, check: Callable[[Settings], tuple[bool, str]], settings: Settings) -> Finding:
    try:
        return Finding(what, *check(settings))
    except ServerError as error:
        return Finding(what, ok=False, words=error.detail)


def _key_file(settings: Settings) -> tuple[bool, str]:
    KeyFile.read(settings.key_path)
    return (
        True,
        f"{settings.key_path} is readable by its owner alone. Keep a copy apart from the database.",
    )


def _key_copy(settings: Settings) -> tuple[bool, str]:
    found = beside.do(settings, place.find_place)
    made_at = found.key_backup_at if found else None
    if made_at is None:
        return False, f"there is none: {_IF_LOST} Run `hearth keys backup --to FILE`."
    when = f"the newest was made on {made_at:%Y-%m-%d}"
    if datetime.now(UTC) - made_at > KEEP:
        return (
            False,
            f"{when}: whoever joined since is not in it. Run `hearth keys backup --to FILE`.",
        )
    return True, f"{when}; older ones go with `hearth keys prune FOLDER`."


def _backup(settings: Settings) -> tuple[bool, str]:
    made_at = beside.do(settings, partial(newest_of, verb="backup.make"))
    if made_at is None:
        return False, "there is none: run `hearth backup --to FILE`, every day."
    is_old = well.is_old(made_at, well.BACKUP_OLD, datetime.now(UTC))
    return (
        not is_old,
        f"the newest was made on {made_at:%Y-%m-%d}; is it whole? `hearth backup verify FILE`.",
    )


def _database(settings: Settings) -> tuple[bool, str]:
    has_steward = beside.do(settings, people.has_steward)
    found = beside.do(settings, stored.look)
    kind = f"{found.database}, {found.database_bytes / _MIB:.1f} MiB"
    if off := beside.do(settings, stored.does_not_keep):
        return (
            False,
            f"{kind}; {' and '.join(off)} off: a power cut takes words that were acknowledged.",
        )
    if has_steward:
        return True, f"{kind}, at the newest shape."
    return (
        False,
        f"{kind}, at the newest shape; nobody is steward yet: use the link that `hearth serve` prints.",
    )


def _redis(settings: Settings) -> tuple[bool, str]:
    if not settings.redis_url:
        return True, "none: hints go through the database."
    from server.live.by_redis import answers

    if asyncio.run(answers(settings.redis_url)):
        return True, "it answers."
    return False, "it does not answer: what is said at another worker comes up to a second late."


def _audit_log(settings: Settings) -> tuple[bool, str]:
    report = audit.look(settings)
    if report.ok:
        return True, audit.summary(report)
    return False, f"{report.problems[0].words} More: hearth audit verify."


def _help_lines(settings: Settings) -> tuple[bool, str]:
    here = beside.do(settings, _place_country)
    if here:
        return True, f"confirmed for {here}."
    return (
        False,
        "a steward has not yet confirmed the country and its help lines (Steward, Help lines).",
    )


def _place_country(work: Work) -> str | None:
    found = place.find_place(work)
    return found.country if found and found.help_lines_confirmed_at else None


def _appeals(settings: Settings) -> tuple[bool, str]:
    alone = beside.do(settings, staff.rooms_with_one_judge)
    if not alone:
        return True, "no room has one person alone to decide and to judge."
    return (
        False,
        f"one person alone decides in: {', '.join(alone)}. An appealed sanction ends there after a week, "
        "unjudged. Seat a second moderator or a clinician (Steward, Rooms).",
    )


def _calling(settings: Settings) -> tuple[bool, str]:
    words = settings.alert_words
    if not words:
        return (
            True,
            "no HEARTH_ALERT_COMMAND: who has no page of Hearth open is told at their next visit.",
        )
    if shutil.which(words[0]) is None:
        return False, "the program that HEARTH_ALERT_COMMAND names cannot be found or run."
    newest = beside.do(settings, timers.newest_call)
    if newest is None:
        return True, "HEARTH_ALERT_COMMAND can be run; nobody had to be called yet."
    when = f"{newest.called_at:%Y-%m-%d %H:%M} UTC"
    if newest.command == timers.DONE:
        return True, f"HEARTH_ALERT_COMMAND ran well on {when}."
    return False, f"HEARTH_ALERT_COMMAND failed on {when}: {newest.command}."


def _push(settings: Settings) -> tuple[bool, str]:
    on, sent, failed, outcome, at = beside.do(settings, push.newest_outcome)
    if not on:
        return True, "off: no browser maker's server is used."
    counts = f"{sent} sent, {failed} failed"
    if outcome is None:
        return True, "on; nobody had to be called yet."
    ended = f"{counts}; the newest try, {at:%Y-%m-%d %H:%M} UTC"
    if outcome == pushing.DONE or outcome in pushing.GONE:
        return True, f"on: {ended}, ended well."
    return False, f"on: {ended}, failed: {outcome}."


def _classifier(settings: Settings) -> tuple[bool, str]:
    from moderation.backends import load_classifier
    from moderation.errors import ModerationError

    if settings.classifier_addresses:
        return _called(settings)
    try:
        return (
            True,
            f"{settings.classifier}, version {load_classifier(settings.classifier, settings.models_dir).version}.",
        )
    except ModerationError as error:
        return False, str(error)


def _called(settings: Settings) -> tuple[bool, str]:
    from server.classifiers.address import Address
    from server.classifiers.lines import versions_at
    from server.classifiers.secret import classifier_secrets

    addresses = [Address.read(text) for text in settings.classifier_addresses]
    found = asyncio.run(versions_at(addresses, lambda: classifier_secrets(settings)[0]))
    away = [str(address) for address, version in found.items() if version is None]
    reading = sorted({version for version in found.values() if version is not None})
    words = f"{len(found) - len(away)} of {len(found)} processes answer"
    words += f", version {', '.join(reading)}" if reading else ""
    return not away, words + (f"; away: {', '.join(away)}." if away else ".")


def _reach(settings: Settings) -> tuple[bool, str]:
    if settings.is_loopback:
        return True, f"{settings.origin}, limits: {settings.limits_profile}."
    if not settings.is_https:
        return (
            False,
            f"{settings.origin} is not HTTPS: what people write here could be read on the way.",
        )
    return outside.certificate(settings.origin)


def _headers(settings: Settings) -> tuple[bool, str]:
    return outside.headers(settings)


def _queue(settings: Settings) -> tuple[bool, str]:
    found = beside.do(settings, stored.look)
    late = {urgency: waiting.overdue for urgency, waiting in found.cases.items() if waiting.overdue}
    unread = (
        f"{found.unread} shown messages are not assessed" if found.unread else "all is assessed"
    )
    if not late:
        return True, f"nobody waits longer than was promised; {unread}."
    told = ", ".join(f"{count} {urgency.value}" for urgency, count in late.items())
    return (
        well.judge_queue(found) != "mend",
        f"past their time, and no person has looked: {told}; {unread}.",
    )


_NOT_BEGUN = Finding("database", ok=False, words="nothing is here yet: start `hearth serve` once.")
_CHECKS: tuple[tuple[str, Callable[[Settings], tuple[bool, str]]], ...] = (
    ("key file", _key_file),
    ("key copy", _key_copy),
    ("backup", _backup),
    ("data folder", machine.data_folder),
    ("database", _database),
    ("redis", _redis),
    ("queue", _queue),
    ("audit log", _audit_log),
    ("help lines", _help_lines),
    ("appeals", _appeals),
    ("calling", _calling),
    ("push", _push),
    ("disk", machine.disk),
    ("classifier", _classifier),
    ("clock", machine.clock),
    ("versions", machine.versions),
    ("address", _reach),
    ("headers", _headers),
    ("user", machine.user),
)
