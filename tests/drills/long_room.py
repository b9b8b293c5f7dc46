"""A room of 10,000 messages, read from the newest to the oldest and back: no long waits, bounded memory.

A task is judged by the time that the page's thread ran in it: on a machine that has other work, the
clock on the wall tells how long that other work was, too. Both are in the figures.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from playwright.async_api import Browser, CDPSession, Page, Route
from sqlmodel import select

from server.services import publishing
from server.store.tables import Member, Membership
from server.store.work import Work
from tests.drills._browsers import chromium, person
from tests.drills._crowd import Crowd, gather
from tests.drills._sizes import size
from tests.server.live_server import LiveServer

_AUTHORS = 12
_AT_ONCE = 500
_CONTROL_MESSAGES = 1_000
_WHEEL_PX = 900
_STUCK_STEPS = 400
_LOOK_EVERY = 10
_LONG_MS = 100
_FRAME_MS = 1_000 / 60
_MOST_ELEMENTS = 8_000
_MOST_HEAP_GROWN_MB = 60.0
_MOST_HEAP_LEFT_MB = 12.0
_MOVED_PX = 2.0
_LATE_S = 3.0
_SAID = (
    "Today was long, and I am only now sitting down.",
    "I walked to the corner and back. That was the plan, and it is done.",
    "Does anybody else count the hours until it is light?\nI do not know what else to do with them.",
    "That sounds heavy. What helped you last time, if anything did?",
    "Thank you. Reading this made my evening a little wider than it was before I opened the door.",
)


class Line(NamedTuple):
    """How far away a phone is, and when the room must be ready. decisions.md 36."""

    name: str
    bits_per_s: int
    late_ms: int
    ready_s: float


_LINES = (Line("phone", 1_600_000, 150, 3.0), Line("slow", 400_000, 400, 6.0))
_SLOWER = 4

# What took the page long, and how far apart its pictures were.
_WATCH = """() => {
  window.seen = {long: [], frames: [], last: performance.now()};
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.seen.long.push(task.duration);
  }).observe({type: 'longtask'});
  const frame = (now) => {
    window.seen.frames.push(now - window.seen.last);
    window.seen.last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
_COUNT = "() => document.querySelectorAll('*').length"
_STANDS = """() => {
  const log = document.querySelector('.log'), top = log.getBoundingClientRect().top;
  const first = [...log.querySelectorAll('article')].find(
    (each) => each.getBoundingClientRect().bottom > top);
  return [first.id, first.getBoundingClientRect().top - top];
}"""
_WHERE = """(id) => document.getElementById(id).getBoundingClientRect().top
  - document.querySelector('.log').getBoundingClientRect().top"""
_PLACE = """() => {
  const log = document.querySelector('.log');
  return [log.scrollTop, log.scrollHeight - log.clientHeight - log.scrollTop];
}"""
_AT_BEGINNING = (
    "() => !!document.querySelector('.log .edge') && !document.querySelector('.log .edge button')"
)
_READY = """() => {
  const field = document.querySelector('textarea');
  return !!field && !field.disabled && document.querySelectorAll('article').length > 10;
}"""
_WITHOUT_WINDOWING = """
window.IntersectionObserver = class {
  observe() {} unobserve() {} disconnect() {} takeRecords() { return []; }
};
"""


@dataclass(slots=True)
class Trace:
    """What was seen on the way. elements: in the page; heap: in MB, as it was when looked at. ran_ms: of each task."""

    elements: list[int] = field(default_factory=list)
    heap: list[float] = field(default_factory=list)
    ran_ms: list[float] = field(default_factory=list)
    steps: int = 0


class Reader:
    """Somebody in the room, with a wheel."""

    def __init__(self, page: Page, devtools: CDPSession, room: str) -> None:
        self._page, self._devtools, self._room = page, devtools, room
        self.trace = Trace()

    @classmethod
    async def come_in(cls, page: Page, server: LiveServer, room: UUID) -> "Reader":
        """In the room, at its end."""
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        await page.goto(f"http://localhost:{server.port}/rooms/{room}")
        await page.wait_for_function(_READY)
        await page.evaluate(_WATCH)
        box = await page.locator(".log").bounding_box()
        assert box
        await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return cls(page, devtools, str(room))

    async def heap_mb(self) -> float:
        """What is in use once what is not has been taken away."""
        await self._devtools.send("HeapProfiler.collectGarbage")
        return await self._heap_mb()

    async def _heap_mb(self) -> float:
        metrics = await self._devtools.send("Performance.getMetrics")
        found = {each["name"]: each["value"] for each in metrics["metrics"]}
        return float(found["JSHeapUsedSize"]) / 1e6

    async def to_the_oldest(self) -> bool:
        """By the wheel, until the room begins."""
        return await self._roll(-_WHEEL_PX, lambda: self._page.evaluate(_AT_BEGINNING))

    async def to_the_newest(self) -> bool:
        """By the wheel, until nothing comes after."""
        return await self._roll(_WHEEL_PX, self._is_at_end)

    async def _is_at_end(self) -> bool:
        return float((await self._page.evaluate(_PLACE))[1]) < 2

    async def _roll(self, by_px: int, arrived: Any) -> bool:
        still, place = 0, -1.0
        while still < _STUCK_STEPS:
            await self._page.mouse.wheel(0, by_px)
            await asyncio.sleep(_FRAME_MS / 1_000)
            self.trace.steps += 1
            if self.trace.steps % _LOOK_EVERY:
                continue
            self.trace.elements.append(await self._page.evaluate(_COUNT))
            self.trace.heap.append(await self._heap_mb())
            if await arrived():
                return True
            now = (await self._page.evaluate(_PLACE))[1]
            still, place = (still + _LOOK_EVERY if now == place else 0), now
        return False

    async def moved_px(self) -> float:
        """How far what is read moves when earlier ones come above it, a while after the wheel has rested."""
        coming = asyncio.Event()

        async def late(route: Route) -> None:
            coming.set()
            await asyncio.sleep(_LATE_S)
            await route.continue_()

        await self._page.route("**/messages?before=*", late)
        while not coming.is_set():
            await self._page.mouse.wheel(0, -_WHEEL_PX)
            await asyncio.sleep(0.05)
        await self._rests()
        top, stood = await self._page.evaluate(_STANDS)
        async with self._page.expect_response("**/messages?before=*"):
            pass
        await asyncio.sleep(1.0)
        await self._page.unroute("**/messages?before=*")
        return abs(float(await self._page.evaluate(_WHERE, top)) - float(stood))

    async def _rests(self) -> None:
        """Until the wheel's last turn has come to its end."""
        before, place = -1.0, 0.0
        while before != place:
            await asyncio.sleep(0.25)
            before, place = place, (await self._page.evaluate(_PLACE))[0]

    async def keeps_the_focus(self) -> bool:
        """A button has it, is scrolled far out of sight, and has it still."""
        button = self._page.locator("article button.more").last
        await button.focus()
        kept = "() => document.activeElement?.matches('article button.more') ?? false"
        for _ in range(20):
            await self._page.mouse.wheel(0, -4 * _WHEEL_PX)
            await asyncio.sleep(0.05)
        far = bool(await self._page.evaluate(kept))
        await self._page.locator(".log").focus()
        await self._page.keyboard.press("End")
        await self._page.wait_for_function(f"() => ({_PLACE})()[1] < 2")
        return far

    async def jumps_by_keys(self) -> bool:
        """Home and End bring words before the eyes, not empty room."""
        await self._page.locator(".log").focus()
        for key in ("Home", "End"):
            await self._page.keyboard.press(key)
            await asyncio.sleep(0.7)
            shown = await self._page.evaluate(
                "() => { const box = document.querySelector('.log').getBoundingClientRect();"
                " return [...document.querySelectorAll('article')].filter((each) => {"
                " const at = each.getBoundingClientRect();"
                " return at.bottom > box.top && at.top < box.bottom; }).length; }"
            )
            if not shown:
                return False
        return True

    @asynccontextmanager
    async def traced(self) -> AsyncIterator[None]:
        """Note how long the page's own thread ran in each task."""
        browser = self._page.context.browser
        assert browser
        await browser.start_tracing(page=self._page, categories=["toplevel"])
        try:
            yield
        finally:
            self.trace.ran_ms += _tasks_ms(json.loads(await browser.stop_tracing()))

    async def figures(self) -> dict[str, Any]:
        """Of all that has happened since coming in. Times in ms."""
        ran = self.trace.ran_ms
        seen = await self._page.evaluate("() => window.seen")
        frames = seen["frames"]
        dropped = sum(max(0, round(frame / _FRAME_MS) - 1) for frame in frames)
        return {
            "steps": self.trace.steps,
            "tasks": len(ran),
            "longest_task_ms": round(max(ran, default=0.0)),
            "tasks_over_50_ms": sum(1 for task in ran if task > _LONG_MS / 2),
            "tasks_over_100_ms": sum(1 for task in ran if task > _LONG_MS),
            "longest_wall_ms": round(max(seen["long"], default=0.0)),
            "wall_over_50_ms": len(seen["long"]),
            "wall_over_100_ms": sum(1 for task in seen["long"] if task > _LONG_MS),
            "frames": len(frames),
            "frames_dropped": dropped,
            "elements_most": max(self.trace.elements, default=0),
        }


def run() -> dict[str, Any]:
    """MESSAGES (10000), PLACES (5) at which earlier ones come late, STARTS (3) of each line.

    ok: read to the beginning and back by the wheel, no task of over 100 ms, elements and heap bounded,
    what is read stays where it is, the focus is never lost, and the room is ready on a phone as
    decisions.md 36 says. Control, caught: a log that puts nothing away.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-long-room-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            async with chromium() as browser:
                crowd = await gather(server, _AUTHORS)
                await _fill(server, crowd, size("MESSAGES", 10_000))
                print("filled", flush=True)
                figures = await _read(browser, server, crowd, size("PLACES", 5))
                ready = await _ready(browser, server, crowd, size("STARTS", 3))
                other = await gather(server, _AUTHORS)
                await _fill(server, other, _CONTROL_MESSAGES)
                control = await _without_windowing(browser, server, other)
        finally:
            server.kill()
    caught = control > _MOST_ELEMENTS
    return figures | ready | {
        "control_elements": control,
        "control_caught": caught,
        "ok": _is_clean(figures) and all(ready[f"ready_{line.name}_ok"] for line in _LINES) and caught,
    }  # fmt: skip


async def _read(browser: Browser, server: LiveServer, crowd: Crowd, places: int) -> dict[str, Any]:
    async with person(browser, server, crowd.tokens[0]) as page:
        reader = await Reader.come_in(page, server, crowd.room)
        begin = await reader.heap_mb()
        moved = [await reader.moved_px() for _ in range(places)]
        async with reader.traced():
            arrived = await reader.to_the_oldest()
        oldest = await reader.heap_mb()
        async with reader.traced():
            back = await reader.to_the_newest()
        keys = await reader.jumps_by_keys()
        focus = await reader.keeps_the_focus()
        await asyncio.sleep(1.5)
        print("read", flush=True)
        return await reader.figures() | {
            "messages": size("MESSAGES", 10_000),
            "load": round(os.getloadavg()[0], 1),
            "reached_the_oldest": arrived,
            "reached_the_newest": back,
            "moved_px_most": round(max(moved, default=0.0), 1),
            "keys_show_words": keys,
            "focus_kept": focus,
            "heap_begin_mb": round(begin, 1),
            "heap_peak_mb": round(max(reader.trace.heap), 1),
            "heap_oldest_mb": round(oldest, 1),
            "heap_end_mb": round(await reader.heap_mb(), 1),
        }


async def _ready(browser: Browser, server: LiveServer, crowd: Crowd, starts: int) -> dict[str, Any]:
    """The middle of so many first visits, on each line, seconds from the address to a field that takes words."""
    figures: dict[str, Any] = {}
    for line in _LINES:
        took = [await _start(browser, server, crowd, line) for _ in range(starts)]
        middle = statistics.median(took)
        figures[f"ready_{line.name}_s"] = round(middle, 2)
        figures[f"ready_{line.name}_ok"] = middle <= line.ready_s
    return figures


async def _start(browser: Browser, server: LiveServer, crowd: Crowd, line: Line) -> float:
    async with person(
        browser, server, crowd.tokens[1], viewport={"width": 390, "height": 844}
    ) as page:
        devtools = await page.context.new_cdp_session(page)
        bytes_per_s = line.bits_per_s / 8
        await devtools.send("Network.enable")
        await devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False, "latency": line.late_ms,
                "downloadThroughput": bytes_per_s, "uploadThroughput": bytes_per_s,
            },
        )  # fmt: skip
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        began = time.perf_counter()
        await page.goto(f"http://localhost:{server.port}/rooms/{crowd.room}", wait_until="commit")
        await page.wait_for_function(_READY)
        return time.perf_counter() - began


async def _without_windowing(browser: Browser, server: LiveServer, crowd: Crowd) -> int:
    async with person(browser, server, crowd.tokens[0]) as page:
        await page.add_init_script(_WITHOUT_WINDOWING)
        reader = await Reader.come_in(page, server, crowd.room)
        await reader.to_the_oldest()
        return max(reader.trace.elements)


def _tasks_ms(trace: dict[str, Any]) -> list[float]:
    """Of the page's main thread."""
    events = trace["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event.get("tdur", 0) / 1_000
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in main
    ]


def _is_clean(figures: dict[str, Any]) -> bool:
    return (
        all(figures[name] for name in ("reached_the_oldest", "reached_the_newest"))
        and all(figures[name] for name in ("keys_show_words", "focus_kept"))
        and figures["tasks"] > 0
        and figures["tasks_over_100_ms"] == 0
        and figures["elements_most"] <= _MOST_ELEMENTS
        and figures["heap_peak_mb"] - figures["heap_begin_mb"] <= _MOST_HEAP_GROWN_MB
        and figures["heap_end_mb"] - figures["heap_begin_mb"] <= _MOST_HEAP_LEFT_MB
        and figures["moved_px_most"] <= _MOVED_PX
    )


async def _fill(server: LiveServer, crowd: Crowd, messages: int) -> None:
    for begin in range(0, messages, _AT_ONCE):
        numbers = range(begin, min(begin + _AT_ONCE, messages))
        await server.on_database(partial(_say, crowd=crowd, numbers=numbers))


def _say(work: Work, crowd: Crowd, numbers: range) -> None:
    seated = (
        select(Member.id)
        .join(Membership)
        .where(Membership.room_id == crowd.room, Member.role == "peer")
    )
    people = sorted(work.session.exec(seated).all())
    for number in numbers:
        author = people[number // 3 % len(people)]
        said = f"{number + 1}. {_SAID[number % len(_SAID)]}"
        publishing.say(work, crowd.room, author, said)
