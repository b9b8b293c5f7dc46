"""Files over HTTP: proved again who asks, streamed, kept nowhere, and the member is told."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from itertools import count
from uuid import UUID

import pytest
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle

from server.api.exports import measures
from server.ids import digest
from server.store import receipts
from server.store.tables import Member
from server.store.work import Work
from tests.server.exporting.drawn import Drawer, agree
from tests.server.exporting.place import PASSPHRASE, Place, nothing_is_said
from tests.server.in_process import serving

_MARKS = count(1)


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """One server for all; each test has people and a group of its own."""
    source, place = Drawer(), Place()

    def change(app: FastAPI) -> None:
        app.dependency_overrides[measures] = lambda: source
        place.app = app

    folder = tmp_path_factory.mktemp("exports")
    async with serving(folder, nothing_is_said, change=change) as url:
        place.url, place.source = url, source
        yield place


@pytest.fixture
async def place(served: Place) -> Place:
    served.source.responses.clear()
    return await served.furnish(served.url, served.source, f" {next(_MARKS)}")


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
    [line] = (await place.ask("Marram", "GET", "/api/me/receipts")).json()["receipts"]
    assert (line["scope"], line["looks"]) == ("measures.export", 2), (
        "a copy, told apart from a look"
    )


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


async def test_a_recovery_code_proves_it_too_and_stays_good(place: Place) -> None:
    marram, code = place.ids["Marram"], "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE-FF"
    await place.do(lambda work: _coded(work, place.ids["Rowan"], code))
    await place.do(lambda work: agree(work, place.room, marram))
    await place.do(lambda work: place.source.answer(marram, place.room, work.now, _1=3))
    path = f"/api/clinic/rooms/{place.room}/measures/csv"
    for given, status in ((code, 200), (code, 200), (code.replace("A", "B"), 401)):
        asked = {"member": str(marram), "recovery_code": given}
        assert (await place.ask("Rowan", "POST", path, asked)).status_code == status


def _coded(work: Work, member_id: UUID, code: str) -> None:
    member = work.session.get(Member, member_id)
    assert member is not None
    member.recovery_digest = digest(code)
    work.session.add(member)


async def test_after_ten_wrong_proofs_one_has_to_wait(place: Place) -> None:
    answers = [await place.export("Rowan", secret="not my passphrase") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_a_passphrase_changes_only_for_whoever_proves_the_present_one(place: Place) -> None:
    new = {"passphrase": "five slow otters swim", "current": "not my passphrase"}
    wrong = await place.ask("Rowan", "PUT", "/api/me/passphrase", new)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_log_in")
    right = await place.ask("Rowan", "PUT", "/api/me/passphrase", new | {"current": PASSPHRASE})
    assert right.status_code == 200
    assert (await place.export("Rowan")).json()["code"] == "wrong_log_in"
    assert (await place.export("Rowan", secret=new["passphrase"])).json()["code"] == "not_now"
