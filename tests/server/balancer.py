"""What may stand in front of Hearth: haproxy and nginx as deploy/ has them, and nginx as somebody has it who only
wrote where to pass things on."""

import asyncio
import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx2

from tests.server.live_server import ROOT, free_port

PROGRAMS = {"haproxy": "deploy/haproxy/haproxy.cfg", "nginx": "deploy/nginx/hearth.conf"}
_GIVEN = ("10.0.0.11:8000", "10.0.0.12:8000")


class Balancer:
    """One before one server: the second that deploy/ has is not there. Launch, and stop in the end."""

    def __init__(self, program: str, folder: Path, config: str, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._program, self._folder = program, folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "config"
        self._config.write_text(config)

    async def start(self) -> None:
        """Return once it passes on what is asked."""
        assert self._process is None
        command: list[str | Path] = [
            self._program, "-c", self._config, "-p", self._folder, "-e", "stderr",
        ]  # fmt: skip
        if self._program == "haproxy":
            command = [self._program, "-db", "-f", self._config]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220 - a moment
        await self._answers()

    async def stop(self) -> None:
        """At once, with all its lines."""
        process, self._process = self._process, None
        if process:
            process.terminate()
            await asyncio.to_thread(process.wait, 10)

    async def restart(self) -> None:
        """Everybody's line ends, and it is back in a moment."""
        await self.stop()
        await self.start()

    def reload(self) -> None:
        """nginx reads its configuration again: new lines go to new workers."""
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    async def _answers(self) -> None:
        async with asyncio.timeout(60), httpx2.AsyncClient(trust_env=False, timeout=5) as asking:
            while True:
                try:
                    if (await asking.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.1)


def is_here(program: str) -> bool:
    """Whether this machine has it."""
    return shutil.which(program) is not None


def as_deployed(program: str, port: int, server: int) -> str:
    """As it lies in deploy/, on ports of our own."""
    text = (ROOT / PROGRAMS[program]).read_text()
    for given, ours in zip(_GIVEN, (server, free_port()), strict=True):
        assert given in text
        text = text.replace(given, f"127.0.0.1:{ours}")
    text, ports = re.subn(r"(bind :|listen )8000", rf"\g<1>{port}", text)
    assert ports == 1
    return text if program == "haproxy" else _whole(text)


def passing_on(port: int, server: int) -> str:
    """nginx that is told nothing else: HTTP/1.0 to the server, answers held back whole, no WebSocket."""
    place = f"location / {{ proxy_pass http://127.0.0.1:{server}; }}"
    return _whole(f"server {{ listen {port}; {place} }}")


def _whole(inner: str) -> str:
    return f"daemon off; pid pid; events {{}} http {{ access_log off; {inner} }}"
