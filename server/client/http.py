"""The HTTP API from a program: one short-lived connection per call, in a thread, with a Bearer token."""

import asyncio
import http.client
import json
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from pydantic import BaseModel

from server.client.errors import Declined, SessionOver, Unreachable
from server.protocol import bodies

Body = TypeVar("Body", bound=BaseModel)

_TIMEOUT_S = 30.0
_UNAUTHORIZED = 401


class Http:
    """Calls on behalf of one member, or of a stranger when there is no token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._parts = urlsplit(url)
        self._token = token

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; None when there is none.

        body: a model of server.protocol.bodies, or plain JSON values.
        Raises Declined, SessionOver, Unreachable.
        """
        status, answer, retry_after_s = await asyncio.to_thread(self._exchange, method, path, body)
        if status < http.client.BAD_REQUEST:
            return answer
        raise _refusal(status, answer, retry_after_s)

    async def read(self, path: str, kind: type[Body]) -> Body:
        """GET, as a model. Fields that are newer than this client are ignored."""
        return kind.model_validate_json(orjson.dumps(await self.call("GET", path)), extra="ignore")

    async def sign_up(self, pseudonym: str, passphrase: str | None = None) -> bodies.Entered:
        """A new member, who has made all three declarations; `token` in the answer."""
        asked = bodies.SignUp(
            pseudonym=pseudonym,
            passphrase=passphrase,
            old_enough=True,
            not_an_emergency_service=True,
            machine_reads_for_safety=True,
            as_program=True,
        )
        return _entered(await self.call("POST", "/api/members", asked))

    async def log_in(self, pseudonym: str, passphrase: str) -> bodies.Entered:
        """A session for somebody who has been here before."""
        asked = bodies.LogIn(pseudonym=pseudonym, passphrase=passphrase, as_program=True)
        return _entered(await self.call("POST", "/api/sessions", asked))

    async def take_seat(self, room: UUID) -> None:
        """Become a member of a room; listening to it is the socket's."""
        await self.call("PUT", f"/api/rooms/{room}/seat")

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, Any, float | None]:
        connection = _connection(self._parts.scheme, self._parts.netloc)
        try:
            connection.request(
                method, path, _encoded(body), self._headers(has_body=body is not None)
            )
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, _decoded(content), _seconds(answer.getheader("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(type(error).__name__) from None
        finally:
            connection.close()

    def _headers(self, *, has_body: bool) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return headers | ({"Content-Type": "application/json"} if has_body else {})


def _connection(scheme: str, netloc: str) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=_TIMEOUT_S)
    return http.client.HTTPConnection(netloc, timeout=_TIMEOUT_S)


def _encoded(body: object) -> bytes | None:
    if isinstance(body, BaseModel):
        return body.model_dump_json(exclude_none=True).encode()
    return None if body is None else json.dumps(body).encode()


def _decoded(content: bytes) -> Any:
    try:
        return orjson.loads(content) if content else None
    except ValueError:
        return None


def _entered(answer: Any) -> bodies.Entered:
    return bodies.Entered.model_validate_json(orjson.dumps(answer), extra="ignore")


def _refusal(status: int, answer: Any, retry_after_s: float | None) -> Exception:
    problem = answer if isinstance(answer, dict) else {}
    code, detail = str(problem.get("code", "refused")), str(problem.get("detail", ""))
    if status == _UNAUTHORIZED and code == "no_session":
        return SessionOver(detail)
    return Declined(code, detail, status=status, retry_after_s=retry_after_s)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None
