"""Coming in and going out by plain forms, notices, and how the pages look."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from server.access import check
from server.api import accounts
from server.api.depend import Mark, parts_of
from server.api.language import COOKIE as LANGUAGE
from server.api.language import language_of
from server.api.pages import PLAIN_FIRST
from server.api.plain.door import AnyForm, AnyVisit, Here, MemberVisit, OwnForm, PlainRoute
from server.api.plain.rendering import STYLE, page
from server.errors import BadFrame, CodeNeeded, SecondStepNeeded, ServerError, WrongCode
from server.protocol import bodies
from server.services import appeals, notices, sessions

router = APIRouter(prefix="/plain", include_in_schema=False, route_class=PlainRoute)

_YEAR_S = 365 * 24 * 3_600
_SHOWN = 20


@router.get("/plain.css", openapi_extra={"x-access": "page.read"})
async def style() -> FileResponse:
    """How the pages look."""
    return FileResponse(STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


@router.get("/language", openapi_extra={"x-access": "page.read"})
async def choose_language(request: Request) -> Response:
    """From now on in this language, here and on the crisis page."""
    response = RedirectResponse("/plain", 303)
    https = parts_of(request).settings.is_https
    response.set_cookie(
        LANGUAGE, language_of(request), max_age=_YEAR_S, secure=https, samesite="lax"
    )
    return response


@router.get("/log-in", openapi_extra={"x-access": "page.read"})
async def ask_who(visit: AnyVisit) -> Response:
    """The form to come in; whoever is in already goes on."""
    if isinstance(visit, MemberVisit):
        return RedirectResponse("/plain", 303)
    wrong = SecondStepNeeded.detail if visit.ask.lacks_second_step else ""
    return page("log_in.html", visit=visit, name="", wrong=wrong, asks_second=False)


@router.post("/log-in", openapi_extra={"x-access": "session.log_in"})
async def log_in(form: AnyForm, visit: AnyVisit, mark: Mark) -> Response:
    """By passphrase or recovery code."""
    name = form.get("pseudonym", "").strip()
    try:
        entered = await accounts.enter(_asked(form, name), visit.ask, mark)
    except ServerError as error:
        asks_second = isinstance(error, CodeNeeded | WrongCode)
        return page(
            "log_in.html", int(error.status), visit=visit, name=name, wrong=error.detail,
            asks_second=asks_second,
        )  # fmt: skip
    response: Response = RedirectResponse("/plain", 303)
    if entered.recovery_code:
        response = page("new_code.html", visit=visit, code=entered.recovery_code)
    await accounts.passed_on(visit.ask, response, entered, as_program=False)
    return response


@router.post("/log-out", openapi_extra={"x-access": "session.end"})
async def log_out(form: OwnForm, here: Here) -> Response:
    """End this session, its tabs and sockets."""
    await here.ask.do(
        "session.end", lambda work: sessions.end_session(work, here.actor, here.actor.session)
    )
    response = RedirectResponse("/plain/log-in", 303)
    accounts.forget_cookie(here.ask, response)
    return response


@router.post("/first", openapi_extra={"x-access": "me.change"})
async def open_first(form: OwnForm, here: Here) -> Response:
    """Whether this device opens the plain pages first."""
    check(here.actor, "me.change")
    response = RedirectResponse("/plain", 303)
    if form.get("first") == "yes":
        https = here.ask.parts.settings.is_https
        response.set_cookie(
            PLAIN_FIRST, "yes", max_age=_YEAR_S, httponly=True, secure=https, samesite="lax"
        )
    else:
        response.delete_cookie(PLAIN_FIRST)
    return response


@router.get("/notices", openapi_extra={"x-access": "notice.list"})
async def list_notices(here: Here) -> HTMLResponse:
    """What was decided about me or my words; the newest."""
    found = await here.ask.read("notice.list", lambda work: notices.list_mine(work, here.actor))
    return page("notices.html", visit=here, notices=found.notices[:_SHOWN])


@router.post("/notices/{notice_id}/read", openapi_extra={"x-access": "notice.read"})
async def read_notice(notice_id: UUID, form: OwnForm, here: Here) -> RedirectResponse:
    """I have seen it."""
    await here.ask.do("notice.read", lambda work: notices.read(work, here.actor, notice_id))
    return RedirectResponse("/plain/notices", 303)


@router.get("/notices/{notice_id}/appeal", openapi_extra={"x-access": "notice.appeal"})
async def ask_for_reasons(notice_id: UUID, here: Here) -> HTMLResponse:
    """The form to ask another person to look."""
    await here.ask.read(
        "notice.appeal", lambda work: notices.get_own(work, here.actor, "notice.appeal", notice_id)
    )
    return page("appeal.html", visit=here, notice_id=notice_id)


@router.post("/notices/{notice_id}/appeal", openapi_extra={"x-access": "notice.appeal"})
async def appeal(notice_id: UUID, form: OwnForm, here: Here) -> RedirectResponse:
    """Please let another person look."""
    try:
        asked = bodies.NewAppeal.model_validate({"words": form.get("words", "").strip()})
    except ValidationError:
        raise BadFrame("Please write what they should know, in up to 4,000 characters.") from None
    await here.ask.do(
        "notice.appeal", lambda work: appeals.appeal(work, here.actor, notice_id, asked.words)
    )
    return RedirectResponse("/plain/notices", 303)


def _asked(form: dict[str, str], name: str) -> bodies.LogIn:
    fields = {
        "pseudonym": name,
        "passphrase": form.get("passphrase") or None,
        "recovery_code": form.get("recovery_code", "").strip() or None,
        "second": form.get("second", "").strip() or None,
    }
    try:
        return bodies.LogIn.model_validate(fields)
    except ValidationError:
        raise BadFrame("Please fill in your name here, and the passphrase or the code.") from None
