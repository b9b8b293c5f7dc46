"""Every cell that the socket has: each command, each person, each way to stand to what it names."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.access import Relation
from server.client.line import socket_url
from server.ids import new_id
from server.protocol import frames
from server.store.work import Work
from tests.server.matrix.asking import Found
from tests.server.matrix.cast import Person
from tests.server.matrix.cells import Matrix
from tests.server.matrix.expected import Answer, expected
from tests.server.matrix.operation import Operation
from tests.server.matrix.targets import WORDS_HERE

COMMANDS = frozenset(
    get_args(model.model_fields["type"].annotation)[0]
    for model in get_args(get_args(frames.ClientFrame)[0])
)
_OF_ROOM = ("room", "line")
_OF_MESSAGE = ("room", "of another room", "line")
_OWN = ("mine", "theirs", "of another room")
_VARIANTS = {
    "join": _OF_ROOM, "leave": _OF_ROOM, "post": _OF_ROOM, "typing": _OF_ROOM, "read": _OF_ROOM,
    "react": _OF_MESSAGE, "flag": _OF_MESSAGE, "edit": _OWN, "withdraw": _OWN, "felt_heard": _OWN,
    "discard": ("place",),
}  # fmt: skip
"""A command that is missing here fails the build."""
_ECHOED = frozenset({"client_id", "room", "message"})
"""Ids that a refusal gives back as they were sent."""
_LISTENS_FIRST = frozenset({"leave", "typing"})


@dataclass(frozen=True, slots=True)
class Sent:
    """One command as somebody sends it. missing: the same about what is not there."""

    operation: Operation
    person: Person
    variant: str
    answer: Answer
    frame: dict[str, Any]
    missing: dict[str, Any] | None

    @property
    def name(self) -> str:
        """For a report."""
        return f"{self.operation.id} ({self.variant}) as {self.person.name}"


def commands(work: Work, matrix: Matrix) -> list[Sent]:
    """One for each cell; made in the database, as the matrix is. Raises KeyError for an unknown command."""
    return [
        _sent(matrix, name, person, variant)
        for name in sorted(COMMANDS)
        for variant in _VARIANTS[name]
        for person in matrix.cast.people
        if person.token
    ]


def _sent(matrix: Matrix, name: str, person: Person, variant: str) -> Sent:
    row = f"frame.{name}"
    operation = Operation(row, row, "", "", frozenset())
    relation, is_there, frame = _aim(matrix, name, person, variant)
    answer = expected(row, row, person, relation, is_there=is_there)
    missing = _about_nothing(frame, variant) if answer == "not_found" else None
    return Sent(operation, person, variant, answer, frame, missing)


def _aim(
    matrix: Matrix, name: str, person: Person, variant: str
) -> tuple[Relation, bool, dict[str, Any]]:
    cast, targets = matrix.cast, matrix.targets
    room = targets.line if variant == "line" else cast.here
    relation = Relation.NONE if variant == "line" else person.relation
    frame: dict[str, Any] = {"type": name, "room": str(room)} | _FIELDS.get(name, {})
    if name in {"post", "edit", "discard"}:
        frame["client_id"] = str(new_id())
    if name == "discard":
        del frame["room"]
        return Relation.SELF, True, frame
    if name in {"edit", "withdraw", "felt_heard", "react", "flag"}:
        frame["message"] = str(_message(matrix, name, person, variant))
    if _VARIANTS[name] is _OWN:
        is_own = variant == "mine" and relation is not Relation.NONE
        relation = Relation.SELF if is_own else Relation.NONE
    return relation, variant != "of another room", frame


_FIELDS: dict[str, dict[str, Any]] = {
    "post": {"text": WORDS_HERE, "insist": True},
    "edit": {"text": WORDS_HERE, "insist": True},
    "react": {"reaction": "hug"},
    "felt_heard": {"answer": "heard"},
    "flag": {"reason": "not_sure"},
    "read": {"seq": 1},
}


def _message(matrix: Matrix, name: str, person: Person, variant: str) -> UUID:
    cast, targets = matrix.cast, matrix.targets
    by = person.id if variant in {"mine", "of another room"} else cast.author.id
    if variant == "of another room":
        return targets.said(cast.there, by).id
    if variant == "line":
        return targets.said(targets.line, cast.author.id).id
    if name == "felt_heard":
        return targets.reply_to(person.id if variant == "mine" else cast.other_author.id).id
    return targets.said(cast.here, by).id


def _about_nothing(frame: dict[str, Any], variant: str) -> dict[str, Any]:
    name = "message" if "message" in frame and variant != "line" else "room"
    return (
        frame
        | {name: str(new_id())}
        | ({"client_id": str(new_id())} if "client_id" in frame else {})
    )


# --- sending ---


async def open_line(url: str, person_token: str) -> ClientConnection:
    """A socket by Bearer token."""
    return await connect(
        socket_url(url),
        subprotocols=[frames.SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {person_token}"},
        proxy=None,
        compression=None,
    )


async def send_all(url: str, sent: Iterable[Sent]) -> Found:
    """All of them: each person's own one after the other, on one socket."""
    found = Found()
    mine: dict[Person, list[Sent]] = {}
    for one in sent:
        mine.setdefault(one.person, []).append(one)
    for person, all_of_them in mine.items():
        await _send_as(url, person, all_of_them, found)
    return found


async def _send_as(url: str, person: Person, sent: list[Sent], found: Found) -> None:
    assert person.token
    async with await open_line(url, person.token) as socket:
        for one in sent:
            found.counts["cells"] += 1
            try:
                await _one(socket, one, found)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
                _judge_closed(one, code, found)


async def _one(socket: ClientConnection, one: Sent, found: Found) -> None:
    if one.operation.row.removeprefix("frame.") in _LISTENS_FIRST:
        await _refusals(socket, one.frame | {"type": "join"})
    refusals = await _refusals(socket, one.frame)
    codes = {str(refusal["code"]) for refusal in refusals}
    said = f"{codes or 'done'}, the table says {one.answer}"
    if one.answer == "allowed":
        found.counts["allowed"] += 1
        if codes & {"not_found", "not_allowed"}:
            found.fault("wrongly_refused", one, said)
        elif codes:
            found.late.setdefault(one.operation.id, set()).update(codes)
        return
    found.counts["refused"] += 1
    if not codes:
        found.fault("leaks", one, said)
    elif codes != {one.answer}:
        found.fault("wrongly_refused", one, said)
    if one.missing:
        found.counts["compared"] += 1
        missing = await _refusals(socket, one.missing)
        if _said(refusals) != _said(missing):
            found.fault("differ", one, f"{_said(refusals)} there, {_said(missing)} not there")


def _judge_closed(one: Sent, code: int, found: Found) -> None:
    """Whoever is no member any more has no line at all."""
    found.counts["refused"] += 1
    if one.answer == "allowed" or code != frames.Close.SESSION:
        found.fault("wrongly_refused", one, f"closed with {code}, the table says {one.answer}")


async def _refusals(socket: ClientConnection, frame: dict[str, Any]) -> list[dict[str, Any]]:
    """What was refused of it: everything up to the refusal of a frame of our own."""
    await socket.send(json.dumps(frame))
    ours = str(new_id())
    await socket.send(json.dumps({"type": "discard", "client_id": ours, "ours": True}))
    found: list[dict[str, Any]] = []
    async for text in socket:
        heard = orjson.loads(text)
        if heard["type"] != "refused":
            continue
        if heard.get("client_id") == ours:
            return found
        found.append(heard)
    raise ConnectionClosed(socket.protocol.close_rcvd, None)


def _said(refusals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the ids by which a client knows what was refused."""
    return [
        {name: value for name, value in refusal.items() if name not in _ECHOED}
        for refusal in refusals
    ]
