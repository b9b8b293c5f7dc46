"""Sign-up, log-in, sessions, and what members change about themselves."""

from uuid import UUID

from fastapi import APIRouter, Response

from server.access import check
from server.api.depend import (
    Ask,
    AskAnybody,
    AskPublic,
    AskRecord,
    AskSettingUp,
    Mark,
    cookie_name,
    device_cookie,
    refusal_of,
)
from server.api.proving import check_proven
from server.api.tries import count_try
from server.errors import CodeNeeded, NoSession, WrongLogIn
from server.protocol import bodies
from server.services import accounts, names, sessions
from server.services.passphrases import check_passphrase
from server.services.sessions import PEER_LIFE

router = APIRouter(prefix="/api", tags=["accounts"])

_DEVICE_S = 365 * 24 * 3_600


@router.post(
    "/members",
    status_code=201,
    operation_id="member_sign_up",
    openapi_extra={"x-access": "member.sign_up"},
)
async def sign_up(asked: bodies.SignUp, ask: AskPublic, response: Response) -> bodies.Entered:
    """Become a member. The recovery code in the answer is never shown again."""
    await ask.parts.limits.count("sign_up", ask.address_key)
    hashed = None
    if asked.passphrase:
        check_passphrase(asked.passphrase, asked.pseudonym)
        hashed = await ask.parts.passphrases.hash(asked.passphrase)
    entered = await ask.do(
        "member.sign_up", lambda work: accounts.sign_up(work, asked, hashed, ask.device)
    )
    return await passed_on(ask, response, entered, as_program=asked.as_program)


@router.post(
    "/sessions",
    status_code=201,
    operation_id="session_log_in",
    openapi_extra={"x-access": "session.log_in"},
)
async def log_in(
    asked: bodies.LogIn, ask: AskPublic, mark: Mark, response: Response
) -> bodies.Entered:
    """By passphrase or recovery code. Wrong name and wrong secret get the same answer, as slowly."""
    entered = await enter(asked, ask, mark)
    return await passed_on(ask, response, entered, as_program=asked.as_program)


@router.get("/sessions", operation_id="session_list", openapi_extra={"x-access": "session.list"})
async def list_sessions(ask: AskSettingUp) -> bodies.Sessions:
    """Where I am logged in."""
    return await ask.read("session.list", lambda work: sessions.list_sessions(work, ask.actor))


@router.delete(
    "/sessions",
    status_code=204,
    operation_id="session_end_all",
    openapi_extra={"x-access": "session.end"},
)
async def log_out_everywhere(ask: AskSettingUp, response: Response) -> None:
    """End every session of mine, and their sockets."""
    await ask.do("session.end", lambda work: sessions.end_mine(work, ask.actor))
    forget_cookie(ask, response)


@router.delete(
    "/sessions/current",
    status_code=204,
    operation_id="session_end_current",
    openapi_extra={"x-access": "session.end"},
)
async def log_out(ask: AskRecord, response: Response) -> None:
    """End this session, its tabs and sockets."""
    await ask.do(
        "session.end", lambda work: sessions.end_session(work, ask.actor, ask.actor.session)
    )
    forget_cookie(ask, response)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    operation_id="session_end",
    openapi_extra={"x-access": "session.end"},
)
async def end_session(session_id: UUID, ask: AskSettingUp) -> None:
    """End one of my sessions."""
    await ask.do("session.end", lambda work: sessions.end_session(work, ask.actor, session_id))


@router.get("/me", operation_id="me_read", openapi_extra={"x-access": "me.read"})
async def get_me(ask: AskPublic) -> bodies.Me | None:
    """Myself; null for a stranger, so that asking is no error."""
    actor = ask.actor
    if actor is None:
        refusal = refusal_of(ask)
        if type(refusal) is NoSession:
            return None
        raise refusal
    return await ask.read("me.read", lambda work: accounts.get_me(work, actor))


@router.patch("/me", operation_id="me_change", openapi_extra={"x-access": "me.change"})
async def change_me(patch: bodies.MePatch, ask: Ask) -> bodies.Me:
    """Tone nudges on or off, my country."""
    return await ask.do("me.change", lambda work: accounts.change_me(work, ask.actor, patch))


@router.put("/me/passphrase", operation_id="me_passphrase", openapi_extra={"x-access": "me.change"})
async def set_passphrase(asked: bodies.NewPassphrase, ask: Ask) -> bodies.Me:
    """A new passphrase, proved by the present one or the recovery code. Ends all other sessions."""
    check(ask.actor, "me.change")
    await check_proven(ask, asked.current, asked.recovery_code)
    check_passphrase(asked.passphrase, ask.actor.name)
    hashed = await ask.parts.passphrases.hash(asked.passphrase)
    return await ask.do(
        "me.change", lambda work: accounts.set_passphrase(work, ask.actor, hashed, ask.language)
    )


async def enter(asked: bodies.LogIn, ask: AskAnybody, mark: str | None) -> bodies.Entered:
    """A session for whoever proves who they are, with its token.

    mark: of a device that came in before. Raises WrongLogIn, CodeNeeded, WrongCode, TooFast.
    """
    tried = await count_try(asked, ask, mark)
    try:
        entered = await (_by_passphrase(asked, ask) if asked.passphrase else _by_code(asked, ask))
    except CodeNeeded:
        await tried.went_well()
        raise
    await tried.went_well()
    return entered


async def passed_on(
    ask: AskAnybody, response: Response, entered: bodies.Entered, *, as_program: bool
) -> bodies.Entered:
    """To a program its token; to a browser its cookie, and the session it had before is over."""
    if as_program:
        return entered
    before = ask.actor
    if before and ask.by_cookie:
        await ask.parts.database.do(lambda work: sessions.end_session(work, before, before.session))
    return keep_cookie(ask, response, entered)


def keep_cookie(ask: AskAnybody, response: Response, entered: bodies.Entered) -> bodies.Entered:
    """Browsers get a cookie that scripts cannot read, and never the token itself."""
    settings = ask.parts.settings
    response.set_cookie(
        cookie_name(settings),
        entered.token or "",
        max_age=int(PEER_LIFE.total_seconds()),
        httponly=True,
        secure=settings.is_https,
        samesite="lax",
        path="/",
    )
    response.set_cookie(
        device_cookie(settings),
        ask.parts.devices.mark(names.name_key(entered.me.pseudonym)),
        max_age=_DEVICE_S,
        httponly=True,
        secure=settings.is_https,
        samesite="lax",
        path="/",
    )
    return entered.model_copy(update={"token": None})


def forget_cookie(ask: AskAnybody, response: Response) -> None:
    """What this browser kept of a session goes, and that it was ever here."""
    settings = ask.parts.settings
    for name in (cookie_name(settings), device_cookie(settings)):
        response.delete_cookie(
            name, httponly=True, secure=settings.is_https, samesite="lax", path="/"
        )
    response.headers["Clear-Site-Data"] = '"cookies", "cache"'


async def _by_passphrase(asked: bodies.LogIn, ask: AskAnybody) -> bodies.Entered:
    found = await ask.read(
        "session.log_in", lambda work: accounts.find_for_log_in(work, asked.pseudonym)
    )
    member_id, stored = found or (None, None)
    matches = await ask.parts.passphrases.matches(stored, asked.passphrase or "")
    if member_id is None or not matches:
        raise WrongLogIn
    return await ask.do(
        "session.log_in",
        lambda work: accounts.log_in(
            work,
            member_id,
            as_program=asked.as_program,
            second=asked.second,
            device=ask.device,
            language=ask.language,
        ),
    )


async def _by_code(asked: bodies.LogIn, ask: AskAnybody) -> bodies.Entered:
    return await ask.do(
        "session.log_in",
        lambda work: accounts.log_in_with_code(work, asked, ask.device, ask.language),
    )
