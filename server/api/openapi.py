"""One description of all that crosses the wire: the HTTP API and the socket's frames."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from server.protocol import bodies
from server.protocol.frames import SUBPROTOCOL, client_frame, server_frame

_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Let the application describe its frames beside its routes."""
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=_ABOUT
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        for name, adapter in (("ClientFrame", client_frame), ("ServerFrame", server_frame)):
            frame = adapter.json_schema(ref_template=_REF, mode="serialization")
            schemas.update(frame.pop("$defs"))
            schemas[name] = frame
        _name_problems(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _name_problems(schema: dict[str, Any]) -> None:
    """Every refusal has one shape, `Problem`; FastAPI's own validation shape is never sent."""
    schemas = schema["components"]["schemas"]
    schemas["Problem"] = bodies.Problem.model_json_schema(ref_template=_REF)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = problem


_ABOUT = f"""Hearth's HTTP API, and the frames of its socket (`/ws`, subprotocol `{SUBPROTOCOL}`):
`ClientFrame` and `ServerFrame` under components. docs/protocol.md explains both."""
