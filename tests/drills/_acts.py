"""What can happen in a room, one act for each kind of change, in an order in which it makes sense.

An act says who must hear what: `ash:posted birch:changed.edited`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from moderation.classifier import Assessment
from server.protocol import bodies, frames
from tests.drills._cast import Cast
from tests.server.readings import DANGER, calm, harsh, severe, warm

_GRIEF = "My dog died last night and I cannot stop crying"


@dataclass(frozen=True, slots=True)
class Act:
    """do: brings it about, and returns when it was asked for. hears: `name:kind`, all of which must come."""

    name: str
    do: Callable[[Cast], Awaitable[None]]
    hears: tuple[str, ...]


ACTS: list[Act] = []


def read(text: str) -> Assessment:
    """What the classifier says, by a word in the text."""
    if "severe" in text:
        return severe().assessment
    if "harsh" in text:
        return harsh().assessment
    return warm().assessment if "warm" in text else calm().assessment


def _act(hears: str) -> Callable[[Callable[[Cast], Awaitable[None]]], None]:
    def add(do: Callable[[Cast], Awaitable[None]]) -> None:
        ACTS.append(Act(do.__name__, do, tuple(hears.split())))

    return add


# --- saying ---


@_act("ash:posted ash:message birch:message fern:message")
async def ash_asks(cast: Cast) -> None:
    cast.messages["grief"] = _id(await cast["ash"].post(_GRIEF, ask=True, content_note="A loss."))


@_act("birch:posted birch:praise ash:message")
async def birch_answers_warmly(cast: Cast) -> None:
    chosen = UUID(int=uuid4().int & ~3)
    reply_to = cast.messages["grief"]
    answer = await cast["birch"].post("A warm answer.", reply_to=reply_to, client_id=chosen)
    cast.messages["warm"] = _id(answer)


@_act("birch:notice")
async def ash_felt_heard(cast: Cast) -> None:
    message = cast.messages["warm"]
    await cast["ash"].send(
        frames.FeltHeard(type="felt_heard", room=cast.room, message=message, answer="heard")
    )


@_act("rowan:nudge")
async def rowan_is_nudged(cast: Cast) -> None:
    await cast["rowan"].post("A harsh answer.", reply_to=cast.messages["grief"])


@_act("rowan:refused")
async def rowan_answers_what_is_not_there(cast: Cast) -> None:
    await cast["rowan"].post("To nobody.", reply_to=uuid4())


@_act("rowan:posted rowan:support rowan:notice fern:queue ash:message")
async def rowan_may_be_in_danger_and_is_folded(cast: Cast) -> None:
    cast.messages["danger"] = _id(await cast["rowan"].post(f"{DANGER}, you severe lot"))


@_act("ash:typing")
async def birch_writes(cast: Cast) -> None:
    await cast["birch"].send(frames.Typing(type="typing", room=cast.room))


# --- changes ---


@_act("ash:posted ash:changed.edited birch:changed.edited")
async def ash_edits(cast: Cast) -> None:
    await cast["ash"].edit(cast.messages["grief"], f"{_GRIEF}, and nobody is here")


@_act("ash:reaction birch:reaction")
async def birch_reacts(cast: Cast) -> None:
    await _react(cast, "birch", "grief", "hug")


@_act("ash:reaction birch:reaction")
async def rowan_reacts(cast: Cast) -> None:
    await _react(cast, "rowan", "grief", "same")


@_act("ash:reaction birch:reaction")
async def rowan_takes_it_back(cast: Cast) -> None:
    await _react(cast, "rowan", "grief", None)


@_act("ash:message")
async def birch_says_what_is_soon_taken_back(cast: Cast) -> None:
    cast.messages["taken"] = _id(await cast["birch"].post("I should not have said this."))


@_act("ash:changed.withdrawn birch:changed.withdrawn")
async def birch_withdraws(cast: Cast) -> None:
    taken = cast.messages["taken"]
    await cast["birch"].send(frames.Withdraw(type="withdraw", room=cast.room, message=taken))


# --- moderators ---


@_act("fern:queue birch:notice")
async def birch_flags(cast: Cast) -> None:
    message = cast.messages["grief"]
    await cast["birch"].send(
        frames.Flag(type="flag", room=cast.room, message=message, reason="not_sure")
    )


@_act("fern:queue heath:queue")
async def fern_looks_at_it(cast: Cast) -> None:
    case = (await cast.find_case("fern", cast.messages["grief"])).line
    body = bodies.Claim(version=case.version)
    await cast["fern"].http.call("PUT", f"/api/cases/{case.id}/claim", body)


@_act("birch:changed.hidden ash:changed.hidden ash:notice birch:notice fern:queue")
async def fern_hides(cast: Cast) -> None:
    await cast.decide("fern", "hide", cast.messages["grief"])


@_act("fern:queue heath:queue")
async def ash_appeals(cast: Cast) -> None:
    await _appeal(cast, "ash", "hidden")


@_act("birch:changed.shown ash:changed.shown ash:notice heath:queue")
async def heath_overturns(cast: Cast) -> None:
    await cast.decide("heath", "overturn", cast.messages["grief"])


@_act("rowan:held rowan:notice fern:queue")
async def rowan_is_held(cast: Cast) -> None:
    held: Any = await cast["rowan"].post("Something severe.")
    cast.messages["held"] = held.id


@_act("rowan:message birch:message rowan:notice fern:queue")
async def fern_lets_it_through(cast: Cast) -> None:
    await cast.decide("fern", "dismiss", cast.messages["held"])


@_act("rowan:held fern:queue")
async def rowan_is_held_again(cast: Cast) -> None:
    held: Any = await cast["rowan"].post("Something severe, again.")
    cast.messages["held"] = held.id


@_act("rowan:notice fern:queue")
async def fern_keeps_it_back(cast: Cast) -> None:
    await cast.decide("fern", "hide", cast.messages["held"])


@_act("birch:changed.hidden birch:held fern:queue")
async def birch_edits_and_is_held(cast: Cast) -> None:
    await cast["birch"].edit(cast.messages["warm"], "Something severe instead.")


@_act("birch:changed.shown ash:changed.shown birch:notice")
async def fern_lets_the_edit_through(cast: Cast) -> None:
    await cast.decide("fern", "dismiss", cast.messages["warm"])


@_act("fern:queue heath:queue")
async def rowan_appeals_the_fold(cast: Cast) -> None:
    await _appeal(cast, "rowan", "collapsed")


@_act("rowan:changed.collapsed ash:changed.collapsed rowan:notice heath:queue")
async def heath_unfolds(cast: Cast) -> None:
    await cast.decide("heath", "overturn", cast.messages["danger"])


@_act("rowan:notice fern:queue")
async def fern_pauses_rowan(cast: Cast) -> None:
    await cast.decide("fern", "pause", cast.messages["danger"], minutes=60)


@_act("rowan:support rowan:refused fern:queue")
async def rowan_is_in_danger_and_paused(cast: Cast) -> None:
    await cast["rowan"].post(f"{DANGER}, I mean it")


# --- coming and going ---


@_act("ash:changed.joined")
async def sorrel_takes_a_seat(cast: Cast) -> None:
    await cast["sorrel"].http.take_seat(cast.room)


@_act("sorrel:posted ash:message")
async def sorrel_speaks_before_listening(cast: Cast) -> None:
    await cast["sorrel"].post("I am new here.")


@_act("sorrel:joined ash:presence")
async def sorrel_listens(cast: Cast) -> None:
    sorrel = cast["sorrel"]
    await sorrel.client.join(cast.room, after=sorrel.view.seq)


@_act("ash:presence")
async def fern_begins_a_shift(cast: Cast) -> None:
    await cast["fern"].http.call("PUT", "/api/shift", {"on": True})


@_act("sorrel:left ash:changed.left ash:presence alder:sight")
async def sorrel_leaves(cast: Cast) -> None:
    await cast["sorrel"].http.call("DELETE", f"/api/rooms/{cast.room}/seat")


@_act("fern:queue")
async def ash_flags_rowan(cast: Cast) -> None:
    message = cast.messages["danger"]
    await cast["ash"].send(
        frames.Flag(type="flag", room=cast.room, message=message, reason="unsafe")
    )


@_act("rowan:left rowan:notice ash:changed.left ash:presence")
async def fern_removes_rowan(cast: Cast) -> None:
    await cast.decide("fern", "remove_member", cast.messages["danger"])


def _id(answer: frames.ServerFrame) -> UUID:
    assert isinstance(answer, frames.Posted), answer
    return answer.id


async def _appeal(cast: Cast, name: str, kind: str) -> None:
    http = cast[name].http
    found = (await http.read("/api/me/notices", bodies.Notices)).notices
    notice = next(notice for notice in found if notice.kind == kind)
    await http.call("POST", f"/api/me/notices/{notice.id}/appeal", {"words": "Please look."})


async def _react(cast: Cast, name: str, message: str, reaction: frames.Reaction | None) -> None:
    await cast[name].send(
        frames.React(
            type="react", room=cast.room, message=cast.messages[message], reaction=reaction
        )
    )
