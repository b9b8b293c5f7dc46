"""A person says that a rule should not have raised a case. It is counted, and closes nothing."""

from collections import Counter
from uuid import UUID

from server.access import Actor, check
from server.errors import NotNow
from server.protocol import desk
from server.services.case_access import get_case
from server.store import assessments, audit, cases
from server.store import wrong_rules as stored
from server.store.tables import Case, WrongRule
from server.store.work import Work

_MACHINE = frozenset({"classifier", "lexicon"})
_NO_MODEL = "lexicon"
"""What speaks where no model has read the message."""


def call_wrong(work: Work, actor: Actor, case_id: UUID) -> desk.WrongRules:
    """The rules that raised this case were wrong to. Doing it twice changes nothing.

    Raises NotNow when no machine raised it.
    """
    case = get_case(work, actor, "case.rule_wrong", case_id, lock=True)
    rules = rules_of(work, case)
    if not rules:
        raise NotNow("No rule raised this case: a person asked for a look.")
    known = stored.wrong_rules_of(work, case.id, actor.id)
    model = assessments.newest_model(work, case.message_id) if case.message_id else None
    for rule in rules:
        if rule not in known:
            work.session.add(
                WrongRule(
                    case_id=case.id, by=actor.id, rule=rule, model=model or _NO_MODEL,
                    policy=case.policy, at=work.now,
                )
            )  # fmt: skip
    work.session.flush()
    if set(rules) - set(known):
        audit.append(work, actor.id, "case.rule_wrong", case.id)
    return desk.WrongRules(rules=rules)


def rules_of(work: Work, case: Case) -> list[str]:
    """The codes by which the machine raised a case."""
    flags = [flag for flag in cases.flags_of(work, case.id) if flag.source in _MACHINE]
    return sorted({rule for flag in flags for rule in flag.reasons})


def count(work: Work, actor: Actor) -> desk.WrongRuleCounts:
    """By rule and model, for whoever runs the place: counts, no case and no person."""
    check(actor, "steward.wrong_rules")
    spoke = Counter(
        rule
        for _, rules in {(case, tuple(rules)) for case, rules in stored.machine_flags(work)}
        for rule in rules
    )
    return desk.WrongRuleCounts(
        rules=[
            desk.WrongRuleCount(
                rule=one.rule,
                model=one.model,
                wrong=one.wrong,
                cases=spoke[one.rule],
                newest_at=one.newest_at,
            )
            for one in stored.called_wrong(work)
        ]
    )
