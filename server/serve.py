"""Serving: our own listening sockets, uvicorn on top, and a first line that says where to go."""

import asyncio
import gc
import random
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from server import logs
from server.api.depend import Parts
from server.api.direct import DirectWebSocket
from server.api.metrics import metrics_served
from server.api.patient import PatientHttp
from server.api.socket import StraightIn
from server.app import create_app
from server.classifiers.beside import WORKERS_TO_ONE, Beside
from server.errors import Misconfigured
from server.protocol import frames
from server.services.founding import found
from server.settings import Settings
from server.store import beside
from server.store.migrating import migrate
from server.store.occupied import in_use
from server.supervise import BEAT_S, WorkerPlace, supervise
from server.tracing import tracing_to

_BACKLOG = 1_024
_AT_A_TIME = 8
"""Connections that one of several workers takes in one go: the others are to have some as well."""
_USER_TIMEOUT_MS = 15_000
"""Unacknowledged data older than this ends a connection: a stuck reader is gone in seconds, not minutes."""
_SEND_BUFFER_BYTES = 256 * 1024
"""What the kernel holds for one line that does not take it (it counts twice this); else it grows to megabytes."""
_WS_MOST_BYTES = 256 * 1024
"""Frames over protocol.FRAME_LIMIT_BYTES are refused and the line stays open; over this, the line closes (1009)."""
_HEARTBEAT_S = 20.0
_BACK_A_SECOND = 200
_MOST_SPREAD_S = 30.0
"""Clients of a restarted server are asked to come back about so many a second, within so long: as long as they heed."""
_COLLECT = (20_000, 20, 50)
"""New objects, and collections, before each generation is looked through: the oldest seldom."""
_FAREWELL_S = 0.3
"""Long enough for the close frames to leave."""


def serve(settings: Settings, workers: int = 1, classifiers: int | None = None) -> int:
    """Open the key, migrate, found what is missing; then serve until told to stop. Returns the exit status.

    workers: processes that serve. classifiers: processes that read for them, where the settings name none; one
    for four workers if not given. Raises Misconfigured before anything is served: a wrong key, a bad
    setting, a port that is taken, several workers on the embedded database.
    """
    if workers > 1:
        check_may_be_several(settings)
    logs.set_up(settings.log_level, settings.log_format)
    code = beside.do(settings, partial(found, open_to_all=settings.is_loopback))
    sockets = _listen(settings)
    if workers == 1:
        _serve_on(settings, sockets, 1, lambda: _welcome(settings, code))
        return 0
    welcome = partial(_welcome, settings, code)
    if settings.classifier_addresses:
        return supervise(sockets, workers, welcome)
    readers = Beside(classifiers or -(-workers // WORKERS_TO_ONE))
    told = {"HEARTH_CLASSIFIERS": readers.addresses}
    return supervise(sockets, workers, welcome, environment=told, beside=readers)


def work(settings: Settings, place: WorkerPlace) -> None:
    """Serve as one of several, on sockets that the supervisor opened. What is newer than the database, after
    an update and SIGHUP, brings it to its shape first."""
    logs.set_up(settings.log_level, settings.log_format)
    place.end_with_supervisor()
    with in_use(settings), place.going_on():
        migrate(settings)
    sockets = [socket.socket(fileno=number) for number in place.sockets]
    _serve_on(settings, sockets, place.of, place.say_ready, place)


def check_may_be_several(settings: Settings) -> None:
    """Raises Misconfigured."""
    if not settings.database_url.startswith("postgres"):
        raise Misconfigured(
            "--workers: the embedded database is served by one process. For several, move to PostgreSQL "
            "(hearth move --to postgresql://...) or set HEARTH_DATABASE_URL."
        )
    if settings.port == 0:
        raise Misconfigured("--workers: HEARTH_PORT must be given.")


def _serve_on(
    settings: Settings,
    sockets: list[socket.socket],
    workers: int,
    ready: Callable[[], None],
    place: WorkerPlace | None = None,
) -> None:
    app = create_app(settings, workers=workers)
    server = _Server(
        uvicorn.Config(
            StraightIn(app),
            http=PatientHttp,
            ws=DirectWebSocket,
            ws_max_size=_WS_MOST_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=_HEARTBEAT_S,
            ws_ping_timeout=_HEARTBEAT_S,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
            timeout_graceful_shutdown=10,
            backlog=_BACKLOG if workers == 1 else _AT_A_TIME,
            timeout_notify=BEAT_S,
            callback_notify=partial(_beat, place) if place else None,
        ),
        app,
        ready,
        _beside(settings, app, place),
    )
    _take_hangup_for_a_stop()
    server.run(sockets=sockets)


@contextmanager
def _beside(settings: Settings, app: FastAPI, place: WorkerPlace | None) -> Iterator[None]:
    """What goes on while it serves, and is put away in order when it goes: the last traces are sent."""
    parts_now = partial(getattr, app.state, "parts", None)
    number = place.number if place else None
    try:
        with tracing_to(settings.traces_url), metrics_served(settings, parts_now, number):
            yield
    finally:
        if place:
            place.release()


def _take_hangup_for_a_stop() -> None:
    """SIGHUP to one who serves alone: members hear that it goes, and whoever watches it starts it again.

    Left as it is where it was told to be ignored (nohup).
    """

    def stop(_: int, __: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)

    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, stop)


async def _beat(place: WorkerPlace) -> None:
    place.say_alive()


class _Server(uvicorn.Server):
    """Says where to go once it can be gone to, and tells clients to come back when it goes."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        ready: Callable[[], None],
        beside: AbstractContextManager[None],
    ) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._beside = beside

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn, which at the end raises what it caught once more. That ends the process: nothing after
        `run` is reached, so what is to be put away is put away before."""
        with super().capture_signals(), self._beside:
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn, then the first line."""
        await super().startup(sockets)
        gc.freeze()  # what was built to last is not looked through again
        gc.set_threshold(*_COLLECT)
        gc.enable()
        for bound in sockets or ():
            bound.listen(
                _BACKLOG
            )  # what waits in the kernel; asyncio set it to what it takes at a time
        if self.started and not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Clients hear 4503, and when to come back: not all in the same moment. Then as uvicorn.

        The door is closed first: with other workers behind it, nobody comes back to the one that goes.
        """
        for listening in self.servers:
            listening.close()
        parts: Parts = self._app.state.parts
        connections = parts.hub.sockets()
        spread_s = min(len(connections) / _BACK_A_SECOND, _MOST_SPREAD_S)
        for connection in connections:
            wait_s = random.uniform(0, spread_s)  # noqa: S311 - spreads clients, guards nothing
            connection.close(frames.Close.RESTART, f"{wait_s:.2f}")
        await asyncio.sleep(_FAREWELL_S)
        await super().shutdown(sockets)


def _welcome(settings: Settings, code: str | None) -> None:
    say = sys.stderr.write
    say(f"\nHearth is at {settings.origin}\n")
    if settings.limits_profile == "bench":
        say(
            "Limits: bench profile (reachable from this machine only). Set HEARTH_PUBLIC_URL for the real ones.\n"
        )
    if code:
        say(
            "Nobody runs this place yet. The first steward signs up here, once, within a day:\n"
            f"  {settings.origin}/sign-up#invitation={code}\n"
            "Plan for two moderators in each room: an appeal is judged by somebody who did not decide. With one "
            "and no clinician, a sanction that is appealed ends after a week.\n"
            f"The key that opens all sealed text is {settings.key_path}: keep a copy apart from the database.\n"
        )
    sys.stderr.flush()


def _listen(settings: Settings) -> list[socket.socket]:
    """On the loopback default, both of its addresses, so that `localhost` always answers."""
    hosts = ["127.0.0.1", "::1"] if settings.host == "127.0.0.1" else [settings.host]
    sockets = [_bind(host, settings.port, needed=host == hosts[0]) for host in hosts]
    return [bound for bound in sockets if bound]


def _bind(host: str, port: int, *, needed: bool) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError:
        if needed:
            raise Misconfigured(
                f"HEARTH_PORT: {host}:{port} is taken or not ours. Set another, e.g. HEARTH_PORT=8001."
            ) from None
        return None
    return bound
