"""My own journal, over HTTP: for oneself alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import journal as wire
from server.services import journal

router = APIRouter(prefix="/api/me/journal", tags=["care"])

_OWN = {"x-access": "journal.own"}


@router.get("", operation_id="journal_list", openapi_extra=_OWN)
async def list_journal(ask: Ask, before: Annotated[UUID | None, Query()] = None) -> wire.Journal:
    """What I wrote to myself, or the ciphertext of it: a hundred at a time, newest first."""
    return await ask.read("journal.own", lambda work: journal.list_mine(work, ask.actor, before))


@router.post("", status_code=201, operation_id="journal_write", openapi_extra=_OWN)
async def write_journal(new: wire.NewJournalEntry, ask: Ask) -> wire.JournalEntry:
    """Words to myself; nobody else can read them. 409 when the key was turned: look again."""
    return await ask.do("journal.own", lambda work: journal.write(work, ask.actor, new))


@router.get("/lock", operation_id="journal_lock", openapi_extra=_OWN)
async def read_lock(ask: Ask) -> wire.JournalLock:
    """Whose key it is under."""
    return await ask.read("journal.own", lambda work: journal.read_lock(work, ask.actor))


@router.put("/lock", operation_id="journal_turn", openapi_extra=_OWN)
async def turn_lock(new: wire.JournalTurn, ask: Ask) -> wire.JournalLock:
    """All of it under another key, or nothing: 409 when something was written meanwhile."""
    return await ask.do("journal.own", lambda work: journal.turn(work, ask.actor, new))


@router.delete("/{entry_id}", status_code=204, operation_id="journal_erase", openapi_extra=_OWN)
async def erase_journal(entry_id: UUID, ask: Ask) -> None:
    """Gone."""
    await ask.do("journal.own", lambda work: journal.erase(work, ask.actor, entry_id))


@router.delete("", status_code=204, operation_id="journal_erase_all", openapi_extra=_OWN)
async def erase_all(ask: Ask) -> None:
    """All of it, also where its key is lost."""
    await ask.do("journal.own", lambda work: journal.erase_all(work, ask.actor))
