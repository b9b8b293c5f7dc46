"""Words that would run as scripts, or load something, in every view that a browser shows them in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Page, async_playwright

from moderation.cases import CaseKind
from server.access import Role
from server.client import Http
from server.protocol import frames
from server.services import messages, publishing, seats, sessions
from server.services.rooms import make_room
from server.store import cases
from server.store.work import Work
from tests import installed
from tests.browser import FLAGS
from tests.server.fuzzing.corpora import scripts
from tests.server.fuzzing.operations import Fuzzed
from tests.server.fuzzing.texts import fill, text_fields
from tests.server.live_server import LiveServer
from tests.server.malforming.world import World, build

_A_PAGE = 80
"""As many messages as a view shows at once."""
_EACH_SO_MANIETH = 40
_SETTLES_MS = 700
_LOADS_MS = 60_000
_LOOKS = 60
_TOPS = 3
"""So often at its top in a row: nothing older comes."""
_HIGHER = """() => {
  const log = document.querySelector('.log');
  if (!log) return true;
  const top = log.scrollTop;
  log.scrollTop -= log.clientHeight;
  return top === 0;
}"""
_SERVER_ERROR = 500
_CONTROL = 12
_VIEWS = {
    Role.STRANGER: ("/", "/crisis", "/log-in", "/sign-up", "/plain/log-in"),
    Role.PEER: (
        "/rooms", "/asks", "/notices", "/ledger", "/settings", "/sessions", "/care", "/journal", "/measures",
        "/plain", "/plain/notices",
    ),
    Role.MODERATOR: ("/queue", "/not-assessed"),
    Role.CLINICIAN: ("/clinic",),
    Role.STEWARD: (
        "/steward", "/steward/rooms", "/steward/members", "/steward/templates", "/steward/help-lines",
        "/steward/invitations", "/steward/policy",
    ),
}  # fmt: skip
"""Beside the rooms and the cases."""


@dataclass(slots=True)
class Seen:
    """What the pages did. wrong: the first hundred in words."""

    views: int = 0
    shown: int = 0
    faults: dict[str, int] = field(
        default_factory=lambda: {"ran": 0, "loaded": 0, "policy_broken": 0, "asked": 0, "broken": 0}
    )
    wrong: list[str] = field(default_factory=list)

    def fault(self, kind: str, what: str) -> None:
        """Count it."""
        self.faults[kind] += 1
        if len(self.wrong) < 100:
            self.wrong.append(f"{kind}: {what}")


async def in_every_view(
    folder: Path, count: int, figures: dict[str, Any]
) -> list[tuple[str, bool]]:
    """count: of the payloads; 0: all."""
    payloads = scripts()[: count or None]
    server = LiveServer(folder, limits="bench")
    seen = Seen()
    try:
        await server.start()
        world = await build(server)
        openapi = await Http(server.url).call("GET", "/api/openapi.json")
        rooms = await server.on_database(partial(_say_all, world=world, payloads=payloads))
        flagged = await server.on_database(
            partial(_flag_some, world=world, rooms=rooms, payloads=payloads)
        )
        fields = text_fields(openapi, world)
        await asyncio.to_thread(fill, server, world, fields, Fuzzed(), _EACH_SO_MANIETH)
        async with chromium() as browser:
            for role, views in _VIEWS.items():
                paths = [*views, *_of_rooms(role, rooms), *_of_cases(role, flagged)]
                await _look(browser, server, world.tokens.get(role, ""), paths, payloads, seen)
            control = await _control(browser, payloads[:_CONTROL])
    finally:
        server.kill()
    print(*seen.wrong, sep="\n")
    figures |= {
        "payloads": len(payloads), "views": seen.views, "payloads_shown": seen.shown, "scripts": seen.faults,
        "control_markup_ran": control, "control_markup_caught": control > 0,
    }  # fmt: skip
    return [
        *((f"scripts: {kind}", not times) for kind, times in seen.faults.items()),
        ("each payload was shown", seen.shown >= len(payloads)),
    ]


def _say_all(work: Work, world: World, payloads: Sequence[str]) -> list[UUID]:
    """Rooms with a page of payloads each, in which everybody of the world sits."""
    actors = [sessions.find_actor(work, token).actor for token in world.tokens.values()]
    rooms = []
    for start in range(0, len(payloads), _A_PAGE):
        name = f"Scripts {start} {str(world.room)[-4:]}"
        room = make_room(work, name, payloads[start][:280]).id
        for actor in actors:
            staff = actor.role in {Role.MODERATOR, Role.CLINICIAN}
            seats.take_seat(work, room, actor.id, str(actor.role) if staff else "member")
        for text in payloads[start : start + _A_PAGE]:
            publishing.say(work, room, actors[0].id, text)
        rooms.append(room)
    return rooms


def _flag_some(
    work: Work, world: World, rooms: Sequence[UUID], payloads: Sequence[str]
) -> list[UUID]:
    """A case in each room, with many payloads in the words of whoever flagged."""
    peer, steward = (
        sessions.find_actor(work, world.tokens[role]).actor for role in (Role.PEER, Role.STEWARD)
    )
    found = []
    for number, room in enumerate(rooms):
        about = publishing.say(work, room, peer.id, payloads[number])
        words = "\n".join(payloads[number::20])[:4_000]
        asked = frames.Flag(
            type="flag", room=room, message=about.id, reason="not_sure", words=words
        )
        messages.flag(work, steward, asked)
        found.append(cases.living_about(work, about.id, CaseKind.FLAG)[0].id)
    return found


def _of_rooms(role: Role, rooms: Sequence[UUID]) -> list[str]:
    if role is Role.PEER:
        return [path for room in rooms for path in (f"/rooms/{room}", f"/plain/rooms/{room}")]
    return [f"/rooms/{rooms[0]}"] if role is not Role.STRANGER else []


def _of_cases(role: Role, found: Sequence[UUID]) -> list[str]:
    return [f"/cases/{case}" for case in found] if role is Role.MODERATOR else []


async def _look(
    browser: Browser,
    server: LiveServer,
    token: str,
    paths: Sequence[str],
    payloads: Sequence[str],
    seen: Seen,
) -> None:
    """As one person: what the page runs, loads and asks while it shows each path."""
    origin = f"http://localhost:{server.port}"
    context = await browser.new_context()
    if token:
        await context.add_cookies([{"name": "hearth", "value": token, "url": origin}])
    page = await context.new_page()
    at = [""]
    page.on("request", lambda asked: _requested(asked.url, origin, at[0], seen))
    page.on("console", lambda said: _complained(said.text, at[0], seen))
    page.on("dialog", lambda _: seen.fault("asked", at[0]))
    for path in paths:
        at[0] = path
        seen.views += 1
        answer = await page.goto(origin + path, wait_until="load", timeout=_LOADS_MS)
        await page.wait_for_timeout(_SETTLES_MS)
        if path.startswith("/rooms/"):
            seen.shown += await _shown(page, payloads)
        if answer is None or answer.status >= _SERVER_ERROR:
            seen.fault("broken", f"{path}: {answer and answer.status}")
        if await page.evaluate("document.documentElement.dataset.qz ?? ''"):
            seen.fault("ran", path)
    await context.close()


async def _shown(page: Page, payloads: Sequence[str]) -> int:
    """How many stand there as text, from the newest up to the oldest: what is far from sight is put away."""
    left, tops = [" ".join(payload.split()) for payload in payloads], 0
    for _ in range(_LOOKS):
        text = " ".join((await page.evaluate("document.body.textContent")).split())
        left = [payload for payload in left if payload not in text]
        tops = tops + 1 if await page.evaluate(_HIGHER) else 0
        if tops == _TOPS:
            break
        await page.wait_for_timeout(_SETTLES_MS)
    return len(payloads) - len(left)


def _requested(url: str, origin: str, path: str, seen: Seen) -> None:
    ours = (origin, origin.replace("http", "ws", 1), "data:", "blob:", "about:")
    if not url.startswith(ours):
        seen.fault("loaded", f"{path}: {url[:80]}")


def _complained(text: str, path: str, seen: Seen) -> None:
    if "Content Security Policy" in text or "TrustedHTML" in text or "TrustedScript" in text:
        seen.fault("policy_broken", f"{path}: {text[:200]}")


async def _control(browser: Browser, payloads: Sequence[str]) -> int:
    """How many run where a page takes them for markup."""
    context = await browser.new_context(offline=True)
    ran = 0
    for payload in payloads:
        page = await context.new_page()
        await page.set_content(f"<!doctype html><body>{payload}")
        await page.wait_for_timeout(100)
        ran += bool(await page.evaluate("document.documentElement.dataset.qz ?? ''"))
        await page.close()
    await context.close()
    return ran


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A real browser, without a head."""
    program = installed.find_chromium()
    if program is None:
        raise SystemExit(installed.how_to_install(["chromium"]))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()
