"""The demo's server, as a child process on its own data."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from server.client import ClientError, Http
from server.errors import ServerError
from server.settings import PREFIX, Settings

_START_S = 60.0
_CLASSIFIER_S = 20.0
_STOP_S = 15.0
_SERVE = "import sys; from server.cli import main; sys.exit(main(['serve']))"


class DidNotStart(ServerError):
    """The server ended, or never answered; the detail holds its last lines."""

    code = "did_not_start"


class PortTaken(ServerError):
    """Somebody else's server, which is not to be filled with inventions."""

    code = "port_taken"


class Child:
    """`hearth serve` with HEARTH_DEMO=1. Everything else is as the environment says."""

    def __init__(self, folder: Path, port: int | None, settings: Settings) -> None:
        self.port = _port(port, settings.port)
        self.settings = settings.model_copy(
            update={
                "data_dir": folder,
                "port": self.port,
                "demo": True,
                "database_url": "",
                "key_file": None,
                "keys_database": "",
            }
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return once it serves, and the classifier is there or has had its time. Raises DidNotStart."""
        with self._log.open("ab") as log:
            # A session of its own: at Ctrl-C it is stopped by us, after the clients.
            self._process = subprocess.Popen(  # noqa: ASYNC220 - our own interpreter, at once
                [sys.executable, "-c", _SERVE],
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self._until(_START_S, {"ready", "starting", "down"})
        with contextlib.suppress(DidNotStart):
            await self._until(_CLASSIFIER_S, {"ready"})

    async def stop(self) -> None:
        """As a service manager would."""
        process = self._process
        if process and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _STOP_S)
            process.kill()
            process.wait()

    async def _until(self, seconds: float, states: set[str]) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            with contextlib.suppress(ClientError):
                answer = await Http(self.url).call("GET", "/readyz")
                if answer["classifier"] in states:
                    return
            await asyncio.sleep(0.1)
        raise DidNotStart(f"The demo's server did not start:\n{self._last_lines()}")

    def _environment(self) -> dict[str, str]:
        """The caller's, but for what makes it the demo's."""
        mine = {"data_dir": str(self.settings.data_dir), "port": str(self.port), "demo": "1"}
        ours = {"database_url", "key_file", "keys_database", *mine}
        names = {PREFIX + name.upper() for name in ours}
        rest = {name: value for name, value in os.environ.items() if name.upper() not in names}
        return rest | {PREFIX + name.upper(): value for name, value in mine.items()}

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])


def _port(asked: int | None, usual: int) -> int:
    """The one that was asked for, else the usual one, else any that is free. Raises PortTaken."""
    if asked is not None:
        if not _is_free(asked):
            # Never fill whatever it is that answers there.
            raise PortTaken(f"Something listens on port {asked} already: give another --port.")
        return asked
    return usual if usual and _is_free(usual) else _any_free()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
