"""Whether this process lives, and whether it can serve."""

from fastapi import APIRouter
from starlette.responses import JSONResponse

from server.api.depend import AskPublic
from server.store import place

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="health_live", openapi_extra={"x-access": "health.read"})
async def alive() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="health_ready", openapi_extra={"x-access": "health.read"})
async def ready(ask: AskPublic) -> JSONResponse:
    """The database answers; the classifier's state is said, and does not stop anybody from talking."""
    await ask.read("health.read", place.find_place)
    return JSONResponse({"status": "ready", "classifier": ask.parts.assessor.state})
