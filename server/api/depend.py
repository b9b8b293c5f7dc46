"""What every route needs: who asks, through which door, and the way to the services."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from server.access import OPERATIONS, Actor, Relation, check
from server.api.language import language_of
from server.api.polled import PolledLines
from server.api.replays import Replays
from server.api.watch import Watch
from server.api.web_push import PushSender
from server.assessor import Assessor
from server.errors import (
    CrossSite,
    NoSession,
    NotAllowed,
    Pending,
    Removed,
    SecondStepNeeded,
    ServerError,
    Unavailable,
)
from server.limits import Limits
from server.live.catching_up import CatchUp
from server.live.feed import Feed
from server.live.hub import Hub
from server.measures import Catalogue
from server.services import sessions, token_log
from server.services.devices import Device, device_of
from server.services.in_force import Tally
from server.services.known_devices import KnownDevices
from server.services.passphrases import Passphrases
from server.services.reader import Reader
from server.services.sessions import Known
from server.settings import Settings
from server.store.heads import Heads
from server.store.work import Database, Work

Result = TypeVar("Result")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that lives as long as the server; built once in the composition root."""

    settings: Settings
    database: Database
    hub: Hub
    feed: Feed | None
    """Where several workers may serve; the embedded database has one."""
    catch_up: CatchUp
    assessor: Assessor
    reader: Reader
    limits: Limits
    passphrases: Passphrases
    devices: KnownDevices
    heads: Heads
    push: PushSender
    replays: Replays
    tally: Tally
    measures: Catalogue
    watch: Watch = field(default_factory=Watch)
    lines: PolledLines = field(default_factory=PolledLines)


@dataclass(frozen=True, slots=True)
class AskAnybody:
    """A request from a member, or from a stranger (then `actor` is None)."""

    parts: Parts
    address_key: str
    actor: Actor | None = None
    waits: bool = False
    """Signed up, and not yet let in by a steward."""
    is_removed: bool = False
    """Logged in, and no member any more."""
    lacks_second_step: bool = False
    """Staff who had their days to set one up."""
    by_cookie: bool = False
    agent: str = ""
    """What the browser says it is."""
    language: str = "en"

    @property
    def device(self) -> Device:
        """In words."""
        return device_of(self.agent)

    async def do(self, operation: str, verb: Callable[[Work], Result]) -> Result:
        """Something that may write; refused unless the table opens `operation` to this role."""
        self._check_role(operation)
        return await self.parts.database.do(verb)

    async def read(self, operation: str, verb: Callable[[Work], Result]) -> Result:
        """Something that only reads."""
        self._check_role(operation)
        return await self.parts.database.read(verb)

    def _check_role(self, operation: str) -> None:
        """Relations to an object are checked by the service that finds it."""
        if {relation for _, relation in OPERATIONS[operation]} == {Relation.NONE}:
            check(self.actor, operation)


@dataclass(frozen=True, slots=True)
class AskMember(AskAnybody):
    """A request from a member who is logged in."""

    actor: Actor


def parts_of(connection: HTTPConnection) -> Parts:
    """The server's parts."""
    parts: Parts = connection.app.state.parts
    return parts


def token_of(connection: HTTPConnection) -> tuple[str | None, bool]:
    """The session's token, and whether it came by cookie."""
    header = connection.headers.get("authorization", "")
    if header.lower().startswith("bearer "):
        return header[7:].strip(), False
    return connection.cookies.get(cookie_name(parts_of(connection).settings)), True


def cookie_name(settings: Settings) -> str:
    """__Host- where browsers allow it: over TLS."""
    return "__Host-hearth" if settings.is_https else "hearth"


def device_cookie(settings: Settings) -> str:
    """Keeps that a device came in before."""
    return "__Host-hearth-device" if settings.is_https else "hearth-device"


async def find_actor(parts: Parts, token: str | None) -> Actor:
    """Raises NoSession."""
    return (await find_known(parts, token)).actor


async def find_known(parts: Parts, token: str | None, *, asks_second_step: bool = True) -> Known:
    """Raises NoSession, SecondStepNeeded: not in a community that is thrown away."""
    if not token:
        raise NoSession
    asks = asks_second_step and not parts.settings.demo
    known = await parts.database.read(
        lambda work: sessions.find_actor(work, token, asks_second_step=asks)
    )
    if known.stale:
        with suppress(Unavailable):  # a full disk must not keep anybody from reading
            await parts.database.do(lambda work: sessions.touch(work, known.actor.session))
    return known


def check_same_site(request: Request, settings: Settings, *, by_cookie: bool) -> None:
    """A change is asked for by our own pages, or by a program: that says nothing of sites, and brings no cookie.

    Raises CrossSite.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise CrossSite
    if origin is not None and origin not in settings.origins:
        raise CrossSite
    if site is None and origin is None and by_cookie:
        raise CrossSite


def address_key(connection: HTTPConnection) -> str:
    """A salted key for the network a request came from; the address itself is kept nowhere."""
    parts = parts_of(connection)
    return parts.limits.address_key(connection.client.host if connection.client else "")


def _stranger(request: Request) -> tuple[str | None, AskAnybody]:
    """The token that a request brings, and what is known of it before anybody looks whose that is. Raises CrossSite."""
    token, by_cookie = token_of(request)
    parts = parts_of(request)
    check_same_site(request, parts.settings, by_cookie=by_cookie and token is not None)
    return token, AskAnybody(
        parts,
        address_key(request),
        by_cookie=by_cookie,
        agent=request.headers.get("user-agent", ""),
        language=language_of(request),
    )


async def _anybody(request: Request) -> AskAnybody:
    token, stranger = _stranger(request)
    if not token:
        return stranger
    try:
        actor = await find_actor(stranger.parts, token)
    except NoSession as refusal:
        return replace(
            stranger,
            is_removed=isinstance(refusal, Removed),
            lacks_second_step=isinstance(refusal, SecondStepNeeded),
        )
    except Pending:
        return replace(stranger, waits=True)
    return await _as_member(request, stranger, actor)


async def _as_member(request: Request, stranger: AskAnybody, actor: Actor) -> AskMember:
    """Raises NoSession and NotAllowed for a program's token."""
    if actor.scopes is not None:
        await _note_token(request, stranger, actor)
    return AskMember(
        stranger.parts,
        stranger.address_key,
        actor,
        by_cookie=stranger.by_cookie,
        agent=stranger.agent,
        language=stranger.language,
    )


async def _note_token(request: Request, ask: AskAnybody, actor: Actor) -> None:
    """What a program asks for is in its scopes, and in the audit log under its name."""
    if ask.by_cookie:
        raise NoSession
    operation = request.scope["route"].openapi_extra["x-access"]
    if operation not in (actor.scopes or ()):
        raise NotAllowed
    await ask.parts.database.do(lambda work: token_log.note(work, actor, operation))


def refusal_of(ask: AskAnybody) -> ServerError:
    """Why somebody is no member here."""
    if ask.waits:
        return Pending()
    if ask.is_removed:
        return Removed()
    return SecondStepNeeded() if ask.lacks_second_step else NoSession()


async def _speaker(ask: Annotated[AskAnybody, Depends(_anybody)]) -> AskMember:
    """A member whose words are counted one by one, and read first whatever refuses them."""
    if not isinstance(ask, AskMember):
        raise refusal_of(ask)
    return ask


async def _member(ask: Annotated[AskMember, Depends(_speaker)]) -> AskMember:
    ask.parts.limits.hit("request", str(ask.actor.id))
    return ask


async def _own_record(request: Request) -> AskMember:
    """A member, or somebody who was one: what was decided about them is theirs to read, and to ask about."""
    token, stranger = _stranger(request)
    if not token:
        raise NoSession
    parts = stranger.parts
    actor = await parts.database.read(lambda work: sessions.find_for_record(work, token))
    member = await _as_member(request, stranger, actor)
    parts.limits.hit("request", str(actor.id))
    return member


async def _setting_up(request: Request) -> AskMember:
    """A member, also staff who still have to set up a second step."""
    token, stranger = _stranger(request)
    known = await find_known(stranger.parts, token, asks_second_step=False)
    stranger.parts.limits.hit("request", str(known.actor.id))
    return await _as_member(request, stranger, known.actor)


def _mark(request: Request) -> str | None:
    return request.cookies.get(device_cookie(parts_of(request).settings))


Mark = Annotated[str | None, Depends(_mark)]
AskPublic = Annotated[AskAnybody, Depends(_anybody)]
Ask = Annotated[AskMember, Depends(_member)]
AskSpeaker = Annotated[AskMember, Depends(_speaker)]
AskRecord = Annotated[AskMember, Depends(_own_record)]
AskSettingUp = Annotated[AskMember, Depends(_setting_up)]
