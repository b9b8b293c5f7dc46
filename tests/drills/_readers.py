"""Classifier processes of a drill's own, to be killed, frozen and started again, with model files to be spoilt."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

from moderation.registry import ENCODER, MODELS_DIR, find_model
from tests.drills._waiting import until
from tests.server.live_server import COMMAND, ROOT

_UP_S = 90.0
_REFUSED_S = 60.0


class Readers:
    """`hearth classify`, several times, on Unix sockets; all read with one copy of the model's files."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._models = folder, folder / "models"
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.paths = [folder / f"{number}.sock" for number in range(count)]
        kept = find_model()
        shutil.copytree(kept.folder, self._models / kept.version)
        shutil.copy(MODELS_DIR / "registry.json", self._models)
        self._file = self._models / kept.version / ENCODER
        self.version = kept.version

    @property
    def addresses(self) -> str:
        """As HEARTH_CLASSIFIERS names them."""
        return ",".join(f"unix:{path}" for path in self.paths)

    def launch(self, number: int) -> "subprocess.Popen[bytes]":
        """Start one; does not wait."""
        plain = {k: v for k, v in os.environ.items() if not k.upper().startswith("HEARTH_")}
        mine = {"HEARTH_DATA_DIR": str(self._folder), "HEARTH_MODELS_DIR": str(self._models)}
        with self.log(number).open("ab") as log:
            self._processes[number] = subprocess.Popen(
                [*COMMAND, "classify", "--listen", f"unix:{self.paths[number]}"],
                cwd=ROOT,
                env=plain | mine,
                stdout=log,
                stderr=log,
            )
        return self._processes[number]

    def log(self, number: int) -> Path:
        """What it said."""
        return self._folder / f"reader-{number}.log"

    async def start(self, *numbers: int) -> None:
        """Return once they listen."""
        for number in numbers:
            self.launch(number)
        for number in numbers:
            await until(lambda one=number: self._listens(one), _UP_S, 0.05)  # type: ignore[misc]

    def kill(self, *numbers: int) -> None:
        """kill -9."""
        for number in numbers:
            self._processes[number].kill()
            self._processes[number].wait()

    def send(self, number: signal.Signals) -> None:
        """To all of them."""
        for process in self._processes.values():
            process.send_signal(number)

    def spoil(self) -> None:
        """One byte of the encoder is another one from now on."""
        content = bytearray(self._file.read_bytes())
        content[len(content) // 2] ^= 1
        self._file.unlink()
        self._file.write_bytes(content)

    def mend(self) -> None:
        """The registered file again."""
        shutil.copy(find_model().folder / ENCODER, self._file)

    async def is_refused(self, number: int) -> bool:
        """Whether one that is started now ends by itself, with an error and words about the file."""
        before = self.log(number).stat().st_size
        process = self.launch(number)
        status = await asyncio.to_thread(process.wait, _REFUSED_S)
        said = self.log(number).read_bytes()[before:]
        return status not in {0, None} and b"SHA-256 differs" in said

    def end(self) -> None:
        """All of them."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _listens(self, number: int) -> bool:
        if self._processes[number].poll() is not None:
            raise RuntimeError(f"a classifier ended; see {self.log(number)}")
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            try:
                probe.connect(str(self.paths[number]))
            except OSError:
                return False
        return True
