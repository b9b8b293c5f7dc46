"""What members ask about their data, and how long things are kept here."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from server.api.depend import Ask, AskPublic, AskRecord
from server.api.own_copies import take_file
from server.api.proving import AskProven, check_proven
from server.protocol import rights as bodies
from server.services import erasure, exporting, retention
from server.services.exporting import FILE_NAME
from server.store.copies.key_copies import KEEP
from server.store.work import Work

router = APIRouter(prefix="/api", tags=["rights"])

_DATA = {"x-access": "me.data"}
_FETCH = {"x-access": "me.data.fetch"}
_PUBLIC = {"x-access": "place.retention"}
_STEWARD = {"x-access": "steward.retention"}


@router.get("/me/data", operation_id="me_data", openapi_extra=_DATA)
async def read_data(ask: AskRecord) -> bodies.MyData:
    """What I asked about my data: a copy, or that I leave."""
    return await ask.read("me.data", lambda work: _my_data(work, ask))


@router.post("/me/data/export", status_code=202, operation_id="me_data_export", openapi_extra=_DATA)
async def ask_export(proof: bodies.Proof, ask: AskRecord) -> bodies.DataExport:
    """A copy of everything of mine, made in the background. Proved by my passphrase or recovery code."""
    await check_proven(ask, proof.current, proof.recovery_code)
    return await ask.do("me.data", lambda work: exporting.ask(work, ask.actor))


@router.get(
    "/me/data/export/{export_id}/file",
    operation_id="me_data_export_file",
    openapi_extra=_FETCH,
    response_class=Response,
)
async def fetch_export(export_id: UUID, ask: AskRecord) -> Response:
    """The file, once, within 24 hours. Raises ProofNeeded."""
    await check_proven(ask)
    content = await take_file(ask.parts, ask.actor, export_id)
    headers = {
        "content-disposition": f'attachment; filename="{FILE_NAME}"', "cache-control": "no-store",
    }  # fmt: skip
    return Response(content, media_type="application/zip", headers=headers)


@router.post(
    "/me/data/erasure", status_code=202, operation_id="me_data_erasure", openapi_extra=_DATA
)
async def ask_erasure(proof: bodies.Proof, ask: AskRecord) -> bodies.Erasure:
    """I leave for good, a day from now. Proved by my passphrase or recovery code."""
    await check_proven(ask, proof.current, proof.recovery_code)
    return await ask.do("me.data", lambda work: erasure.ask(work, ask.actor))


@router.delete(
    "/me/data/erasure", status_code=204, operation_id="me_data_stay", openapi_extra=_DATA
)
async def take_back(ask: AskRecord) -> None:
    """I stay after all."""
    await ask.do("me.data", lambda work: erasure.take_back(work, ask.actor))


@router.get("/place/retention", operation_id="place_retention", openapi_extra=_PUBLIC)
async def read_retention(ask: AskPublic) -> bodies.RetentionShown:
    """How long things are kept here, for everybody."""
    return await ask.read("place.retention", lambda work: retention.read_shown(work, ask.actor))


@router.get("/steward/retention", operation_id="steward_retention", openapi_extra=_STEWARD)
async def read_kept(ask: Ask) -> bodies.Retention:
    """Each kind, what may be set, and the last look."""
    return await ask.read("steward.retention", lambda work: retention.read(work, ask.actor))


@router.put(
    "/steward/retention/{kind}", operation_id="steward_retention_change", openapi_extra=_STEWARD
)
async def change_kept(
    kind: bodies.Kind, patch: bodies.RetentionPatch, ask: AskProven
) -> bodies.Retention:
    """Other days for one kind, or the default again. Fewer days erase words: proved once more who asks."""
    return await ask.do(
        "steward.retention", lambda work: retention.change(work, ask.actor, kind, patch)
    )


def _my_data(work: Work, ask: AskRecord) -> bodies.MyData:
    return bodies.MyData(
        export=exporting.read_newest(work, ask.actor),
        erasure=erasure.read(work, ask.actor),
        keys_kept_days=KEEP.days,
        held_days=retention.days_of(work, "holds") or 0,
    )
