"""How a replay is told: one line that moves while it runs, and at the end words, or one JSON object."""

import asyncio
import sys
import time
from typing import Any

from server.replay.performance import Replay

_WORDS = """
{posted} messages were sent in {seconds} s; {acknowledged} acknowledged ({messages_per_s} a second).
Nudged and sent as they were: {nudged}. Held: {held}, refused: {refused}, replies to these: {skipped}.
Each was to reach everybody in its room: {delivered} of {expected} deliveries.
Lost {lost}, doubled {doubled}, out of order {out_of_order}, altered {altered}, out of nowhere {phantom}.
Until acknowledged, which is judged and durable: half in {p50_ms} ms, 99 of 100 in {p99_ms} ms.
Until heard by each member: {delivery_p50_ms} ms and {delivery_p99_ms} ms.
Without --rate everybody sends as fast as acknowledged, so these hold at full load.
Cases: {cases}. Unread by the model at the end: {unassessed}, at most {unassessed_peak} at once
(both from the moderator's queue).
"""
_EVERY_S = 0.5
_EVERY_LINE_S = 5.0


async def show_progress(replay: Replay) -> None:
    """On standard error, until cancelled: a line that updates, or now and then a line in a log."""
    moves = sys.stderr.isatty()
    before, before_s = 0, time.perf_counter()
    while True:
        await asyncio.sleep(_EVERY_S if moves else _EVERY_LINE_S)
        said, now_s = replay.ledger.counts["acknowledged"], time.perf_counter()
        line = _line(replay, (said - before) / (now_s - before_s))
        sys.stderr.write(f"\r{line:<78}" if moves else f"{line}\n")
        sys.stderr.flush()
        before, before_s = said, now_s


def in_words(figures: dict[str, Any]) -> str:
    """For people."""
    return _WORDS.format(**figures)


def _line(replay: Replay, rate: float) -> str:
    counts = replay.ledger.counts
    return (
        f"{counts['acknowledged']} acknowledged, {counts['delivered']} delivered, "
        f"{counts['nudged']} nudged, {counts['held']} held; {rate:.0f} messages/s"
    )
