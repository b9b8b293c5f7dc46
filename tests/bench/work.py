"""The work that is measured: texts at a fixed rate, or always so many on their way; and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.engine import Engine, Session, now, quantiles_ms
from tests.bench.processes import Sample

Row = dict[str, Any]

_LATE_NS = 5_000_000


def fixed_rate(
    engine: Engine, senders: Sequence[Session], due: int, *, rate: float, seconds: float,
    size_bytes: int = 120,
) -> Row:  # fmt: skip
    """Open loop: message i is due at its time, whatever the server does.

    Ends early when the server is so late that markers run out (engine.CYCLE) for as long again.
    """
    total = int(rate * seconds)
    began = now()
    end = began + int((2 * seconds + 5) * 1e9)
    lag = 0
    sent = 0
    for i in range(total):
        due_at = began + int(i * 1e9 / rate)
        while (left := due_at - now()) > 0:
            engine.poll(left / 1e9)
        lag = max(lag, now() - due_at)
        if now() > end:
            break
        sender = senders[i % len(senders)]
        if sender.closed:
            continue
        engine.post_when_free(sender, due, size_bytes)
        sent += 1
        if left <= -_LATE_NS:  # we are late: read before posting more
            engine.poll(0)
    return {"sent": sent, "max_post_lag_ms": lag / 1e6}


def saturate(
    engine: Engine, senders: Sequence[Session], due: int, *, window: int, seconds: float
) -> Row:
    """Closed loop: `window` messages on their way; one that every member has makes room for the next."""
    end = now() + int(seconds * 1e9)
    sent = 0

    def post(_: int) -> None:
        nonlocal sent
        if now() < end:
            engine.post(senders[sent % len(senders)], due)
            sent += 1

    engine.on_done = post
    for _ in range(window):
        post(0)
    while now() < end:
        engine.poll(0.05)
    engine.on_done = None
    return {"sent": sent}


def measure(
    engine: Engine,
    roots: Sequence[int],
    work: Callable[[], Row],
    due: int,
    *,
    drain_s: float = 10.0,
) -> Row:
    """Do the work, wait for what is still on its way, and say what it took.

    lost: deliveries due and not received within `drain_s`. us_per_delivery: CPU of all the server's
    processes, over deliveries.
    """
    engine.reset_figures()
    before = Sample(roots)
    done = work()
    at_end = len(engine.delivery_us)
    middle = Sample(roots)
    engine.run_until(lambda: engine.completed >= done["sent"], drain_s)
    used = Sample(roots).since(before)
    n = len(engine.delivery_us)
    lost = engine.missing()
    return {
        **done,
        **used,
        "deliveries": n,
        "expected": done["sent"] * due,
        "lost": lost,
        "drained": lost == 0,
        "doubled": engine.doubled,
        "dropped_sessions": engine.dropped,
        "deliveries_per_s": at_end / (middle.at - before.at),
        "us_per_delivery": used["server_cpu_s"] * 1e6 / n if n else None,
        "client_us_per_delivery": used["client_cpu_s"] * 1e6 / n if n else None,
        "server_cores": used["server_cpu_s"] / used["wall_s"],
        "client_cores": used["client_cpu_s"] / used["wall_s"],
        "delivery_ms": quantiles_ms(engine.delivery_us),
        "all_ms": quantiles_ms(engine.done_us),
        "ack_ms": quantiles_ms(engine.ack_us),
        "errors": engine.errors[:3],
    }


def spread(members: Sequence[Session], count: int) -> list[Session]:
    """So many of the members, evenly."""
    return list(members[:: max(1, len(members) // count)][:count])
