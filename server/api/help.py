"""Whom to call, over HTTP: open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.depend import AskPublic
from server.protocol import bodies
from server.services import help

router = APIRouter(prefix="/api/help-lines", tags=["help"])


@router.get("", operation_id="help_read", openapi_extra={"x-access": "help.read"})
async def read_lines(
    ask: AskPublic, country: Annotated[str | None, Query(pattern=r"^[A-Z]{2}$")] = None
) -> bodies.HelpCountries:
    """Every country's numbers; `chosen` is the one asked for, else mine, else the place's."""
    return await ask.read("help.read", lambda work: help.read_lines(work, ask.actor, country))
