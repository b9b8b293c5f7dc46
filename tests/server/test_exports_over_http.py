"""Files over HTTP: proved again who asks, streamed, kept nowhere, and the member is told."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle

from server.services.fhir.joining import measures
from server.store import receipts
from tests.server.exporting.drawn import Drawer, agree
from tests.server.exporting.place import PASSPHRASE, Place, nothing_is_said
from tests.server.in_process import serving


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    source, place = Drawer(), Place()

    def change(app: FastAPI) -> None:
        app.dependency_overrides[measures] = lambda: source
        place.app = app

    async with serving(tmp_path, nothing_is_said, change=change) as url:
        yield await place.furnish(url, source)


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
