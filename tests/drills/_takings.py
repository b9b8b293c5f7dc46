"""Words that are taken away while a room talks, and everywhere they may not be seen again."""

import asyncio
import io
import json
import re
import time
import zipfile
from collections import Counter
from typing import Any, Final
from uuid import uuid4

import orjson

from server.client import Http
from server.client.errors import ClientError
from tests.drills._revoking import (
    IN_ORDER,
    RECOVERY_CODE,
    Ear,
    Place,
    Seated,
    Talk,
    decide,
    raise_case,
)
from tests.drills._waiting import until
from tests.server.push_service import PushService, ReceivingBrowser

TAKINGS: Final = ("hidden", "withdrawn", "edited")
_EXPORT_S = 180.0
_MARK = re.compile(r"qz[0-9a-f]{32}qz")
_OK = 200


class Takings:
    """Each time other words, one way after the other; then everything is looked through for them."""

    def __init__(self, place: Place, talk: Talk) -> None:
        self._place, self._talk = place, talk
        self._fern = Http(place.url, place.fern.token)
        self._counts: Counter[str] = Counter()
        self._gone_at: dict[str, float] = {}

    async def all(self, rounds: int) -> None:
        """So many: said, heard, seen on every page; taken away, and looked for everywhere."""
        for number in range(rounds):
            await self._once(number)

    async def _once(self, number: int) -> None:
        kind, mark = TAKINGS[number % len(TAKINGS)], f"qz{uuid4().hex}qz"
        author = await Ear.open(self._place, self._place.author)
        before = self._talk.ear.seq
        posted = await author.post(mark)
        said, seq = posted["id"], posted["seq"]
        await self._talk.ear.find(lambda frame: frame["type"] == "message" and frame["id"] == said)
        self._counts["shown_before"] += all(mark in page for page in await self._pages(said, seq))
        await self._take(kind, said, author)
        taken = await self._talk.ear.find(
            lambda frame: (
                frame["type"] == "changed"
                and frame.get("message") == said
                and frame["change"] == kind
            )
        )
        self._gone_at[mark] = time.perf_counter()
        self._counts["pages_after"] += sum(mark in page for page in await self._pages(said, seq))
        self._counts["frames_after"] += await self._resumes(mark, before, taken["seq"])
        self._counts["taken_away"] += 1
        await author.close()

    async def _take(self, kind: str, said: str, author: Ear) -> None:
        if kind == "hidden":
            await decide(self._fern, await raise_case(self._place, self._fern, said), "hide")
        elif kind == "withdrawn":
            await author.send(type="withdraw", message=said)
        else:
            text, client_id = "Other words.", str(uuid4())
            await author.send(
                type="edit", message=said, text=text, client_id=client_id, insist=True
            )

    async def _pages(self, said: str, seq: int) -> list[str]:
        """Wherever others read it: a page of the room, the thread, both plain pages, a clinician's look."""
        place = self._place
        room, before = f"/rooms/{place.room}", seq + 1
        look = f"/api/clinic{room}/people/{place.author.id}/messages?before={before}"
        asked = [
            (f"/api{room}/messages?before={before}&limit=50", place.near.token, False),
            (f"/api{room}/threads/{said}", place.near.token, False),
            (f"/plain{room}?before={before}", place.near.token, True),
            (f"/plain{room}/messages/{said}", place.near.token, True),
            (look, place.carer.token, False),
        ]
        found = await asyncio.gather(
            *(asyncio.to_thread(place.get, path, token, as_page=as_page)
              for path, token, as_page in asked)
        )  # fmt: skip
        return [body.decode() for _, body in found]

    async def _resumes(self, mark: str, before: int, upto: int) -> int:
        """Somebody who was not there comes back from before it was said: in how many frames it is."""
        ear = await Ear.open(self._place, self._place.away, after=before)
        await until(lambda: ear.seq >= upto)
        await ear.close()
        return sum(mark in orjson.dumps(frame).decode() for _, frame in ear.heard)

    async def come_out(self, browser: ReceivingBrowser, service: PushService) -> None:
        """What left the place in files and in calls to the browser of whoever is away."""
        for who in (self._place.near, self._place.fern, self._place.away):
            copy = await self._copy(who)
            self._counts["exports"] += 1
            self._counts["exports_after"] += sum(mark in copy for mark in self._gone_at)
        for taken in service.taken:
            said = json.dumps(browser.open(taken.body))
            self._counts["pushes"] += 1
            self._counts["pushes_after"] += bool(_MARK.search(said))

    async def _copy(self, who: Seated) -> str:
        """Everything that the place has of somebody, as they get it."""
        asking = Http(self._place.url, who.token)
        await asking.call("POST", "/api/me/data/export", {"recovery_code": RECOVERY_CODE})
        async with asyncio.timeout(_EXPORT_S):
            while True:
                export = (await asking.call("GET", "/api/me/data"))["export"]
                if export["state"] == "ready":
                    break
                await asyncio.sleep(0.5)
        path = f"/api/me/data/export/{export['id']}/file"
        status, content = await asyncio.to_thread(self._place.get, path, who.token)
        if status != _OK:
            raise ClientError(f"The copy was refused: {status}")
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "".join(packed.read(name).decode() for name in packed.namelist())

    def heard_again(self) -> int:
        """Frames with such words at whoever stayed in the room, after they were taken away."""
        found = 0
        for at, frame in self._talk.ear.heard:
            marks = _MARK.findall(frame.get("text") or "") if frame["type"] in IN_ORDER else []
            found += sum(at > self._gone_at.get(mark, at) for mark in marks)
        return found

    def figures(self) -> dict[str, Any]:
        """Counts."""
        names_of = (
            "taken_away", "shown_before", "frames_after", "pages_after", "exports",
            "exports_after", "pushes", "pushes_after",
        )  # fmt: skip
        self._counts["frames_after"] += self.heard_again()
        return {name: self._counts[name] for name in names_of}
