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

    async def furnish(self, url: str, source: Drawer, mark: str = "") -> "Place":
        """mark: behind each name, where one server serves many tests."""
        self.url, self.source = url, source
        made = await self.do(lambda work: _furnish(work, mark))
        self.ids, self.tokens, self.room = made
        return self

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with AsyncClient(base_url=self.url, headers=headers, timeout=60) as client:
            return await client.request(method, path, json=body)

    async def export(self, who: str, kind: str = "fhir", secret: str = PASSPHRASE) -> Response:
        path = f"/api/clinic/rooms/{self.room}/measures/{kind}"
        return await self.ask(who, "POST", path, {"member": None, "passphrase": secret})


def nothing_is_said(text: str) -> Assessment:
    """A classifier that has nothing to read."""
    raise AssertionError("nobody says anything here")


def _furnish(work: Work, mark: str) -> tuple[dict[str, UUID], dict[str, str], UUID]:
    ids, tokens = {}, {}
    room = make_room(work, f"Tides{mark}", "For whatever comes and goes.").id
    for name, role in CAST.items():
        known_as = f"{name}{mark}"
        add_member(work, known_as, role, PASSPHRASE if role == "clinician" else None)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(known_as))
        assert member is not None
        ids[name], tokens[name] = member.id, make_token(work, known_as)
        seats.take_seat(work, room, member.id, seats.seat_for(member.role))
    return ids, tokens, room
