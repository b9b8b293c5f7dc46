"""`hearth demo`: a server in a throw-away folder, filled by real clients, who then go on talking."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.client import Http
from server.clock import SystemClock
from server.demo import care, past, staff, weeks
from server.demo.child import Child
from server.demo.community import Community
from server.demo.conversations import load
from server.demo.filling import Filling
from server.demo.founding import Founded, found
from server.demo.freshening import freshened, urgencies
from server.demo.people import People, come_in
from server.demo.talking import keep_talking
from server.errors import ServerError
from server.settings import Settings
from server.store import beside

PASSPHRASE = "a lamp by the window"  # noqa: S105 - it is printed
"""Of everybody whose login is printed. The place is on this machine only, and thrown away."""


class NotEmpty(ServerError):
    """A folder with something in it; nothing of anybody's is filled with inventions."""

    code = "not_empty"


@dataclass(frozen=True, slots=True)
class Options:
    """port: None takes HEARTH_PORT, or a free one when that is taken. data: kept, if given."""

    port: int | None = None
    data: Path | None = None
    talk: bool = True


def run(options: Options, settings: Settings) -> int:
    """Until Ctrl-C."""
    with _folder(options.data) as folder, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_until_stopped(Demo(folder, options, settings)))
    _tell("\nThe demo is over." + (f" Its data stay in {options.data}." if options.data else ""))
    return 0


class Demo:
    """One demo community and what it is made with."""

    def __init__(self, folder: Path, options: Options, settings: Settings) -> None:
        self.options = options
        self.child = Child(folder, options.port, settings)
        written = load()
        self.community: Community = freshened(written, urgencies(written, settings))
        self.people: People = {}

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        """Found, serve, fill, and spread over the week."""
        _tell("Making a community that is thrown away afterwards ...")
        founded = await asyncio.to_thread(
            beside.do, self.child.settings, lambda work: found(work, self.community, PASSPHRASE)
        )
        stack.push_async_callback(self.child.stop)
        await self.child.start()
        url, passphrases = self.child.url, {self.community.logins["peer"]: PASSPHRASE}
        self.people = await come_in(stack, url, self.community, founded, passphrases)
        await self._fill(founded)

    async def _fill(self, founded: Founded) -> None:
        filling = Filling(self.community, founded, self.people, _progress)
        said = await filling.run()
        _tell("")
        # Nobody speaks now, so the server's writer is idle.
        now = SystemClock().now()
        settings, url = self.child.settings, self.child.url
        await asyncio.to_thread(beside.do, settings, lambda work: past.spread(work, said, now))
        rooms = list(founded.rooms.values())
        await asyncio.to_thread(beside.do, settings, lambda work: weeks.add(work, rooms, now))
        decided = await staff.work_the_queue(url, founded, now)
        await asyncio.to_thread(beside.do, settings, lambda work: past.date_back(work, decided))
        await care.share(self.community, founded, self.people, now)
        await asyncio.to_thread(beside.do, settings, lambda work: past.date_care(work, now))

    async def talk(self) -> None:
        """Go on, or sit in silence, until cancelled."""
        if self.options.talk:
            await keep_talking(self.community, self.people)
        await asyncio.Event().wait()


async def _until_stopped(demo: Demo) -> None:
    """Stops as cleanly for a service manager as for Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are in it
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.suppress(asyncio.CancelledError):
            await demo.open(stack)
            await Http(demo.child.url).call("GET", "/readyz")
            _tell(_welcome(demo))
            await demo.talk()


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Thrown away at the end, unless somebody wants to keep it. Raises NotEmpty."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="hearth-demo-") as made:
            yield Path(made)
        return
    if kept.exists() and any(kept.iterdir()):
        raise NotEmpty(f"{kept} is not empty: the demo needs a folder of its own.")
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield kept


def _progress(done: int, all_of_them: int) -> None:
    moves = sys.stderr.isatty()
    if moves or done % 100 == 0 or done == all_of_them:
        line = f"People talk: {done} of {all_of_them} messages"
        sys.stderr.write(f"\r{line}" if moves else f"{line}\n")
        sys.stderr.flush()


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _welcome(demo: Demo) -> str:
    port, logins = demo.child.port, demo.community.logins
    lines = [f"  {role:<10} {name:<14} {PASSPHRASE}" for role, name in logins.items()]
    return _WELCOME.format(port=port, logins="\n".join(lines), language=_LANGUAGES)


_LANGUAGES = "English, Deutsch, Español, Français, العربية"
_WELCOME = """
Hearth's demo is at http://localhost:{port}

  role       pseudonym      passphrase
{logins}

What to look at:
  as the peer        a room where people talk ({language}); write something rough
                     and see the nudge; write that you cannot go on and see what happens.
  as the moderator   the queue, its order and its reasons; claim a case and reach out.
  as the clinician   the climate of a room over weeks, without anybody's words.
  as the steward     rooms, people, help lines.
  /crisis            works without JavaScript, and without an account.
Everybody here and every word is invented. Ctrl-C ends it.
"""

__all__ = ["PASSPHRASE", "Demo", "NotEmpty", "Options", "run"]
