"""A served group with its people, whose measures tests write by hand."""

from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response

from moderation.classifier import Assessment
from server.cli.members import add_member, make_token
from server.services import names, seats
from server.services.rooms import make_room
from server.store import people
from server.store.work import Work
from tests.server.exporting.drawn import Drawer

PASSPHRASE = "four quiet river stones"
CAST = {"Rowan": "clinician", "Fern": "moderator", "Alder": "steward", "Marram": "peer"}


class Place:
    """`app`: set before it serves."""

    app: Any
    url: str
    source: Drawer
    ids: dict[str, UUID]
    tokens: dict[str, str]
    room: UUID

    async def do(self, verb: Any) -> Any:
        return await self.app.state.parts.database.do(verb)

    async def furnish(self, url: str, source: Drawer) -> "Place":
        self.url, self.source = url, source
        self.ids, self.tokens, self.room = await self.do(_furnish)
        return self

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with AsyncClient(base_url=self.url, headers=headers) as client:
            return await client.request(method, path, json=body)

    async def export(self, who: str, kind: str = "fhir", secret: str = PASSPHRASE) -> Response:
        path = f"/api/clinic/rooms/{self.room}/measures/{kind}"
        return await self.ask(who, "POST", path, {"member": None, "passphrase": secret})


def nothing_is_said(text: str) -> Assessment:
    """A classifier that has nothing to read."""
    raise AssertionError("nobody says anything here")


def _furnish(work: Work) -> tuple[dict[str, UUID], dict[str, str], UUID]:
    ids = {}
    room = make_room(work, "Tides", "For whatever comes and goes.").id
    for name, role in CAST.items():
        add_member(work, name, role, PASSPHRASE)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        ids[name] = member.id
        seats.take_seat(work, room, member.id, seats.seat_for(member.role))
    return ids, {name: make_token(work, name) for name in CAST}, room
