"""Every page that there is, from the routers' own lists, and who looks at it in a small community."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi.routing import APIRoute
from starlette.responses import FileResponse

from server.access import Role
from server.api.plain import entry, report, rooms, saying
from tests.server.malforming.world import World, path_ids

_ROUTES = Path(__file__).parents[2] / "web/src/routes"
_WHOSE = {
    "/queue": Role.MODERATOR, "/cases": Role.MODERATOR, "/not-assessed": Role.MODERATOR,
    "/clinic": Role.CLINICIAN, "/emergencies": Role.CLINICIAN,
    "/steward": Role.STEWARD,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A page. route: as the router has it; path: with real ids in it; whose: who works there."""

    route: str
    path: str
    whose: Role


def views(world: World) -> list[View]:
    """All of them. Raises KeyError for a parameter that nobody has told us how to fill."""
    return [*_of_the_web(world), *_plain(world), View("/crisis", "/crisis", Role.PEER)]


def _of_the_web(world: World) -> Iterator[View]:
    ids: dict[str, dict[str, object]] = {
        "/rooms": {"id": world.room, "message": world.own},
        "/cases": {"id": world.case},
        "/clinic": {"room": world.room, "member": world.other, "case": world.case},
        "/statements": {"id": world.notice},
        "/measures": {"measure": "gad-7"},
        "/": {"...path": "no-such-page"},
    }
    for file in sorted(_ROUTES.rglob("+page.svelte")):
        parts = [part for part in file.parent.relative_to(_ROUTES).parts if part[0] != "("]
        route = "/" + "/".join(parts)
        begin = "/" if route.startswith("/[") else f"/{parts[0] if parts else ''}"
        known = ids.get(begin, {})
        path = re.sub(r"\[([^\]]+)\]", lambda found: str(known[found[1]]), route)  # noqa: B023
        yield View(route, path, _WHOSE.get(begin, Role.PEER))


def _plain(world: World) -> Iterator[View]:
    ids = path_ids(world)
    for router in (entry.router, report.router, rooms.router, saying.router):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            is_page = "GET" in (route.methods or ()) and not route.path.endswith("/language")
            if is_page and route.endpoint.__annotations__.get("return") is not FileResponse:
                yield View(route.path, route.path.format(**ids), Role.PEER)
