"""The demo's moderators work through what is older; what is recent waits for whoever looks around."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.client import Declined, Http
from server.demo.founding import Founded
from server.demo.past import Decided
from server.protocol import bodies

_WAITING = timedelta(hours=2)
"""Younger cases stay in the queue, so that there is something to do."""
_FIRST_LOOK = {
    "now": timedelta(minutes=4),
    "soon": timedelta(minutes=35),
    "routine": timedelta(hours=5),
    "none": timedelta(hours=5),
}
_REASON = "Looked at by a person, together with the words around it."
_CARE = (
    "Thank you for saying how it really is. We read it, and we are glad that you are here. "
    "If it gets heavier tonight, write to us, or call one of the lines under Help."
)
_CONTACT = (
    "Hello, I am one of the moderators. I read what you wrote and I would like to ask how you are "
    "right now. You do not have to be alone with this: I am here for the next while."
)


@dataclass(frozen=True, slots=True)
class _Step:
    action: bodies.Action
    words: str | None = None
    minutes: int | None = None


async def work_the_queue(url: str, founded: Founded, now: datetime) -> list[Decided]:
    """Claim and decide the older cases as their rooms' moderators, who stay on shift; hand up a recent one."""
    decided: list[Decided] = []
    handed_up = False
    for name in founded.staff:
        http = Http(url, founded.tokens[name])
        try:
            await http.call("PUT", "/api/shift", {"on": True})
        except Declined:  # neither a moderator nor a clinician
            continue
        decided += await _work(http, now)
        handed_up = handed_up or await _hand_up(http)
    return decided


async def _work(http: Http, now: datetime) -> list[Decided]:
    return [
        Decided(line.id, line.opened_at + _FIRST_LOOK[line.urgency])
        for line in await _lines(http)
        if _is_due(line, now) and await _decide(http, line, _steps(line))
    ]


async def _hand_up(http: Http) -> bool:
    """One that is still waiting and not of the gravest, for the clinicians."""
    for line in await _lines(http):
        if line.kind == "risk" and line.urgency == "soon" and line.state == "open":
            return await _decide(http, line, [_Step("reach_out", _CONTACT), _Step("escalate")])
    return False


def _is_due(line: bodies.CaseLine, now: datetime) -> bool:
    """Old enough that in a real place somebody would have looked by now."""
    return line.state == "open" and not line.seen_by_a_person and now - line.opened_at > _WAITING


async def _lines(http: Http) -> list[bodies.CaseLine]:
    lines: list[bodies.CaseLine] = []
    after = ""
    while True:
        page = await http.read(f"/api/queue{after}", bodies.Queue)
        lines += page.cases
        if page.after is None:
            return lines
        after = f"?after={page.after}"


async def _decide(http: Http, line: bodies.CaseLine, steps: Iterable[_Step]) -> bool:
    """One case, in as many steps as it takes; False when another is at it or nothing fits."""
    version = line.version
    try:
        claimed = await http.call(
            "PUT", f"/api/cases/{line.id}/claim", bodies.Claim(version=version)
        )
        version = claimed["version"]
        for step in steps:
            asked = bodies.NewDecision(
                action=step.action,
                version=version,
                reason=_REASON,
                words=step.words,
                minutes=step.minutes,
            )
            case = await http.call("POST", f"/api/cases/{line.id}/decisions", asked)
            version = case["line"]["version"]
    except Declined:
        return False
    return True


_harm = itertools.cycle(("hide", "warn", "pause"))


def _steps(line: bodies.CaseLine) -> Iterator[_Step]:
    """What a careful moderator might do."""
    if line.kind in {"risk", "line"}:
        if line.urgency in {"now", "soon"}:
            yield _Step("reach_out", _CONTACT)
        yield _Step("care_note", _CARE)
    elif line.kind in {"harm", "held"}:
        action = next(_harm)
        if action == "pause":
            yield _Step("pause", minutes=60)
        else:
            yield _Step("hide" if action == "hide" else "warn")
    else:
        yield _Step("dismiss")
