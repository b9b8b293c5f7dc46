"""Several machines on one: network namespaces on a bridge, each with an address and a folder of its own.

Root alone may make them. What runs in one reaches the others as over a network, and can be cut off.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from server.store.keys import KeyFile
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import PostgresHere, RedisHere, Service
from tests.services import folder_of_nobody

_NEEDED = ("ip", "setpriv", "haproxy")
_CONFIG = Path(__file__).parents[2] / "deploy/haproxy/haproxy.cfg"
_SERVES_WITHIN_S = 600.0


def missing() -> str:
    """What keeps these drills from running here; empty: nothing."""
    if os.geteuid() != 0:
        return "It makes network namespaces: run it as root."
    programs = [name for name in _NEEDED if not shutil.which(name)]
    return f"Missing: {', '.join(programs)} (Debian: iproute2, haproxy)." if programs else ""


class Network:
    """Use as a context manager. number: of the subnet, 10.NUMBER.0.0/24; the drill itself is at .1."""

    def __init__(self, number: int, names: tuple[str, ...]) -> None:
        self.number, self.names = number, names

    def __enter__(self) -> "Network":
        self.__exit__()
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"10.{self.number}.0.1/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for name in self.names:
            self._add(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            # By itself: with its namespace it would go some time later.
            _ip("link", "del", self._end(name), check=False)
            _ip("netns", "del", self.space(name), check=False)
        _ip("link", "del", self._bridge, check=False)

    def address(self, name: str) -> str:
        """Of one machine."""
        return f"10.{self.number}.0.{self.names.index(name) + 11}"

    def on(self, name: str) -> tuple[str, ...]:
        """Words before a command that is to run there."""
        return ("ip", "netns", "exec", self.space(name))

    def space(self, name: str) -> str:
        """Its namespace."""
        return f"hearth{self.number}-{name}"

    def cut_off(self, name: str) -> None:
        """Nothing passes any more, and nobody is told."""
        _ip("link", "set", self._end(name), "down")

    def join_again(self, name: str) -> None:
        """As before."""
        _ip("link", "set", self._end(name), "up")

    @property
    def _bridge(self) -> str:
        return f"hearth{self.number}"

    def _end(self, name: str) -> str:
        return f"h{self.number}-{name}"

    def _add(self, name: str) -> None:
        space = self.space(name)
        _ip("netns", "add", space)
        _ip("link", "add", self._end(name), "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", self._end(name), "master", self._bridge, "up")
        _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")


class PostgresThere(PostgresHere):
    """On a machine of the network."""

    def __init__(self, folder: Path, user: int, network: Network, name: str) -> None:
        super().__init__(folder, user)
        self._network, self._name, self._owner = network, name, user

    @property
    def url(self) -> str:
        """Of its database."""
        return f"postgresql://hearth@{self._network.address(self._name)}:{self.port}/postgres"

    @property
    def keys_url(self) -> str:
        """Of the keys' database."""
        return self.url.rpartition("/")[0] + "/keys"

    def make(self) -> None:
        """Its files, open to the whole network."""
        super().make()
        with (self._folder / "db/pg_hba.conf").open("a") as rules:
            rules.write(f"host all all 10.{self._network.number}.0.0/24 trust\n")
        self._user = None  # who changes to a namespace is root; `setpriv` is nobody again

    def command(self) -> list[str | Path]:
        """What starts it."""
        nobody = ("setpriv", f"--reuid={self._owner}", "--clear-groups")
        listens = f"--listen_addresses={self._network.address(self._name)}"
        return [*self._network.on(self._name), *nobody, *super().command(), listens]

    async def make_keys_database(self) -> None:
        """Empty."""
        connection = await asyncpg.connect(self.url)
        await connection.execute("CREATE DATABASE keys")
        await connection.close()


class RedisThere(RedisHere):
    """On a machine of the network."""

    def __init__(self, folder: Path, network: Network, name: str) -> None:
        super().__init__(folder, None)
        self._network, self._name = network, name

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://{self._network.address(self._name)}:{self.port}/0"

    def command(self) -> list[str | Path]:
        """What starts it."""
        words = [*super().command(), "--protected-mode", "no"]
        words[words.index("--bind") + 1] = self._network.address(self._name)
        return [*self._network.on(self._name), *words]


class Balancer(Service):
    """haproxy as deploy/ has it, with these machines behind it."""

    def __init__(self, folder: Path, network: Network, name: str, servers: list[str]) -> None:
        super().__init__(folder, None)
        self._network, self._name = network, name
        text = _CONFIG.read_text().replace("bind :8000", f"bind :{self.port}")
        for given, server in zip(("10.0.0.11:8000", "10.0.0.12:8000"), servers, strict=True):
            assert given in text
            text = text.replace(given, server)
        self._config = folder / "haproxy.cfg"
        self._config.write_text(text)

    @property
    def url(self) -> str:
        """Where people come in."""
        return f"http://{self._network.address(self._name)}:{self.port}"

    def command(self) -> list[str | Path]:
        """What starts it."""
        return [*self._network.on(self._name), "haproxy", "-db", "-f", self._config]

    async def answer(self) -> None:
        """Raises while it does not listen."""
        _, writer = await asyncio.open_connection(self._network.address(self._name), self.port)
        writer.close()


class Machine(DrillServer):
    """`hearth serve` on a machine of the network: its own folder, and a copy of the key file."""

    def __init__(
        self,
        folder: Path,
        network: Network,
        name: str,
        circumstances: Circumstances,
        **settings: str,
    ) -> None:
        before = Circumstances(before=network.on(name), changed=circumstances.changed)
        super().__init__(folder / name, before, **settings)
        self.url = f"http://{network.address(name)}:{self.port}"


class Place:
    """The community on its machines. one, two: where Hearth runs; front: where people come in."""

    def __init__(
        self,
        network: Network,
        postgres: PostgresThere,
        machines: tuple[Machine, Machine],
        front: Balancer,
    ) -> None:
        self.network, self.postgres = network, postgres
        self.one, self.two = machines
        self.front = front


@asynccontextmanager
async def machines(number: int, circumstances: Circumstances) -> AsyncIterator[Place]:
    """Two for Hearth, one for PostgreSQL and Redis, one for the balancer; all serve."""
    async with AsyncExitStack() as stack:
        network = stack.enter_context(Network(number, ("store", "one", "two", "front")))
        folder, user = stack.enter_context(folder_of_nobody())
        assert user is not None
        postgres, redis = (
            PostgresThere(folder, user, network, "store"),
            RedisThere(folder, network, "store"),
        )
        await asyncio.to_thread(postgres.make)
        stack.callback(postgres.end, signal.SIGQUIT)
        stack.callback(redis.end, signal.SIGKILL)
        await postgres.start()
        await redis.start()
        await postgres.make_keys_database()
        settings = {
            "host": "0.0.0.0",  # noqa: S104 - of its own namespace
            "limits": "bench",
            "database_url": postgres.url,
            "keys_database": postgres.keys_url,
            "redis_url": redis.url,
            "trusted_proxies": network.address("front"),
        }
        KeyFile.make(folder / "hearth.key")
        one, two = (
            Machine(folder, network, name, circumstances, **settings) for name in ("one", "two")
        )
        for machine in (one, two):
            machine.settings.data_dir.mkdir(parents=True)
            shutil.copy(folder / "hearth.key", machine.settings.key_path)
            stack.callback(machine.kill)
            machine.launch()
            await machine.ready(_SERVES_WITHIN_S)
        servers = [machine.url.removeprefix("http://") for machine in (one, two)]
        front = Balancer(folder, network, "front", servers)
        stack.callback(front.end, signal.SIGKILL)
        await front.start()
        yield Place(network, postgres, (one, two), front)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=not check)
