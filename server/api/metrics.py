"""Metrics for Prometheus, on a port of their own: never among the pages, and on loopback unless a token guards them.

Numbers of the whole place and of this process alone: no ids, no names of people or rooms, and no label whose
values others can make up. The library is read when somebody first asks: a server that starts again is waited for.
"""

import hmac
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from server.api.depend import Parts
from server.counting import COUNTS, Spread
from server.errors import Misconfigured
from server.settings import Settings

_LOOK_S = 0.5
_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


@contextmanager
def metrics_served(
    settings: Settings, parts_now: Callable[[], Parts | None], number: int | None = None
) -> Iterator[None]:
    """While this is open, Prometheus is answered in a thread of its own. Nothing where no port is set.

    parts_now: None while the server is not built yet; then the answer is 503.
    number: which of several workers this is: each has the port after that of the one before.
    Raises Misconfigured when the port is taken or the token cannot be read.
    """
    if not settings.metrics_port:
        yield
        return
    bind = partial(
        _bind,
        settings.metrics_host,
        settings.metrics_port + (number or 0),
        _answering(_token(settings.metrics_token_file), parts_now),
    )
    server = bind() if number is None else None
    over = threading.Event()
    thread = threading.Thread(
        target=_serve, args=(server, bind, over), name="hearth-metrics", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _serve(
    server: WSGIServer | None, bind: Callable[[], WSGIServer], over: threading.Event
) -> None:
    """In a roll, the worker that this one replaces has the port until it goes."""
    while server is None and not over.wait(_LOOK_S):
        with suppress(Misconfigured):
            server = bind()
    if server is not None:
        with server:
            while not over.is_set():
                server.handle_request()


def _bind(host: str, port: int, answer: Any) -> WSGIServer:
    try:
        server = make_server(host, port, answer, handler_class=_Silent)
    except OSError:
        raise Misconfigured(f"HEARTH_METRICS_PORT: {host}:{port} is taken or not ours.") from None
    server.timeout = _LOOK_S
    return server


class _Silent(WSGIRequestHandler):
    timeout = 5
    """Seconds. One that says nothing keeps others waiting for so long, and no longer."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was asked for is nobody's business."""


def _token(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        token = path.read_text().strip().split("\n")[0].strip()
    except OSError:
        raise Misconfigured("HEARTH_METRICS_TOKEN_FILE: that file cannot be read.") from None
    if len(token) < _SHORTEST:
        raise Misconfigured(f"HEARTH_METRICS_TOKEN_FILE: at least {_SHORTEST} characters, please.")
    return f"Bearer {token}".encode()


_SHORTEST = 16


def _answering(token: bytes | None, parts_now: Callable[[], Parts | None]) -> Any:
    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        given = str(environ.get("HTTP_AUTHORIZATION", "")).encode("utf-8", "replace")
        if environ["PATH_INFO"] != "/metrics":
            start("404 Not Found", _PLAIN)
            return [b"Metrics are at /metrics.\n"]
        if token is not None and not hmac.compare_digest(given, token):
            start("401 Unauthorized", [*_PLAIN, ("WWW-Authenticate", "Bearer")])
            return [b"A token is needed.\n"]
        parts = parts_now()
        if parts is None:
            start("503 Service Unavailable", _PLAIN)
            return [b"Not built yet.\n"]
        kind, body = render(parts)
        start("200 OK", [("Content-Type", kind)])
        return [body]

    return answer


def render(parts: Parts) -> tuple[str, bytes]:
    """The content type, and all metrics as Prometheus reads them."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.process_collector import ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(parts))
    return CONTENT_TYPE_LATEST, generate_latest(registry)


class _Collected:
    """Reads when asked; holds nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Any]:
        """Every family, each with its help."""
        yield from _of_the_process(self._parts)
        yield from _of_times()
        yield from _of_the_place(self._parts)


def _of_the_process(parts: Parts) -> Iterator[Any]:
    from prometheus_client.metrics_core import CounterMetricFamily as Counter
    from prometheus_client.metrics_core import GaugeMetricFamily as Gauge

    yield Counter(
        "hearth_messages", "Messages published, as this process told them.", COUNTS.messages
    )
    yield Counter(
        "hearth_deliveries", "Frames of rooms handed to a line as they happened.", COUNTS.deliveries
    )
    yield Counter(
        "hearth_catch_ups", "Listeners that were behind and read from the store.", COUNTS.catch_ups
    )
    yield Gauge("hearth_connections", "Open sockets.", len(parts.hub.sockets()))
    yield Gauge("hearth_writer_queue", "Units that wait to be written.", parts.database.waiting)
    if parts.feed:
        yield Gauge(
            "hearth_hints_up", "1 when workers' hints to each other cross.", parts.feed.hints_cross
        )
    yield Gauge("hearth_classifier_up", "1 when the model reads.", parts.assessor.state == "ready")
    yield Gauge(
        "hearth_classifiers_wanted", "Processes that should read for it.", parts.assessor.wanted
    )
    answering = Gauge("hearth_classifiers", "Processes that read for it.", labels=("model",))
    for model, count in sorted(Tally(parts.assessor.answering).items()):
        answering.add_metric((model,), count)
    yield answering
    yield _counted(
        "hearth_readings", "Texts given to the model, by outcome.", "outcome", COUNTS.readings
    )
    yield _counted(
        "hearth_requests", "Requests over HTTP, by kind of answer.", "answer", COUNTS.requests
    )
    jobs = Counter("hearth_jobs", "Rounds of what goes on by itself.", labels=("task", "outcome"))
    for (task, outcome), count in sorted(COUNTS.jobs.items()):
        jobs.add_metric((task, outcome), count)
    yield jobs
    problems = Counter(
        "hearth_log_lines", "Warnings and errors in the log.", labels=("level", "part")
    )
    for (level, part), count in sorted(COUNTS.problems.items()):
        problems.add_metric((level, part), count)
    yield problems


def _counted(name: str, about: str, label: str, counts: Any) -> Any:
    from prometheus_client.metrics_core import CounterMetricFamily

    family = CounterMetricFamily(name, about, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family


def _of_times() -> Iterator[Any]:
    yield _spread("hearth_post_seconds", "From a member's words to the answer.", COUNTS.posted_s)
    yield _spread("hearth_fan_out_seconds", "To tell everybody here of one commit.", COUNTS.told_s)
    yield _spread(
        "hearth_loop_lag_seconds", "How much too late the event loop came back.", COUNTS.late_s
    )
    yield _spread("hearth_reading_seconds", "The model on one text.", COUNTS.read_s)
    yield _spread("hearth_request_seconds", "Requests over HTTP.", COUNTS.asked_s)


def _spread(name: str, about: str, spread: Spread) -> Any:
    from prometheus_client.metrics_core import HistogramMetricFamily

    buckets, below = [], 0
    for bound, count in zip((*map(str, spread.bounds), "+Inf"), list(spread.counts), strict=True):
        below += count
        buckets.append((bound, below))
    return HistogramMetricFamily(name, about, buckets=buckets, sum_value=spread.total)


def _of_the_place(parts: Parts) -> Iterator[Any]:
    from prometheus_client.metrics_core import CounterMetricFamily as Counter
    from prometheus_client.metrics_core import GaugeMetricFamily as Gauge

    look, disk = parts.watch.look, parts.watch.disk
    if disk:
        yield Gauge("hearth_disk_free_bytes", "Where the data live.", disk.free_bytes)
        yield Gauge("hearth_disk_size_bytes", "Of that disk.", disk.size_bytes)
    if look is None:
        return
    yield Gauge("hearth_looked_timestamp_seconds", "When these were counted.", look.at.timestamp())
    families = (
        Gauge("hearth_cases_open", "Cases that are not closed.", labels=("urgency",)),
        Gauge(
            "hearth_cases_overdue",
            "Past their time, and no person did anything.",
            labels=("urgency",),
        ),
        Gauge(
            "hearth_oldest_case_seconds",
            "Since the oldest was opened; 0: none.",
            labels=("urgency",),
        ),
    )
    for urgency, waiting in look.cases.items():
        age_s = (look.at - waiting.oldest_at).total_seconds() if waiting.oldest_at else 0.0
        for family, value in zip(families, (waiting.open, waiting.overdue, age_s), strict=True):
            family.add_metric((urgency.value,), value)
    yield from families
    yield Gauge(
        "hearth_unread_messages",
        "Messages that are shown and no model has read; 1,000: so many or more.",
        look.unread,
    )
    since = look.unread_since
    yield Gauge(
        "hearth_oldest_unread_seconds",
        "Since the oldest was said that is read as soon as a model can; 0: none.",
        (look.at - since).total_seconds() if since else 0.0,
    )
    pushes = Counter(
        "hearth_pushes", "Calls on browsers since push was turned on.", labels=("outcome",)
    )
    pushes.add_metric(("sent",), look.push_sent)
    pushes.add_metric(("failed",), look.push_failed)
    yield pushes
    yield Gauge("hearth_database_bytes", "As large as the database is.", look.database_bytes)
    for name, about, at in (
        ("hearth_backup_timestamp_seconds", "The newest backup; 0: none.", look.backup_at),
        (
            "hearth_key_copy_timestamp_seconds",
            "The newest copy of the keys; 0: none.",
            look.key_backup_at,
        ),
    ):
        yield Gauge(name, about, at.timestamp() if at else 0.0)
