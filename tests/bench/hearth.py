"""Hearth itself, as `hearth serve` starts it: default settings, embedded classifier, its data in a scratch folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.bench.adapters import ROOT, Adapter, NotInstalled, free_port, python_module, register
from tests.bench.engine import Engine, Session
from tests.bench.pg import Cluster
from tests.bench.processes import cpu_ns, descendants
from tests.bench.progress import say
from tests.bench.sessions import HearthSession
from tests.installed import find_redis

_SERVE = [
    sys.executable,
    "-c",
    "import sys; from server.cli import main; sys.exit(main())",
    "serve",
]
_WARMING_WINDOW = 4
"""Texts on their way while the classifier reads each for the first time: few, so that none is late."""
_WARM_WITHIN_S = 60.0
_FEW_READINGS_NS = 300_000_000
"""A text takes some 10 ms to read, and none to remember."""


class Hearth(Adapter):
    """Everything on: sessions, access checks, assessment, sealing, persistence.

    The texts of a run come again and again (engine.CYCLE of them). They are said once beforehand, in a room
    of their own, so that their assessment is remembered; `unique_texts` measures without that.
    """

    durable = "fsync"
    reads_texts = True

    def prepare(self) -> None:
        found = self._found([*self.rooms, 1])
        self.seats = [(room, token) for room, tokens in found for token in tokens]

    def command(self) -> list[str]:
        return _SERVE

    def environment(self) -> dict[str, str]:
        return {"HEARTH_DATA_DIR": str(self.folder / "data"), "HEARTH_PORT": str(self.port)}

    def is_ready(self) -> bool:
        """Serving, and the classifier has loaded its model."""
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(json.load(answer)["classifier"] == "ready")
        except OSError:
            return False

    def session(self, engine: Engine, index: int) -> HearthSession:
        room, token = self.seats[index]
        return HearthSession(engine, index, token=token, room=room)

    def in_room(self, engine: Engine, members: Sequence[Session]) -> None:
        if not self.unique_texts:
            self._have_texts_read(engine)

    def _have_texts_read(self, engine: Engine) -> None:
        """By one member alone in the last room, until a round costs the classifier next to nothing.

        On a busy machine some are read too late, and so are read again in the next round.
        """
        member = self.session(engine, len(self.seats) - 1)
        engine.connect_all([member], self.port, timeout_s=20.0)
        end = time.monotonic() + _WARM_WITHIN_S
        all_read = False
        while not all_read and time.monotonic() < end:
            before = self._classifier_ns()
            all_said = self._say_all(engine, member, end - time.monotonic())
            all_read = all_said and self._classifier_ns() - before < _FEW_READINGS_NS
        if not all_read:
            self.note = "the model had not read every text before"
            say(f"{self.name}: {self.note}; the rest is read while measured")
        engine.end(member)

    def _say_all(self, engine: Engine, member: Session, within_s: float) -> bool:
        """Every text once, a few at a time; False when that takes too long."""
        first, completed = engine.seq, engine.completed

        def post(_: int) -> None:
            if engine.seq < first + engine.cycle:
                engine.post(member, 1, self.text_bytes)

        engine.on_done = post
        for _ in range(_WARMING_WINDOW):
            post(0)
        all_said = engine.run_until(lambda: engine.completed - completed >= engine.cycle, within_s)
        engine.on_done = None
        return all_said

    def _classifier_ns(self) -> int:
        """CPU of what the serving process started."""
        return sum(map(cpu_ns, descendants([self.processes[-1].pid])[1:]))

    def _found(self, sizes: Sequence[int]) -> list[tuple[str, list[str]]]:
        """Each room's id and its members' tokens."""
        command = python_module("tests.bench.founding", *map(str, sizes))
        plain = {k: v for k, v in os.environ.items() if not k.startswith("HEARTH_")}
        found = subprocess.run(
            command,
            cwd=ROOT,
            env=plain | self.environment(),
            capture_output=True,
            check=False,
        )
        if found.returncode:
            raise RuntimeError(f"founding failed\n{found.stderr.decode(errors='replace')[-1500:]}")
        rooms: list[tuple[str, list[str]]] = json.loads(found.stdout)
        return rooms


class HearthOnPostgres(Hearth):
    """On a PostgreSQL of its own, whose processes count as the server's."""

    shares_memory = True

    @classmethod
    def check_installed(cls) -> None:
        Cluster.check_installed()

    def prepare(self) -> None:
        self.cluster = Cluster(self.folder)
        self.cluster.start()
        self.processes.append(self.cluster.process)
        super().prepare()

    def environment(self) -> dict[str, str]:
        return super().environment() | {"HEARTH_DATABASE_URL": self.cluster.url}


class HearthOnPostgresAndRedis(HearthOnPostgres):
    """With a Redis of its own as well, as several workers have it."""

    @classmethod
    def check_installed(cls) -> None:
        super().check_installed()
        if find_redis() is None:
            raise NotInstalled("Redis or Valkey")

    def prepare(self) -> None:
        program, self._redis_port = find_redis(), free_port()
        assert program
        command: list[str | Path] = [
            program, "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", "",
        ]  # fmt: skip
        with (self.folder / "redis.log").open("wb") as log:
            redis = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(redis)
        super().prepare()

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "HEARTH_REDIS_URL": f"redis://127.0.0.1:{self._redis_port}/0"
        }


register("hearth", Hearth)
register("hearth-assessing", Hearth, unique_texts=True)
register("hearth-postgres", HearthOnPostgres)
register("hearth-postgres-redis", HearthOnPostgresAndRedis)
