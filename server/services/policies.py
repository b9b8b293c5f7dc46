"""A place's own policy: read, checked, applied, put on trial, rolled back. Each change appended, with its reason."""

import hashlib
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import orjson

from moderation import policy_text, shadow
from moderation.errors import PolicyInvalid
from moderation.policy import DEFAULT, Policy
from moderation.policy_text import Change, Checked, Problem
from moderation.rules import Rule
from moderation.thresholds import SHIPPED
from server.access import Actor, check
from server.errors import NotAccepted, NotFound, NotNow, NotReplayed, TooFast
from server.ids import new_id
from server.protocol import policy as bodies
from server.services.in_force import InForce, find_in_force, text_of
from server.services.policy import is_reviewed
from server.store import audit, policies, rooms
from server.store.place import get_place
from server.store.tables import PolicyEdition, PolicyReplay, ReplayJob
from server.store.work import Work

_SHADOW_DAYS = 30
_UNTOLD = timedelta(seconds=30)


def read(work: Work, actor: Actor) -> bodies.StewardPolicy:
    """What judges here, what is on trial, and the history of both."""
    check(actor, "steward.policy")
    return shown(work)


def check_draft(work: Work, actor: Actor, draft: bodies.PolicyDraft) -> bodies.PolicyChecked:
    """Every mistake in a policy, or what it changes."""
    check(actor, "steward.policy")
    checked = check_text(work, draft.text)
    policy = checked.policy
    return bodies.PolicyChecked(
        ok=policy is not None,
        problems=[problem(one) for one in checked.problems],
        warnings=[problem(one) for one in checked.warnings],
        changes=changes(find_in_force(work).policy, policy) if policy else [],
        rules=[_rule(rule) for rule in policy.rules] if policy else [],
    )


def take(work: Work, actor: Actor, new: bodies.NewPolicyEdition) -> bodies.StewardPolicy:
    """Apply a policy, or put it on trial. Raises PolicyInvalid, NotReplayed, NotAccepted."""
    check(actor, "steward.policy")
    change(work, actor.id, new)
    return shown(work)


def roll_back(work: Work, actor: Actor, asked: bodies.PolicyRollback) -> bodies.StewardPolicy:
    """An earlier edition judges again, at once. Raises NotFound, NotNow, PolicyInvalid."""
    check(actor, "steward.policy")
    go_back(work, actor.id, asked)
    return shown(work)


def end_trial(work: Work, actor: Actor, asked: bodies.PolicyTrialEnd) -> bodies.StewardPolicy:
    """Nothing is on trial any more. Raises NotNow."""
    check(actor, "steward.policy")
    stop_trial(work, actor.id, asked.reason)
    return shown(work)


def check_readable(work: Work, actor: Actor, text: str) -> None:
    """Raises PolicyInvalid, naming every mistake."""
    check(actor, "steward.policy")
    good(check_text(work, text))


def begin_replay(work: Work, replay_id: UUID) -> bodies.PolicyReplay:
    """One at a time, whichever worker it runs in. Raises TooFast while another one runs."""
    if any(_is_running(work, job) for job in policies.jobs(work)):
        raise TooFast("A replay is running already: please wait for it.", retry_after_s=5)
    policies.begin_job(work, replay_id)
    return _unfinished(work, replay_id)


def tell_replay(work: Work, replay_id: UUID, done: int, total: int | None) -> None:
    """How far it is. Untold for long, it counts as failed: whoever ran it is gone."""
    if job := policies.find_job(work, replay_id):
        job.done, job.total, job.told_at = done, total, work.now
        work.session.add(job)


def fail_replay(work: Work, replay_id: UUID) -> None:
    """Nothing comes of it."""
    if job := policies.find_job(work, replay_id):
        job.failed = True
        work.session.add(job)


def keep_replay(
    work: Work, by: UUID | None, replay_id: UUID, text: str, report: bodies.PolicyReport
) -> None:
    """What a replay found, for whoever decides on this text; against what judged when it was made."""
    standing = find_in_force(work)
    if report.before.version != standing.policy.version:
        raise NotNow("Another policy was applied meanwhile: please replay again.")
    row = PolicyReplay(
        id=replay_id, fingerprint=fingerprint_of(text), against=standing.number, by=by,
        at=work.now, report=report.model_dump(mode="json"),
    )  # fmt: skip
    policies.add_replay(work, row)
    if job := policies.find_job(work, replay_id):
        work.session.delete(job)


def find_replay(work: Work, replay_id: UUID) -> bodies.PolicyReplay:
    """How it stands, and its report once it is done. Raises NotFound."""
    found = policies.find_replay(work, replay_id)
    if found is None:
        return _unfinished(work, replay_id)
    report = bodies.PolicyReport.model_validate_json(orjson.dumps(found.report))
    return bodies.PolicyReplay(
        id=found.id, state="done", done=report.messages, total=report.messages, report=report
    )


def _unfinished(work: Work, replay_id: UUID) -> bodies.PolicyReplay:
    job = policies.find_job(work, replay_id)
    if job is None:
        raise NotFound
    state: Literal["running", "failed"] = "running" if _is_running(work, job) else "failed"
    return bodies.PolicyReplay(id=job.id, state=state, done=job.done, total=job.total, report=None)


def _is_running(work: Work, job: ReplayJob) -> bool:
    return not job.failed and work.now - job.told_at < _UNTOLD


def report_of(replay: bodies.PolicyReplay) -> bodies.PolicyReport:
    """Raises NotFound until it is done."""
    if replay.report is None:
        raise NotFound
    return replay.report


# --- the same for a steward's page and for the terminal, where nobody is logged in (by: None) ---


def change(work: Work, by: UUID | None, new: bodies.NewPolicyEdition) -> PolicyEdition:
    """Append it. Raises PolicyInvalid, NotReplayed, NotAccepted."""
    number, standing = policies.next_number(work), find_in_force(work)
    checked = check_text(work, new.text)
    good(checked)
    if checked.warnings and not new.accept_warnings:
        words = " ".join(f"{one.key}: {one.words}" for one in checked.warnings)
        raise NotAccepted(f"Please accept first what this means for people in danger. {words}")
    replay_id = _replayed(work, new, standing)
    edition = PolicyEdition(
        number=number, id=new_id(), mode=new.mode, text=new.text, by=by, at=work.now,
        previous=standing.number, replay_id=replay_id,
        warnings=[f"{one.key}: {one.words}" for one in checked.warnings],
    )  # fmt: skip
    policies.add(work, edition, new.reason)
    verb = "policy.apply" if new.mode == "applied" else "policy.shadow"
    audit.append(work, by, f"{verb}.warned" if checked.warnings else verb, str(number))
    return edition


def go_back(work: Work, by: UUID | None, asked: bodies.PolicyRollback) -> PolicyEdition:
    """Append an earlier edition anew. Raises NotFound, NotNow when it judges already, PolicyInvalid."""
    number, standing = policies.next_number(work), find_in_force(work)
    before = policies.find(work, asked.to) if asked.to else None
    if asked.to and (before is None or before.mode != "applied"):
        raise NotFound("There is no such edition that ever judged here.")
    if asked.to == standing.number:
        raise NotNow("This edition judges already.")
    warnings: tuple[Problem, ...] = ()
    if before and before.text is not None:
        checked = policy_text.check_policy(before.text)
        good(checked)
        warnings = checked.warnings
    edition = PolicyEdition(
        number=number, id=new_id(), mode="applied", text=before.text if before else None, by=by,
        at=work.now, previous=standing.number, back_to=asked.to,
        replay_id=before.replay_id if before else None,
        warnings=[f"{one.key}: {one.words}" for one in warnings],
    )  # fmt: skip
    policies.add(work, edition, asked.reason)
    audit.append(work, by, "policy.rollback", f"{number} to {asked.to}")
    return edition


def stop_trial(work: Work, by: UUID | None, reason: str) -> None:
    """Append that nothing is on trial. Raises NotNow when nothing is."""
    number, standing = policies.next_number(work), find_in_force(work)
    if policies.find_on_trial(work) is None:
        raise NotNow("No policy is on trial.")
    edition = PolicyEdition(
        number=number, id=new_id(), mode="ended", by=by, at=work.now,
        previous=standing.number, warnings=[],
    )  # fmt: skip
    policies.add(work, edition, reason)
    audit.append(work, by, "policy.shadow.end", str(number))


def check_text(work: Work, text: str) -> Checked:
    """Read it as this place would, with the rooms there are."""
    return policy_text.check_policy(text, _slugs(work))


def fingerprint_of(text: str) -> str:
    """Of exactly this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def shown(work: Work) -> bodies.StewardPolicy:
    """The whole page."""
    standing, applied = find_in_force(work), policies.find_applied(work)
    on_trial = policies.find_on_trial(work)
    text = text_of(applied)
    return bodies.StewardPolicy(
        version=standing.policy.version,
        number=standing.number,
        broken=standing.broken,
        reviewed=is_reviewed(work, get_place(work)),
        text=text,
        shipped=SHIPPED,
        thresholds=_thresholds(standing.policy),
        changes=changes(DEFAULT, standing.policy),
        warnings=[problem(one) for one in policy_text.check_policy(text).warnings],
        rules=[_rule(rule) for rule in standing.policy.rules],
        trial=on_trial.number if on_trial else None,
        trial_text=text_of(on_trial) if on_trial else None,
        shadow=_shadow(work, standing.number) + _trial(work, standing),
        editions=_editions(work),
        rooms=_slugs(work),
    )


def good(checked: Checked) -> Policy:
    """The policy that was read. Raises PolicyInvalid, naming every mistake."""
    if checked.policy is None:
        raise PolicyInvalid("\n".join(map(str, checked.problems)))
    return checked.policy


def problem(one: Problem) -> bodies.PolicyProblem:
    """As it is sent."""
    return bodies.PolicyProblem(key=one.key, line=one.line, words=one.words)


def changes(before: Policy, after: Policy) -> list[bodies.PolicyChange]:
    """As they are sent."""
    return [_change(one) for one in policy_text.changes(before, after)]


def edition_text(work: Work, number: int | None = None) -> str:
    """One edition as it is written: None for what is in force, 0 for the shipped one. Raises NotFound."""
    if number is None:
        return text_of(policies.find_applied(work))
    edition = policies.find(work, number) if number else None
    if number and edition is None:
        raise NotFound("There is no such edition.")
    return text_of(edition)


def before_this(work: Work) -> int:
    """What judged before the edition in force. Raises NotNow when nothing did."""
    applied = policies.find_applied(work)
    if applied is None:
        raise NotNow("Everything is as it was shipped: there is nothing to go back to.")
    return applied.previous


def _replayed(work: Work, new: bodies.NewPolicyEdition, standing: InForce) -> UUID | None:
    """The replay behind a change; a trial may begin without one."""
    fingerprint = fingerprint_of(new.text)
    if new.replay is not None:
        replay = policies.find_replay(work, new.replay)
        if replay and (replay.fingerprint, replay.against) == (fingerprint, standing.number):
            return replay.id
        raise NotReplayed
    replay = policies.find_replay_of(work, fingerprint, standing.number)
    if replay is None and new.mode == "applied":
        raise NotReplayed
    return replay.id if replay else None


def _slugs(work: Work) -> list[str]:
    return sorted(room.slug for room, _ in rooms.public_rooms(work))


def _change(one: Change) -> bodies.PolicyChange:
    return bodies.PolicyChange(key=one.key, before=one.before, after=one.after)


def _thresholds(policy: Policy) -> list[bodies.PolicyThreshold]:
    shipped = policy_text.thresholds(DEFAULT)
    return [
        bodies.PolicyThreshold(key=key, value=value, shipped=shipped[key])
        for key, value in policy_text.thresholds(policy).items()
    ]


def _rule(rule: Rule) -> bodies.PolicyRule:
    does: Any = rule.effect
    return bodies.PolicyRule(
        name=rule.name,
        words=rule.words,
        does=does,
        rooms=sorted(rule.rooms),
        patterns=len(rule.patterns) + len(rule.terms),
        shadow=rule.shadow,
    )


def _shadow(work: Work, edition: int) -> list[bodies.PolicyShadow]:
    """The last days of what is in shadow under this edition."""
    since = (work.now - timedelta(days=_SHADOW_DAYS)).date().isoformat()
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in policies.counts_of(work, edition, since):
        found.setdefault(row.what, {}).setdefault(row.day, {})[row.outcome] = row.count
    return [
        bodies.PolicyShadow(what=what, days=[_day(day, counts) for day, counts in days.items()])
        for what, days in found.items()
    ]


def _trial(work: Work, standing: InForce) -> list[bodies.PolicyShadow]:
    return _shadow(work, standing.trial_number) if standing.trial else []


def _day(day: str, counts: dict[str, int]) -> bodies.ShadowDay:
    outcomes = {name: count for name, count in counts.items() if name != shadow.JUDGED}
    return bodies.ShadowDay(day=day, judged=counts.get(shadow.JUDGED, 0), outcomes=outcomes)


def _editions(work: Work) -> list[bodies.PolicyEdition]:
    found = policies.all_editions(work)
    names = policies.names_of(work, {one.by for one in found if one.by})
    return [_edition(work, one, names) for one in found]


def _edition(work: Work, one: PolicyEdition, names: dict[UUID, str]) -> bodies.PolicyEdition:
    mode: Any = one.mode
    return bodies.PolicyEdition(
        number=one.number,
        mode=mode,
        reason=policies.open_reason(work, one),
        by=names.get(one.by) if one.by else None,
        at=one.at,
        previous=one.previous,
        back_to=one.back_to,
        replay=one.replay_id,
        warnings=one.warnings,
    )
