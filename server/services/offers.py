"""What may be done with a case beside its decisions, as far as a screen may offer it."""

from collections.abc import Sequence
from typing import Any

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.store import notices
from server.store.tables import Case, Message, Notice
from server.store.work import Work

_DANGER = frozenset({CaseKind.RISK, CaseKind.LINE, CaseKind.LOOK_AGAIN})


def urgencies(case: Case) -> list[Any]:
    """Those that a screen may offer."""
    if case.open_key is None:
        return []
    return [str(urgency) for urgency in Urgency if urgency != case.urgency]


def handlings(case: Case, message: Message | None) -> list[Any]:
    """Those that a screen may offer. Whoever may be in danger is never held."""
    if case.open_key is None or message is None or case.kind == CaseKind.APPEAL:
        return []
    if message.state == "held":
        return ["publish", "collapse"]
    if message.state != "published":
        return []
    other = "publish" if message.collapsed_by else "collapse"
    return [other] if is_about_danger(case) else [other, "hold"]


def is_about_danger(case: Case) -> bool:
    """Whether somebody may be in danger, as far as the case knows."""
    return CaseKind(case.kind) in _DANGER or case.about is not None


def may_show_again(work: Work, case: Case, message: Message | None) -> bool:
    """Whether the message was hidden by a decision on this case, and nobody judges that now."""
    if message is None or message.state != "hidden" or case.kind == CaseKind.APPEAL:
        return False
    told = told_of_hiding(work, case)
    return bool(told) and all(notice.appeal is None for notice in told)


def told_of_hiding(work: Work, case: Case) -> Sequence[Notice]:
    """What the author was told when the message was hidden."""
    return notices.told_in(work, case.id, "hidden")
