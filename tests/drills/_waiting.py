"""Waiting for what no event tells."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], most_s: float = 60.0, every_s: float = 0.005) -> None:
    """Return as soon as it is so. Raises TimeoutError."""
    async with asyncio.timeout(most_s):
        while not is_so():  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(every_s)


async def has_become(is_so: Callable[[], bool], most_s: float) -> bool:
    """Whether it becomes so in that time."""
    try:
        await until(is_so, most_s)
    except TimeoutError:
        return False
    return True
