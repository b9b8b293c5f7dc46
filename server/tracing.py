"""Traces of OpenTelemetry, where a collector is named: what was done and how long it took, never what was said.

A span has a name of ours and a few values of ours. No library looks into requests or statements for us, and
no exception is recorded: its words may quote what somebody wrote.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from server.errors import Misconfigured

_LAST_S: Final = 5.0
"""For the last spans of all: a collector that says nothing keeps nobody from stopping, or from starting anew."""
_NOTHING: AbstractContextManager[Any] = nullcontext()
_tracer: Any = None


def span(name: str, **about: str | int) -> AbstractContextManager[Any]:
    """Around one thing that is done. Costs nothing worth a name while traces are off."""
    return _NOTHING if _tracer is None else _span(name, about)


def is_on() -> bool:
    """Whether spans go anywhere."""
    return _tracer is not None


@contextmanager
def _span(name: str, about: dict[str, str | int]) -> Iterator[Any]:
    with _tracer.start_as_current_span(
        name, attributes=about, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            raise


@contextmanager
def tracing_to(url: str) -> Iterator[None]:
    """While this is open, spans go to the collector at `url` (OTLP over HTTP), in batches beside the work.

    An empty url: they go nowhere. At the end, what waits is sent, within _LAST_S. Raises Misconfigured where
    the packages are not installed.
    """
    global _tracer
    if not url:
        yield
        return
    provider = _provider(url)
    _tracer = provider.get_tracer("hearth")
    try:
        yield
    finally:
        _tracer = None
        _send_last(provider)


def _send_last(provider: Any) -> None:
    sending = threading.Thread(target=provider.shutdown, name="hearth-last-traces", daemon=True)
    sending.start()
    sending.join(_LAST_S)


def _provider(url: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise Misconfigured("HEARTH_TRACES_URL needs: pip install 'hearth[otel]'.") from None
    # Only this: the SDK would also read names, headers and detectors from the environment.
    provider = TracerProvider(resource=Resource({"service.name": "hearth"}))
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
