"""What goes through Redis or Valkey: hints, and counting together. Nothing is kept there alone.

Read only where there is one: its library costs a tenth of a second at each start.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from server.ids import new_id

_PATIENCE_S = 1.0
_ASK_S = 5.0
"""A line that was silent for so long is asked whether it is still there."""
_COUNT_S = 0.25
_ONE_STEP_S = 0.2
"""Of what counting waits for; sooner than all of it together, for the library drops a cancelled line unclosed."""
_LINES = 16
"""At most so many to one Redis that counts: where it stands still, who comes next waits for one, not for a new one."""
_COUNT = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
  local oldest = redis.call('ZRANGE', KEYS[1], -tonumber(ARGV[1]), -tonumber(ARGV[1]), 'WITHSCORES')
  return math.max(1, oldest[2] + ARGV[2] - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[3]); redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
"""


class RedisCarrier:
    """Carries hints on a channel. Raises OSError, TimeoutError."""

    most_bytes = 65_536

    def __init__(self, url: str, channel: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
            health_check_interval=_ASK_S,
        )
        self._channel = channel

    async def send(self, hint: bytes) -> None:
        """To all who listen now."""
        with _plainly():
            await self._redis.publish(self._channel, hint)

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Until the line breaks."""
        with _plainly():
            async with self._redis.pubsub(ignore_subscribe_messages=True) as channels:
                await channels.subscribe(self._channel)
                while True:
                    came = await channels.get_message(timeout=_ASK_S)
                    if came:
                        hear(came["data"])

    async def close(self) -> None:
        """Let go."""
        await self._redis.aclose()


class RedisCounter:
    """A moving window for all workers. Raises OSError, TimeoutError within a quarter of a second."""

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_LINES,
            timeout=_COUNT_S,
            socket_timeout=_ONE_STEP_S,
            socket_connect_timeout=_ONE_STEP_S,
            retry=None,
        )
        self._redis = Redis.from_pool(pool)
        self._script = self._redis.register_script(_COUNT)

    async def count(self, name: str, most: int, within_s: float) -> float:
        """Count one where there is room. Returns how many seconds to wait; 0: there was room."""
        with _plainly():
            async with asyncio.timeout(_COUNT_S):
                wait_ms = await self._script(
                    keys=[f"hearth:limit:{name}"],
                    args=[most, int(within_s * 1000), str(new_id())],
                )
        return float(wait_ms) / 1000

    async def close(self) -> None:
        """Let go."""
        await self._redis.aclose()


@contextmanager
def _plainly() -> Iterator[None]:
    """Its errors may quote what was sent."""
    try:
        yield
    except RedisError as error:
        raise ConnectionError(type(error).__name__) from None


async def answers(url: str) -> bool:
    """Whether there is one."""
    redis = Redis.from_url(url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
    try:
        with _plainly():
            return bool(await redis.ping())
    except (OSError, TimeoutError):
        return False
    finally:
        await redis.aclose()
