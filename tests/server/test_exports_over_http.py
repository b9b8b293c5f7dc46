"""Files over HTTP: proved again who asks, streamed, kept nowhere, and the member is told."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from httpx2 import AsyncClient, Response

from moderation.classifier import Assessment
from server.cli.members import add_member, make_token
from server.services import names, seats
from server.services.fhir.joining import measures
from server.services.rooms import make_room
from server.store import people, receipts
from server.store.work import Work
from tests.server.exporting.drawn import Drawer, agree
from tests.server.in_process import serving

PASSPHRASE = "four quiet river stones"
CAST = {"Rowan": "clinician", "Fern": "moderator", "Alder": "steward", "Marram": "peer"}


class Place:
    """A group, its people, and a browser for each of them."""

    def __init__(self, url: str, app: FastAPI, source: Drawer) -> None:
        self.url, self.source = url, source
        self._app = app

    async def do(self, verb: Any) -> Any:
        return await self._app.state.parts.database.do(verb)

    async def furnish(self) -> "Place":
        self.ids, self.tokens, self.room = await self.do(_furnish)
        return self

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        async with AsyncClient(base_url=self.url, headers=headers) as client:
            return await client.request(method, path, json=body)

    async def export(self, who: str, kind: str = "fhir", secret: str = PASSPHRASE) -> Response:
        path = f"/api/clinic/rooms/{self.room}/measures/{kind}"
        return await self.ask(who, "POST", path, {"member": None, "passphrase": secret})


def _furnish(work: Work) -> tuple[dict[str, UUID], dict[str, str], UUID]:
    ids = {}
    room = make_room(work, "Tides", "For whatever comes and goes.").id
    for name, role in CAST.items():
        add_member(work, name, role, PASSPHRASE)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        ids[name] = member.id
        seats.take_seat(
            work, room, member.id, role if role in ("clinician", "moderator") else "member"
        )
    return ids, {name: make_token(work, name) for name in CAST}, room


def _reads_nothing(text: str) -> Assessment:
    raise AssertionError("nobody says anything here")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    source, apps = Drawer(), []

    def change(app: FastAPI) -> None:
        app.dependency_overrides[measures] = lambda: source
        apps.append(app)

    async with serving(tmp_path, _reads_nothing, change=change) as url:
        yield await Place(url, apps[0], source).furnish()


async def test_a_clinician_exports_and_the_member_is_told(place: Place) -> None:
    marram = place.ids["Marram"]
    await place.do(lambda work: agree(work, place.room, marram))
    assert (await place.export("Rowan")).json()["code"] == "not_now", "nothing is finished yet"
    await place.do(lambda work: place.source.answer(marram, place.room, work.now, _1=3, _2=0))

    wrong = await place.export("Rowan", secret="not my passphrase")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_log_in")
    assert await place.do(lambda work: receipts.of_member(work, marram)) == []

    answer = await place.export("Rowan")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    Bundle.model_validate(json.loads(answer.content))
    table = await place.export("Rowan", "csv")
    rows = list(csv.DictReader(StringIO(table.content.decode("utf-8-sig"), newline="")))
    assert [row["value"] for row in rows] == ["3", "0", "3"]
    told = await place.do(lambda work: receipts.of_member(work, marram))
    assert [row.scope for row in told] == ["measures.export"] * 2


async def test_who_may_not_export_learns_nothing_and_tries_no_passphrase(place: Place) -> None:
    for who in ("Fern", "Alder", "Marram"):
        for secret in (PASSPHRASE, "not my passphrase"):
            answer = await place.export(who, secret=secret)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_climate_leaves_as_a_table(place: Place) -> None:
    path = f"/api/clinic/rooms/{place.room}/climate/csv"
    for who in ("Rowan", "Alder"):
        answer = await place.ask(who, "GET", path)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.decode("utf-8-sig").startswith(
            "room,week_start,week_end,figure,value"
        )
    for who in ("Fern", "Marram"):
        assert (await place.ask(who, "GET", path)).status_code == 404
