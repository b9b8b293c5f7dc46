"""Refusals as answers: translated here once, for every route."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from moderation.errors import ModerationError
from server.errors import BadFrame, NoSuchLine, NotFound, ServerError, TooLarge

log = logging.getLogger(__name__)

BY_STATUS = {404: NotFound, 422: BadFrame, 400: BadFrame, 413: TooLarge}
"""Refusals that a library makes, and ours in their place."""


def add_error_handlers(app: FastAPI) -> None:
    """Every body is `{code, detail}`; none repeats what was sent."""

    @app.exception_handler(ServerError)
    async def _refused(_: Request, error: ServerError) -> JSONResponse:
        return _problem(error)

    @app.exception_handler(ModerationError)
    async def _rule(_: Request, error: ModerationError) -> JSONResponse:
        return JSONResponse({"code": error.code, "detail": str(error)}, 409)

    @app.exception_handler(RequestValidationError)
    async def _malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":  # the field's name came with the request
            return _problem(BadFrame("There is a field here that is not known."))
        field = ".".join(str(part) for part in first["loc"][1:])[:80]
        return _problem(BadFrame(f"{field}: {first['msg']}." if field else None))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        known = BY_STATUS.get(error.status_code)
        if known:
            return _problem(known())
        return JSONResponse(
            {"code": "refused", "detail": str(error.detail)}, error.status_code, error.headers
        )

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed: %s", type(error).__name__)
        return JSONResponse(
            {
                "code": "unexpected",
                "detail": "Something went wrong here. Nothing you sent was kept from you.",
            },
            500,
        )


def _problem(error: ServerError) -> JSONResponse:
    headers = {"Retry-After": str(int(error.retry_after_s) + 1)} if error.retry_after_s else {}
    if isinstance(error, NoSuchLine):
        headers["Connection"] = "close"
    return JSONResponse({"code": error.code, "detail": error.detail}, error.status, headers)
