"""Pictures of every screen, from `hearth demo`'s community: `python -m tests.web.pictures URL [folder] [word ...]`.

URL: where a demo runs that has fallen silent (`hearth demo --no-talk`). folder: for the pictures and
the page that shows them. word: only pictures with one of these in their names; `pseudo`: every screen in
the pseudo-locale at 320 px instead, and a line for each that sticks out or says a word of no catalogue.
"""

import asyncio
import base64
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from server.demo.runner import PASSPHRASE
from tests.drills._browsers import chromium
from tests.web.strange import NARROW, overflowing, strange, untranslated

DOCS = Path(__file__).parents[2] / "docs"
FOLDER, GALLERY = DOCS / "screens", DOCS / "screens.md"
_PEER, _MODERATOR, _CLINICIAN, _STEWARD = "marram", "fernhollow", "linden", "hearthkeeper"
_SIZES = {"phone": (390, 844), "desk": (1280, 900), "narrow": NARROW}
_WIDTHS = ("phone", "desk")
PSEUDO = "pseudo"
_BY_WORDS = frozenset({"promises", "report"})
"""Acts that find what they press by its English words."""
_QUALITY = 26
_PATIENCE_MS = 40_000
_MOST_TALL_PX = 2_400
_SETTLED = """() => !document.querySelector('.loading, #splash')
  && (!document.querySelector('.root') || !!document.querySelector('header .crisis'))
  && document.getAnimations().every((each) => each.playState !== 'running')"""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown: as whom, where, and in which faces beside the light one.

    path: "{room}" and the like are filled from what the demo holds. acts: "name: value" for `_act`.
    """

    name: str
    title: str
    path: str
    who: str | None = None
    acts: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()


CHIEF = ("dark", "arabic")
SCREENS = (
    Screen("welcome", "The door", "/", faces=CHIEF),
    Screen("sign-up", "Coming in", "/sign-up"),
    Screen("sign-up-promises", "Coming in: what is promised", "/sign-up", acts=("promises",)),
    Screen("log-in", "Coming back", "/log-in", faces=CHIEF),
    Screen("crisis", "Help now, without an account and without a script", "/crisis", faces=CHIEF),
    Screen("recover", "Coming back without a passphrase", "/recover"),
    Screen("report", "A report from outside", "/report", faces=CHIEF),
    Screen("report-status", "What came of a report", "/report/status"),
    Screen("plain-rooms", "Without a script: the rooms", "/plain", _PEER),
    Screen("plain-room", "Without a script: a room", "/plain/rooms/{room}", _PEER, faces=CHIEF),
    Screen("missing", "Nothing is here", "/nowhere"),
    Screen("first-steps", "First steps, with a room to practise in", "/first-steps", _PEER, faces=CHIEF),
    Screen("rooms", "The rooms", "/rooms", _PEER, faces=CHIEF),
    Screen("room", "A room", "/rooms/{room}", _PEER, faces=CHIEF),
    Screen("room-nudge", "A nudge", "/rooms/{room}", _PEER, ("nudge",), ("arabic",)),  # five in a day
    Screen("room-more", "What one can do with a message", "/rooms/{room}", _PEER, ("more",)),
    Screen("room-report", "A report", "/rooms/{room}", _PEER, ("report",)),
    Screen("room-support", "Help for whoever may be in danger", "/rooms/{room}", _PEER, ("support",), CHIEF),
    Screen("room-away", "Without a line", "/rooms/{room}", _PEER, ("away",)),
    Screen("thread", "A post and its replies", "/rooms/{room}/threads/{ask}", _PEER, faces=("dark",)),
    Screen("asks", "Asks that wait", "/asks", _PEER),
    Screen("notices", "Notices", "/notices", _PEER),
    Screen("ledger", "What was decided about me", "/ledger", _PEER),
    Screen("settings", "Settings", "/settings", _PEER, faces=CHIEF),
    Screen("second-step", "A second step", "/second-step", _PEER),
    Screen("complaints", "A complaint", "/complaints", _PEER, faces=("dark",)),
    Screen("break", "Two minutes to breathe", "/break", _PEER, faces=("dark",)),
    Screen("plan", "My plan for hard times", "/plan", _PEER),
    Screen("care", "My care", "/care", _PEER),
    Screen("measures", "My questionnaires", "/measures", _PEER),
    Screen("measure", "A questionnaire", "/measures/phq-9", _PEER),
    Screen("sessions", "Group sessions", "/sessions", _PEER),
    Screen("room-sessions", "A room's sessions", "/rooms/{room}/sessions", _PEER),
    Screen("room-climate", "What a room's climate is, for its members", "/rooms/{room}/climate", _PEER),
    Screen("queue", "The queue", "/queue", _MODERATOR, faces=CHIEF),
    Screen("case", "A case", "/cases/{case}", _MODERATOR, faces=CHIEF),
    Screen("not-assessed", "What was not assessed", "/not-assessed", _MODERATOR),
    Screen("journal", "My journal", "/journal", _PEER),
    Screen("emergencies", "Emergencies", "/emergencies", _CLINICIAN),
    Screen("clinic", "The clinic", "/clinic", _CLINICIAN),
    Screen("clinic-room", "The climate of a room", "/clinic/{room}", _CLINICIAN, faces=CHIEF),
    Screen("clinic-notes", "Notes on a room's weeks", "/clinic/{room}/notes", _CLINICIAN),
    Screen("clinic-measures", "Questionnaires of a group", "/clinic/{room}/measures", _CLINICIAN),
    Screen("clinic-people", "The people of a group", "/clinic/{room}/people", _CLINICIAN),
    Screen("clinic-person", "What somebody shares", "/clinic/{room}/people/{member}", _CLINICIAN),
    Screen("clinic-person-measures", "Somebody's answers", "/clinic/{room}/people/{member}/measures", _CLINICIAN),
    Screen("escalations", "Cases that went up", "/clinic/escalations", _CLINICIAN),
    Screen("steward", "The steward's first page", "/steward", _STEWARD, faces=("dark",)),
    Screen("steward-well", "Whether it is well", "/steward/well", _STEWARD, faces=CHIEF),
    Screen("steward-reports", "Reports from outside", "/steward/reports", _STEWARD, faces=("dark",)),
    Screen("steward-complaints", "Complaints", "/steward/complaints", _STEWARD),
    Screen("steward-rooms", "Rooms", "/steward/rooms", _STEWARD),
    Screen("steward-members", "Members", "/steward/members", _STEWARD),
    Screen("steward-invitations", "Invitations", "/steward/invitations", _STEWARD),
    Screen("steward-help-lines", "Help lines", "/steward/help-lines", _STEWARD),
    Screen("steward-templates", "Templates", "/steward/templates", _STEWARD),
    Screen("steward-policy", "Policy", "/steward/policy", _STEWARD),
    Screen("steward-judgement", "How well it judges", "/steward/judgement", _STEWARD),
    Screen("steward-retention", "How long things are kept", "/steward/retention", _STEWARD),
)  # fmt: skip


class Tour:
    """Goes through the screens of one demo."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self._browser, self._url, self._folder = browser, url, folder
        self._kept: dict[str | None, Any] = {}
        self._contexts: dict[tuple[str, str, str | None, str], BrowserContext] = {}
        self._places: dict[str, str] = {}

    async def begin(self) -> None:
        """Everybody logs in, and what the addresses need is looked up."""
        for who in (_PEER, _MODERATOR, _CLINICIAN, _STEWARD):
            self._kept[who] = await self._log_in(who)
        async with self._page("light", "desk", _PEER) as page:
            await page.goto(f"{self._url}/rooms")
            rooms = await _get(page, "/api/rooms")
            by_name = {room["name"]: room["id"] for room in rooms["rooms"]}
            self._places = {"room": by_name["Evening kitchen table"], "low": by_name["Low days"]}
            said = await _get(page, f"/api/rooms/{self._places['room']}/messages?limit=100")
            asks = [each for each in said["messages"] if each["replies"]]
            self._places["ask"] = (asks or said["messages"])[-1]["id"]
        async with self._page("light", "desk", _MODERATOR) as page:
            await page.goto(f"{self._url}/queue")
            queue = await _get(page, "/api/queue")
            self._places["case"] = queue["cases"][0]["id"]
        async with self._page("light", "desk", _CLINICIAN) as page:
            await page.goto(f"{self._url}/clinic")
            path = f"/api/clinic/rooms/{self._places['room']}/measures"
            alerts = (await _get(page, path))["alerts"]
            worse = [alert["member"] for alert in alerts if alert["reason"] == "worse"]
            self._places["member"] = worse[0]

    async def take(self, screen: Screen, face: str, width: str) -> Path:
        """One picture."""
        path = self._folder / f"{screen.name}-{width}{'' if face == 'light' else f'-{face}'}.webp"
        async with self._page(face, width, screen.who, screen.name if screen.acts else "") as page:
            where = self._url + screen.path.format(**self._places)
            await page.goto(strange(where) if face == PSEUDO else where)
            await page.wait_for_load_state("networkidle")
            for act in screen.acts:
                await getattr(self, f"_{act}")(page)
            await page.wait_for_function(_SETTLED)
            if face == PSEUDO:
                for each in (*await overflowing(page), *await untranslated(page)):
                    print(f"{screen.name}: {each}")
            await self._save(page, path, width)
        return path

    async def _save(self, page: Page, path: Path, width: str) -> None:
        """As WebP, which Playwright does not write, but the browser does."""
        height = await page.evaluate("() => document.documentElement.scrollHeight")
        wide, least = _SIZES[width]
        tall = min(max(height, least), _MOST_TALL_PX)
        await page.set_viewport_size({"width": wide, "height": tall if tall > least else least})
        await asyncio.sleep(0.2)
        devtools = await page.context.new_cdp_session(page)
        shot = await devtools.send(
            "Page.captureScreenshot", {"format": "webp", "quality": _QUALITY}
        )
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))

    @asynccontextmanager
    async def _page(
        self, face: str, width: str, who: str | None, apart: str = ""
    ) -> AsyncIterator[Page]:
        """apart: where something is written, which other pictures must not show."""
        page = await (await self._context(face, width, who, apart)).new_page()
        page.set_default_timeout(_PATIENCE_MS)
        wide, tall = _SIZES[width]
        await page.set_viewport_size({"width": wide, "height": tall})
        try:
            yield page
        finally:
            await page.context.set_offline(False)
            await page.close()

    async def _context(self, face: str, width: str, who: str | None, apart: str) -> BrowserContext:
        """One for each kind of picture: what it has fetched once it need not fetch again."""
        kind = (face, width, who, apart)
        if kind not in self._contexts:
            self._contexts[kind] = await self._browser.new_context(
                has_touch=width != "desk",
                is_mobile=width == "phone",
                color_scheme="dark" if face == "dark" else "light",
                locale="ar" if face == "arabic" else "en-IE",
                timezone_id="Europe/Dublin",
                reduced_motion="reduce",
                storage_state=self._kept.get(who),
            )
        return self._contexts[kind]

    async def _log_in(self, who: str) -> Any:
        async with self._page("light", "desk", None) as page:
            await page.goto(f"{self._url}/log-in")
            await page.get_by_label("Your name here").fill(who)
            await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
            await page.get_by_role("button", name="Log in", exact=True).click()
            await page.wait_for_url(re.compile("/(rooms|queue|clinic|steward)"))
            kept = await page.context.storage_state()
            await page.context.clear_cookies()  # who comes in over a session ends it
            return kept

    async def _promises(self, page: Page) -> None:
        await page.get_by_label("Your name here").fill("Seaglass")
        await page.get_by_role("button", name="Next").click()
        await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
        await page.get_by_role("button", name="Next").click()
        await page.get_by_role("checkbox").first.wait_for()

    async def _nudge(self, page: Page) -> None:
        await _write(page, "Stop whining, you stupid idiot, others have it worse.")
        await page.locator("section.nudge").first.wait_for()

    async def _more(self, page: Page) -> None:
        await page.locator("article:not(.own) button.more").last.click()

    async def _report(self, page: Page) -> None:
        await self._more(page)
        await page.get_by_role("button", name="Ask a moderator to look").last.click()

    async def _support(self, page: Page) -> None:
        await _write(page, "I have the pills here and I am going to kill myself tonight")
        await page.locator("section.support").first.wait_for()

    async def _away(self, page: Page) -> None:
        await page.context.set_offline(True)
        await _write(page, "I am still here, only the train has no line.")
        await asyncio.sleep(1.0)


async def _write(page: Page, words: str) -> None:
    field = page.locator("textarea").last
    await field.fill(words)
    await field.press("Control+Enter")


async def _get(page: Page, path: str) -> Any:
    return await page.evaluate("(path) => fetch(path).then((answer) => answer.json())", path)


async def take_all(url: str, folder: Path, words: list[str]) -> list[Path]:
    """Every screen that is asked for, in each of its faces and widths."""
    taken = []
    words, is_strange = [word for word in words if word != PSEUDO], PSEUDO in words
    async with chromium() as browser:
        tour = Tour(browser, url, folder)
        await tour.begin()
        for screen in SCREENS:
            if words and not any(word in screen.name for word in words):
                continue
            if is_strange and _BY_WORDS & {*screen.acts}:
                continue
            for face in (PSEUDO,) if is_strange else ("light", *screen.faces):
                for width in ("narrow",) if is_strange else _WIDTHS:
                    try:
                        taken.append(await tour.take(screen, face, width))
                    except PlaywrightError as error:
                        print(f"{screen.name} {width} {face}: {error.message.splitlines()[0]}")
    return taken


def gallery(folder: Path) -> str:
    """The page that shows those that are there."""
    lines = [_ABOUT]
    for screen in SCREENS:
        rows = [_row(folder, screen, face) for face in ("light", *screen.faces)]
        if any(rows):
            lines += [f"## {screen.title}\n", *filter(None, rows)]
    return "\n".join(lines)


def _row(folder: Path, screen: Screen, face: str) -> str:
    end = "" if face == "light" else f"-{face}"
    shown = screen.title if face == "light" else f"{screen.title}, {_FACES[face]}"
    images = [
        f'<img src="screens/{screen.name}-{width}{end}.webp" width="{_SHOWN[width]}" alt="{shown}, {said}">'
        for width, said in (("phone", "on a phone"), ("desk", "on a desk"))
        if (folder / f"{screen.name}-{width}{end}.webp").exists()
    ]
    return f"{' '.join(images)}\n" if images else ""


_FACES = {"dark": "dark", "arabic": "in Arabic"}
_SHOWN = {"phone": 220, "desk": 620}
_ABOUT = """# Every screen

From the community of `hearth demo`, where everybody and every word is invented. Phone (390 px) beside
desk (1280 px), light; dark and Arabic for the chief ones. Made anew by `hearth demo --no-talk` and
`python -m tests.web.pictures http://localhost:8000`.
"""


def main(arguments: list[str]) -> int:
    """0 when it is done, 2 without an address."""
    if not arguments:
        print(__doc__)
        return 2
    url, *rest = arguments
    folder = Path(rest[0]) if rest else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    taken = asyncio.run(take_all(url, folder, rest[1:]))
    size_mb = sum(path.stat().st_size for path in folder.glob("*.webp")) / 1e6
    print(f"{len(taken)} pictures; {size_mb:.1f} MB in {folder}")
    if folder == FOLDER:
        GALLERY.write_text(gallery(folder), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
