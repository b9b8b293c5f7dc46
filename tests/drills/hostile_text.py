"""500 hostile texts in every field and on every page: nothing runs, the policy holds, nothing is too wide."""

import asyncio
import html
import tempfile
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Route
from playwright.async_api import Error as PlaywrightError
from sqlmodel import select

from server.client import Client, ClientError, Http
from server.ids import new_id
from server.protocol import frames
from server.services import publishing
from server.store import messages
from server.store.tables import Member, Room
from server.store.work import Work
from tests.drills._browsers import READY, chromium, person
from tests.drills._hostile import texts
from tests.drills._sizes import size
from tests.drills._views import View, views
from tests.server.live_server import LiveServer
from tests.server.malforming.world import ROLES, World, build, path_ids, valid_bodies

_FIELDS = frozenset(
    "text words reason note name about title purpose question now stays helps hours source".split()
)
"""Of bodies: what people write in their own words."""
_ACTS = frozenset(("PlacePatch", "SignUp", "LogIn", "Proof", "NewPassphrase", "NewMeasuresExport"))
"""Not here: a name for the place is set beside; the others hold secrets, or end a session."""
_WINDOW = {"width": 390, "height": 844}
_LISTEN = """
window.ran = [];
window.broke = [];
for (const name of ['alert', 'confirm', 'prompt', 'open'])
  window[name] = () => { window.ran.push(name); return true; };
document.addEventListener('securitypolicyviolation', (event) => {
  window.broke.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});
"""
_SEEN = """() => ({
  ran: window.ran, broke: window.broke,
  wide: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - window.innerWidth,
})"""


@dataclass(slots=True)
class Seen:
    """What was written where, and what came of it. taken: fields that took a text, and how many."""

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def fault(self, kind: str, line: str) -> None:
        """Count it, and keep the line."""
        self.faults[kind] += 1
        self.lines.append(f"{kind}: {line}")


def run() -> dict[str, Any]:
    """TEXTS (500), AT_ONCE (50): so many stand in the place while each page is looked at.

    ok: nothing of them runs, the page's policy is never broken, nobody else's host is asked, and no
    page is wider than a phone. Control, caught: a page that shows them as HTML.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    all_texts, at_once = texts(size("TEXTS", 500)), size("AT_ONCE", 50)
    seen = Seen()
    with tempfile.TemporaryDirectory(prefix="hearth-hostile-") as folder:
        server = LiveServer(Path(folder), limits="bench")
        try:
            await server.start()
            async with chromium() as browser:
                for begin in range(0, len(all_texts), at_once):
                    share = all_texts[begin : begin + at_once]
                    world = await build(server)
                    await _write(server, world, share, seen)
                    await _look(browser, server, world, seen)
                    print(f"{begin + len(share)} texts, {seen.pages} pages", flush=True)
                control = await _raw(browser, server, world)
        finally:
            server.kill()
    for line in seen.lines:
        print(line, flush=True)
    kinds = ("ran", "policy_broken", "asked_elsewhere", "too_wide", "not_there")
    figures = {kind: seen.faults[kind] for kind in kinds}
    return {
        "texts": len(all_texts),
        "fields": len(seen.taken),
        "written": sum(seen.taken.values()),
        "refused": sum(seen.refused.values()),
        "pages": seen.pages,
        **figures,
        "control_faults": control,
        "control_caught": control > 0,
        "ok": not any(figures.values()) and control > 0 and seen.pages > 0 and len(seen.taken) > 0,
    }


async def _write(server: LiveServer, world: World, share: Sequence[str], seen: Seen) -> None:
    await server.on_database(lambda work: _in_the_database(work, world, share, seen))
    await _by_frames(server, world, share, seen)
    openapi = await Http(server.url).call("GET", "/api/openapi.json")
    turn = iter(range(1_000_000))
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            model = _model(operation)
            if model and model not in _ACTS and "{care_scope}" not in path:
                await _by_request(server, world, (method, path, model), share, next(turn), seen)


def _in_the_database(work: Work, world: World, share: Sequence[str], seen: Seen) -> None:
    """Messages, asks and content notes; and names, which the door would refuse, as they are."""
    for number, text in enumerate(share):
        message = publishing.say(work, world.room, world.other, text)
        message.ask = number % 5 == 0
        if number % 3 == 0:
            messages.seal_note(work, message, share[-1 - number])
        work.session.add(message)
        seen.taken["message"] += 1
    people = list(work.session.exec(select(Member)).all())
    for member, text in zip(people[-len(ROLES) - 1 :], share, strict=False):
        member.pseudonym = text
        work.session.add(member)
        seen.taken["member.name"] += 1
    for room, text in zip(
        work.session.exec(select(Room)).all(), share[len(ROLES) + 1 :], strict=False
    ):
        room.name, room.purpose = text, share[0]
        work.session.add(room)
        seen.taken["room.name"] += 1


async def _by_frames(server: LiveServer, world: World, share: Sequence[str], seen: Seen) -> None:
    """Replies, and reports with words."""
    async with Client(server.url, world.tokens[ROLES[0]]) as one:
        await one.join(world.room)
        for text in share[::5]:
            try:
                await one.post(world.room, text, reply_to=world.own)
                await one.send(
                    frames.Flag(
                        type="flag", room=world.room, message=world.theirs, reason="not_sure", words=text[:500]
                    )
                )  # fmt: skip
                seen.taken["flag.words"] += 1
            except (ClientError, ValueError):
                seen.refused["flag.words"] += 1


async def _by_request(
    server: LiveServer,
    world: World,
    operation: tuple[str, str, str],
    share: Sequence[str],
    turn: int,
    seen: Seen,
) -> None:
    """As each role, each with other texts: whoever may, leaves them there."""
    method, path, model = operation
    body = valid_bodies(world).get(model, {})
    fields = sorted(_FIELDS & {name for name, value in body.items() if isinstance(value, str)})
    for number, role in enumerate(ROLES if fields else ()):
        filled = deepcopy(body)
        for place, name in enumerate(fields):
            filled[name] = share[(turn * 7 + number + place) % len(share)][:300]
        if "slug" in filled:
            filled["slug"] = f"h-{str(new_id())[-12:]}"
        names = [f"{model}.{name}" for name in fields]
        try:
            there = path.format(**path_ids(world))
            await Http(server.url, world.tokens[role]).call(method.upper(), there, filled)
            seen.taken.update(names)
        except (ClientError, ValueError, OSError):
            seen.refused.update(names)


def _model(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "").rpartition("/")[2])


async def _look(browser: Browser, server: LiveServer, world: World, seen: Seen) -> None:
    """Every page, by whoever works there."""
    base = f"http://localhost:{server.port}"
    for role in ROLES:
        async with person(
            browser, server, world.tokens[role], viewport=_WINDOW, reduced_motion="reduce"
        ) as page:
            page.set_default_timeout(30_000)
            await page.add_init_script(_LISTEN)
            page.on("request", lambda asked: _own(asked.url, base, seen))
            for view in views(world):
                if view.whose is role:
                    await _look_at(page, base, view, seen)


def _own(url: str, base: str, seen: Seen) -> None:
    if not url.startswith((base, base.replace("http", "ws"), "blob:", "data:", "about:")):
        seen.fault("asked_elsewhere", url)


async def _look_at(page: Page, base: str, view: View, seen: Seen) -> None:
    seen.pages += 1
    try:
        await page.goto(base + view.path)
        await page.wait_for_function(READY)
        await page.wait_for_load_state("networkidle")
        await page.evaluate(
            "document.querySelectorAll('details').forEach((one) => (one.open = true))"
        )
    except PlaywrightError as error:
        seen.fault("not_there", f"{view.route}: {error.message.splitlines()[0]}")
    await _judge(page, view.route, seen)


async def _judge(page: Page, where: str, seen: Seen) -> None:
    found = await page.evaluate(_SEEN)
    for what in found["ran"]:
        seen.fault("ran", f"{where}: {what}")
    for what in found["broke"]:
        seen.fault("policy_broken", f"{where}: {what}")
    if found["wide"] > 1:
        seen.fault("too_wide", f"{where}: by {found['wide']} px")


async def _raw(browser: Browser, server: LiveServer, world: World) -> int:
    """Faults of a page that does what ours must not."""
    seen = Seen()

    async def as_html(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=html.unescape(await answer.text()))

    async with person(browser, server, world.tokens[ROLES[0]], viewport=_WINDOW) as page:
        await page.add_init_script(_LISTEN)
        await page.route("**/plain/rooms/*", as_html)
        base = f"http://localhost:{server.port}"
        path = f"/plain/rooms/{world.room}"
        await page.goto(base + path)
        try:
            await _judge(page, path, seen)
        except PlaywrightError:  # a text has led the page away
            seen.fault("ran", path)
    return sum(seen.faults.values())
