"""A clinician takes files out of a group in a real browser; the member who agreed is told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.async_api import Page, expect

from server.api.exports import measures
from server.demo import weeks
from server.store import receipts
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.exporting.drawn import Drawer, agree
from tests.server.exporting.place import PASSPHRASE, Place, nothing_is_said
from tests.server.in_process import serving

expect.set_options(timeout=20_000)
STILL: Any = {"reduced_motion": "reduce"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Marram agreed and answered; the room has weeks to look back on."""
    source, place = Drawer(), Place()

    def change(app: Any) -> None:
        app.dependency_overrides[measures] = lambda: source
        place.app = app

    async with serving(tmp_path, nothing_is_said, change=change) as url:
        await place.furnish(url, source)
        await place.do(lambda work: _lived_in(work, place))
        yield place


def _lived_in(work: Work, place: Place) -> None:
    agree(work, place.room, place.ids["Marram"])
    place.source.answer(place.ids["Marram"], place.room, work.now, _1=3, _2=0)
    weeks.add(work, [place.room], work.now)


async def test_a_clinician_takes_the_weeks_and_the_measures_along(
    place: Place, new_page: NewPage, console_errors: list[str]
) -> None:
    rowan = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    await _log_in(rowan, place)
    await rowan.goto(f"{place.url}/clinic/{place.room}")

    async with rowan.expect_download() as table:
        await rowan.get_by_role("link", name="Get the table (CSV)").click()
    lines = _text(await (await table.value).path()).splitlines()
    assert lines[0].startswith("room,week_start")
    assert len(lines) > 100

    await rowan.get_by_role("button", name="Export measures").click()
    await check_accessible(rowan)
    await rowan.get_by_label("Your passphrase").fill(PASSPHRASE)
    async with rowan.expect_download() as bundle:
        await rowan.get_by_role("button", name="Export now").click()
    found = json.loads(_text(await (await bundle.value).path()))
    Bundle.model_validate(found)
    await expect(rowan.get_by_text("The file is among your downloads.")).to_be_visible()
    told = await place.do(lambda work: receipts.of_member(work, place.ids["Marram"]))
    assert [row.scope for row in told] == ["measures.export"]
    assert console_errors == []


async def _log_in(page: Page, place: Place) -> None:
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill("Rowan")
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url("**/rooms")


def _text(path: Path) -> str:
    return path.read_text("utf-8-sig")
