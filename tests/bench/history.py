"""Does a long history make a message dearer? Hearth's room of 500, measured after so many messages in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench.engine import Engine, now
from tests.bench.hearth import Hearth
from tests.bench.progress import say
from tests.bench.standing import Standing
from tests.bench.work import Row

_SPEAKERS = 64
_SAY_EVERY = 10_000
_STUCK_S = 30.0


def attempt(
    history: int, *, members: int, rate: float, seconds: float, repeats: int
) -> Iterator[Row]:
    """Fill the room, let the others come, measure; what breaks is said."""
    server = Standing("hearth", [members])
    adapter = server.adapter
    assert isinstance(adapter, Hearth)
    try:
        server.start(before_joining=partial(fill, adapter, history))
        for _ in range(repeats):
            row = server.fixed(0, rate=rate, seconds=seconds)
            yield row | {"phase": "history", "history": history}
    except Exception as error:  # a broken server must not end the series
        say(f"hearth: {type(error).__name__}: {error}")
    finally:
        server.stop()


def fill(adapter: Hearth, messages: int) -> None:
    """One member listens, others only speak: each waits for the answer to its last, and commits are shared."""
    engine = Engine()
    listener, *speakers = [adapter.session(engine, i) for i in range(1 + _SPEAKERS)]
    for speaker in speakers:
        speaker.listens = False
    engine.connect_all([listener, *speakers], adapter.port)
    began, said = now(), 0
    while engine.completed < messages:
        before = engine.completed
        while engine.seq < messages and engine.seq - before < 2 * _SPEAKERS:
            engine.post_when_free(speakers[engine.seq % _SPEAKERS], 1)
        if not engine.run_until(partial(_is_past, engine, before), _STUCK_S):
            raise RuntimeError(f"filling stopped at {before}: {engine.errors}")
        if engine.completed >= said + _SAY_EVERY:
            said = engine.completed
            say(f"history of {said}: {said / (now() - began) * 1e9:.0f}/s")
        del engine.delivery_us[:], engine.done_us[:], engine.ack_us[:]
    engine.close()


def _is_past(engine: Engine, completed: int) -> bool:
    return engine.completed > completed
