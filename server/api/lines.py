"""The line of a member whose network lets no WebSocket through: opened, heard, said into and closed over HTTP.

Each answer is whole, so that a proxy that waits for its end does no harm.
"""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from server.access import Actor, Relation, check
from server.api.depend import Ask, AskSpeaker, Parts, find_known, token_of
from server.api.frames_in import Line
from server.api.polled import WAIT_S, Heard, PolledLine
from server.api.socket import close_code_of, greet, has_too_many
from server.errors import NoSuchLine, NotNow, TooFast
from server.live.connection import Connection
from server.protocol import lines as bodies

router = APIRouter(prefix="/api/lines", tags=["rooms"])

_AGAIN_S = 10.0

Name = Annotated[str, Path(max_length=80)]


@router.post(
    "", status_code=201, operation_id="line_open", openapi_extra={"x-access": "socket.open"}
)
async def open_line(request: Request, ask: Ask) -> bodies.LineOpened:
    """A line like that of a socket; `hello` is the first that is heard on it."""
    check(ask.actor, "socket.open")
    parts, token = ask.parts, token_of(request)[0]
    known = await parts.hub.while_nothing_ends(lambda: find_known(parts, token))
    connection = Connection(known.actor)
    if has_too_many(parts, ask.actor):
        raise TooFast(retry_after_s=_AGAIN_S)
    parts.hub.add(connection)
    name = ""
    try:
        if parts.limits.profile == "normal":
            parts.lines.make_room(ask.actor.id)
        name = parts.lines.add(connection, lambda: parts.hub.remove(connection))
        await greet(parts, connection, known.epoch)
    except BaseException:
        parts.hub.remove(connection)
        parts.lines.forget(name)
        raise
    _mine(parts, name, ask.actor).open_up()
    return bodies.LineOpened(line=name, wait_s=WAIT_S)


@router.get(
    "/{open_line_id}",
    operation_id="line_hear",
    openapi_extra={"x-access": "socket.use"},
    response_model=bodies.LineHeard,
    response_model_exclude_none=True,
)
async def hear(
    open_line_id: Name,
    ask: Ask,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    wait_s: Annotated[int, Query(ge=0, le=WAIT_S)] = WAIT_S,
) -> Response:
    """Frames after number `after`, which confirms all up to it; what is not confirmed comes again."""
    line = _mine(ask.parts, open_line_id, ask.actor)
    heard = await line.hear(after, wait_s)
    return Response(_encoded(line, heard), media_type="application/json")


@router.post(
    "/{open_line_id}",
    status_code=204,
    operation_id="line_say",
    openapi_extra={"x-access": "socket.use"},
)
async def say(open_line_id: Name, body: bodies.LineSaid, ask: AskSpeaker) -> None:
    """Frames as on the socket, answered on the line. Those that came before are not taken twice."""
    line = _mine(ask.parts, open_line_id, ask.actor)
    inside = Line(ask.parts, line.connection)
    async with line.speaking:
        if body.first > line.said + 1:
            raise NotNow("Frames that come before these are missing.")
        for frame in body.frames[line.said + 1 - body.first :]:
            if line.is_over:
                raise NoSuchLine
            line.said += 1
            await inside.receive(_text(frame))


@router.delete(
    "/{open_line_id}",
    status_code=204,
    operation_id="line_close",
    openapi_extra={"x-access": "socket.use"},
)
async def close(open_line_id: Name, ask: Ask) -> None:
    """Nobody listens any more."""
    _mine(ask.parts, open_line_id, ask.actor).let_go()


def _mine(parts: Parts, name: str, actor: Actor) -> PolledLine:
    """Raises NoSuchLine: also for a line of somebody else, or of another session of mine."""
    check(actor, "socket.use", Relation.SELF)
    line = parts.lines.find(name, actor)
    if line is None:
        raise NoSuchLine
    return line


def _encoded(line: PolledLine, heard: Heard) -> bytes:
    """As LineHeard has it; the frames are JSON already."""
    close = b""
    if line.is_over:
        why = bodies.LineClosed(
            code=close_code_of(line.connection), reason=line.connection.close_reason
        )
        close = b',"close":' + why.model_dump_json().encode()
    return b'{"last":%d,"frames":[%s]%s}' % (heard.last, b",".join(heard.frames), close)


def _text(frame: object) -> str:
    """As it would have come on the socket; what cannot be written as JSON there is none here either."""
    try:
        return orjson.dumps(frame).decode()
    except (TypeError, ValueError):
        return ""
