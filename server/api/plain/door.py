"""Who stands at a plain page, whether a form that came is theirs, and refusals in words."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from moderation.errors import ModerationError
from moderation.lexicon import find
from server.access import Actor
from server.api.depend import AskAnybody, AskMember, address_key, cookie_name, find_actor, parts_of
from server.api.errors import BY_STATUS
from server.api.language import language_of
from server.api.look import look_of, looking
from server.api.plain.rendering import page, speaking
from server.errors import (
    BadFrame,
    CrossSite,
    NoSession,
    NotFound,
    SecondStepNeeded,
    ServerError,
    Unavailable,
)
from server.services import plain, wording
from server.settings import Settings

log = logging.getLogger(__name__)

_MOST_FIELDS = 20
_STALE = "This page had been open for a long time, and its form is no longer valid. Please send it again."


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a plain page, and the place's name for its head."""

    ask: AskAnybody
    place: str


@dataclass(frozen=True, slots=True)
class MemberVisit(Visit):
    """A member at a plain page. token: what their forms carry; unread: notices."""

    ask: AskMember
    token: str
    unread: int

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.ask.actor


async def visit_of(request: Request, *, as_stranger: bool = False) -> Visit:
    """Who comes to a plain page. as_stranger: whoever it is. Raises Pending for those who wait to be let in."""
    parts, key = parts_of(request), address_key(request)
    agent, language = request.headers.get("user-agent", ""), language_of(request)
    try:
        token = None if as_stranger else request.cookies.get(cookie_name(parts.settings))
        actor = await find_actor(parts, token)
        if actor.scopes is not None:
            raise NoSession  # a program's token is no cookie
    except NoSession as refusal:
        ask = AskAnybody(
            parts,
            key,
            lacks_second_step=isinstance(refusal, SecondStepNeeded),
            agent=agent,
            language=language,
        )
        return Visit(ask, await parts.database.read(plain.place_name))
    head = await parts.database.read(lambda work: plain.head(work, actor))
    ask = AskMember(parts, key, actor, by_cookie=True, agent=agent, language=language)
    return MemberVisit(ask, head.place, head.token, head.unread)


async def _visit(request: Request) -> Visit:
    return await visit_of(request)


async def _member(visit: Annotated[Visit, Depends(_visit)]) -> MemberVisit:
    if not isinstance(visit, MemberVisit):
        raise NoSession
    visit.ask.parts.limits.hit("request", str(visit.actor.id))
    return visit


async def _posted(request: Request) -> dict[str, str]:
    """The fields of a form that came from our own pages. Raises CrossSite, BadFrame."""
    check_origin(request, parts_of(request).settings)
    try:
        body = (await request.body()).decode("ascii")
        form = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise BadFrame from None
    # Browsers send each line's end as two characters.
    request.state.form = {name: value.replace("\r\n", "\n") for name, value in form.items()}
    return dict(request.state.form)


async def _own(
    form: Annotated[dict[str, str], Depends(_posted)],
    member: Annotated[MemberVisit, Depends(_member)],
) -> dict[str, str]:
    """The fields of a member's own form. Raises CrossSite where it carries another session's token."""
    if not secrets.compare_digest(form.pop("token", "").encode(), member.token.encode()):
        raise CrossSite(_STALE)
    return form


AnyVisit = Annotated[Visit, Depends(_visit)]
Here = Annotated[MemberVisit, Depends(_member)]
AnyForm = Annotated[dict[str, str], Depends(_posted)]
OwnForm = Annotated[dict[str, str], Depends(_own)]


def check_origin(request: Request, settings: Settings) -> None:
    """Our own origin exactly; a browser that names none says in its Referer where the form stood. Raises CrossSite."""
    origin = request.headers.get("origin")
    if origin is None:
        stood = urlsplit(request.headers.get("referer", ""))
        origin = f"{stood.scheme}://{stood.netloc}"
    if origin not in settings.origins:
        raise CrossSite


class PlainRoute(APIRoute):
    """Refusals become pages, and the words that were sent stand there to be taken along."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """As FastAPI has it."""
        handle = super().get_route_handler()

        async def in_words(request: Request) -> Response:
            speaking.set(language_of(request))
            looking.set(look_of(request))
            try:
                return await handle(request)
            except ServerError as error:
                return await refusal(request, error)
            except ModerationError as error:
                return await refusal(request, ServerError(str(error)))
            except RequestValidationError:
                return await refusal(request, NotFound())
            except HTTPException as error:
                return await refusal(request, BY_STATUS.get(error.status_code, Unavailable)())
            except Exception as error:  # a page, where the API answers with JSON
                log.error("page failed: %s", type(error).__name__)
                return await refusal(request, Unavailable())

        return in_words


async def refusal(request: Request, error: ServerError) -> Response:
    """What was refused and why. Nobody loses their words over it, nor a way to help."""
    form: dict[str, Any] = getattr(request.state, "form", {})
    kept = form.get("text") or form.get("words") or ""
    if isinstance(error, NoSession) and not kept:
        return RedirectResponse("/plain/log-in", 303)
    return page(
        "refused.html",
        int(error.status),
        visit=await _head_of(request),
        error=error,
        kept=kept,
        support=wording.support("self", language_of(request)) if find(kept) else None,
    )


async def _head_of(request: Request) -> Visit | None:
    try:
        return await visit_of(request)
    except ServerError:
        return None
