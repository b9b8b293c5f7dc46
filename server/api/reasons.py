"""Reasons over HTTP: what the place promises, statements of reasons, and each member's own ledger."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse

from server.api.depend import Ask, AskPublic, AskRecord
from server.protocol import bodies, frames, reasons
from server.protocol.base import Storable
from server.services import appeals, ledger, promises, statements

router = APIRouter(prefix="/api", tags=["reasons"])

_STATEMENT = {"x-access": "statement.read"}
_LEDGER = {"x-access": "ledger.read"}


@router.get(
    "/place/promises",
    operation_id="place_promises",
    openapi_extra={"x-access": "place.promises"},
)
async def read_promises(ask: AskPublic) -> reasons.Promises:
    """What decisions here rest on, and where somebody can turn outside this place."""
    return await ask.read("place.promises", lambda work: promises.read_promises(work, ask.actor))


@router.put(
    "/steward/promises/{code}",
    operation_id="steward_promises",
    openapi_extra={"x-access": "steward.promises"},
)
async def change_promise(code: str, body: reasons.PromisePatch, ask: Ask) -> reasons.Promises:
    """Other words for one promise (or `outside`: the ways outside); null for the shipped ones."""
    return await ask.do(
        "steward.promises", lambda work: promises.change_words(work, ask.actor, code, body)
    )


@router.get("/me/statements/{notice_id}", operation_id="statement_read", openapi_extra=_STATEMENT)
async def read_statement(notice_id: UUID, ask: AskRecord) -> reasons.Statement:
    """Why I was restricted, by whom, and how to ask again."""
    return await ask.read(
        "statement.read", lambda work: statements.read_statement(work, ask.actor, notice_id)
    )


@router.get(
    "/me/statements/{notice_id}/text",
    operation_id="statement_text",
    openapi_extra=_STATEMENT,
    response_class=PlainTextResponse,
)
async def read_text(notice_id: UUID, ask: AskRecord) -> PlainTextResponse:
    """The same as a text file, to keep."""
    text = await ask.read(
        "statement.read", lambda work: statements.read_text(work, ask.actor, notice_id)
    )
    return PlainTextResponse(text, headers=_as_file(f"statement-{notice_id}.txt"))


@router.get("/me/ledger", operation_id="ledger_read", openapi_extra=_LEDGER)
async def read_ledger(
    ask: AskRecord, after: Annotated[Storable | None, Query(max_length=200)] = None
) -> reasons.Ledger:
    """What was decided about my words by itself, newest first."""
    return await ask.read("ledger.read", lambda work: ledger.read_ledger(work, ask.actor, after))


@router.get("/me/ledger/export", operation_id="ledger_export", openapi_extra=_LEDGER)
async def export(ask: AskRecord, response: Response) -> reasons.Ledger:
    """All of it, as a JSON file."""
    response.headers.update(_as_file("ledger.json"))
    return await ask.read("ledger.read", lambda work: ledger.export(work, ask.actor))


@router.post(
    "/me/ledger/{act_id}/ask",
    operation_id="ledger_ask",
    openapi_extra={"x-access": "ledger.ask"},
)
async def ask_about(act_id: UUID, body: bodies.NewAppeal, ask: AskRecord) -> frames.Notice:
    """Please let a person look at this."""
    return await ask.do(
        "ledger.ask", lambda work: appeals.ask_about(work, ask.actor, act_id, body.words)
    )


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
