"""What leaves the place as a file: the climate as a table; measures as FHIR or a table. Streamed, not kept."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from server.api.depend import Ask, parts_of
from server.api.proving import check_proven
from server.protocol import exports as bodies
from server.services import climate_csv, measures_csv, measures_export
from server.services.fhir import bundle
from server.services.fhir.joining import Measures as Kept
from server.services.fhir.model import Export, Source

router = APIRouter(prefix="/api/clinic/rooms/{room_id}", tags=["exports"])


async def measures(request: Request) -> Source:
    """What is asked here, and what was answered."""
    return Kept(parts_of(request).measures)


Measures = Annotated[Source, Depends(measures)]
_MEASURES = {"x-access": "measures.export"}
_CSV = "text/csv; charset=utf-8"
_BLOCK_BYTES = 64 * 1024


@router.get(
    "/climate/csv",
    operation_id="climate_csv",
    openapi_extra={"x-access": "clinic.climate"},
    response_class=StreamingResponse,
)
async def read_climate(room_id: UUID, ask: Ask) -> StreamingResponse:
    """The page as a table: a line for each figure, hidden ones too, with what it counts."""
    page = await ask.do("clinic.climate", lambda work: climate_csv.read(work, ask.actor, room_id))
    return _file(climate_csv.stream(page), f"climate-{room_id}.csv", _CSV)


@router.post(
    "/measures/fhir",
    operation_id="measures_fhir",
    openapi_extra=_MEASURES,
    response_class=StreamingResponse,
)
async def export_fhir(
    room_id: UUID, asked: bodies.NewMeasuresExport, ask: Ask, source: Measures
) -> StreamingResponse:
    """A FHIR R4 bundle. Each member whose measures are in it is told."""
    export = await _export(room_id, asked, ask, source)
    return _file(bundle.stream(export), f"measures-{room_id}.fhir.json", bundle.MEDIA_TYPE)


@router.post(
    "/measures/csv",
    operation_id="measures_csv",
    openapi_extra=_MEASURES,
    response_class=StreamingResponse,
)
async def export_csv(
    room_id: UUID, asked: bodies.NewMeasuresExport, ask: Ask, source: Measures
) -> StreamingResponse:
    """The same as a table."""
    export = await _export(room_id, asked, ask, source)
    return _file(measures_csv.stream(export), f"measures-{room_id}.csv", _CSV)


async def _export(
    room_id: UUID, asked: bodies.NewMeasuresExport, ask: Ask, source: Source
) -> Export:
    """Who may not gets no chance to try a passphrase; who cannot prove it, no word about the group."""
    await ask.read(
        "measures.export", lambda work: measures_export.check_may(work, ask.actor, room_id)
    )
    await check_proven(ask, asked.passphrase, asked.recovery_code)
    collected = await ask.read(
        "measures.export",
        lambda work: measures_export.collect(work, ask.actor, room_id, asked.member, source),
    )
    return await ask.do(
        "measures.export", lambda work: measures_export.release(work, ask.actor, collected)
    )


def _file(content: Iterator[bytes], name: str, media_type: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_in_blocks(content), media_type=media_type, headers=headers)


def _in_blocks(content: Iterator[bytes]) -> Iterator[bytes]:
    """Each block is made in a thread of its own: line by line, the changing of threads would cost most."""
    block = bytearray()
    for part in content:
        block += part
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
