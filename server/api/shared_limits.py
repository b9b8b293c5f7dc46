"""Limits of a place that serves: a member has one share, not one at each worker, and not one for each restart.

What guards log-in, and what strangers send, is counted in the database, and holds whatever else is down: when
the database does not answer, nobody logs in. What members say is counted by each worker, always, and together in
Redis, if there is one: emptied, it does not give anybody their share anew where they have had it. Without it each
worker allows its part.
"""

import hashlib
import hmac
import logging
import math
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from server.errors import TooFast
from server.limits import NONE_TO_SPEAK_OF, Kind, Limits
from server.networks import Trusted
from server.store import guesses
from server.store.work import Database

log = logging.getLogger(__name__)

IN_DATABASE: Final[frozenset[Kind]] = frozenset(
    {
        "log_in_account", "log_in_address", "entered_account", "entered_address", "passkey_asked",
        "sign_up", "invite", "join", "outside", "outside_look",
    }
)  # fmt: skip
_LEAST_WAIT_S = 0.5
_WITHOUT_S = 1.0
"""Redis that did not answer is not asked again for so long: a frozen one would cost each who comes a quarter of
a second."""


class Counter(Protocol):
    """Counts for all workers. Each call raises OSError or TimeoutError when it is away."""

    async def count(self, name: str, most: int, within_s: float) -> float:
        """Returns how many seconds to wait; 0: there was room, and it was counted."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


class SharedLimits(Limits):
    """workers: how many serve here. secret: the same in all of them; only it makes keys."""

    def __init__(
        self,
        profile: str,
        database: Database,
        *,
        secret: bytes,
        counter: Counter | None,
        workers: int,
        trusted: Sequence[Trusted] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(profile, now, salt=secret, trusted=trusted)
        self._database = database
        self._secret = secret
        self._workers = workers
        self._counter = counter
        self._was_away = False
        self._ask_again_at = -math.inf

    async def count(self, kind: Kind, key: str) -> None:
        """Count one with all workers. Raises TooFast; for what guards log-in also Unavailable."""
        if self.rule(kind).most == NONE_TO_SPEAK_OF:
            self.hit(kind, key)
        elif kind in IN_DATABASE:
            name, most, within = self._window(kind, key)
            wait_s = await self._database.do(
                lambda work: guesses.count(work, kind, name, most, within)
            )
            _refuse_after(wait_s)
        elif self._counter is None:
            self.hit(kind, key, of=self._workers)
        else:
            await self._here_and_in_redis(self._counter, kind, key)

    async def uncount(self, kind: Kind, key: str) -> None:
        """Count the last one under this key no more; of what guards log-in."""
        if self.rule(kind).most == NONE_TO_SPEAK_OF:
            self.take_back(kind, key)
            return
        name = self._name(kind, key)
        await self._database.do(lambda work: guesses.take_back(work, kind, name))

    async def look(self, kind: Kind, key: str) -> None:
        """Raises TooFast when the next one would be too many; counts nothing."""
        if self.rule(kind).most == NONE_TO_SPEAK_OF:
            self.check(kind, key)
        else:
            name, most, within = self._window(kind, key)
            wait_s = await self._database.read(
                lambda work: guesses.look(work, kind, name, most, within)
            )
            _refuse_after(wait_s)

    async def close(self) -> None:
        """Let go of what counts for all."""
        if self._counter:
            await self._counter.close()

    def _window(self, kind: Kind, key: str) -> tuple[str, int, timedelta]:
        """In the database: its key, how many fit, and how long it is."""
        within = timedelta(seconds=self.rule(kind).within_s)
        return self._name(kind, key), self.most(kind, key), within

    async def _here_and_in_redis(self, counter: Counter, kind: Kind, key: str) -> None:
        """Here first: two who come at once must not both find room while Redis is asked."""
        self.hit(kind, key)
        wait_s = await self._in_redis(counter, kind, key)
        if wait_s is None:
            self.take_back(kind, key)
            self.hit(kind, key, of=self._workers)
        elif wait_s > 0:
            self.take_back(kind, key)
            _refuse_after(wait_s)

    async def _in_redis(self, counter: Counter, kind: Kind, key: str) -> float | None:
        """Seconds to wait; None where it does not answer: then nothing was counted there."""
        if self._now() < self._ask_again_at:
            return None
        rule = self.rule(kind)
        try:
            wait_s = await counter.count(self._name(kind, key), rule.most, rule.within_s)
        except (OSError, TimeoutError) as error:
            if not self._was_away:
                log.warning("limits are counted by each worker: %s", type(error).__name__)
            self._was_away = True
            self._ask_again_at = self._now() + _WITHOUT_S
            return None
        if self._was_away:
            log.warning("limits are counted together again")
        self._was_away = False
        return wait_s

    def _name(self, kind: Kind, key: str) -> str:
        return hmac.new(self._secret, f"{kind} {key}".encode(), hashlib.sha256).hexdigest()[:32]


def _refuse_after(wait_s: float) -> None:
    if wait_s > 0:
        raise TooFast(retry_after_s=round(max(_LEAST_WAIT_S, wait_s), 1))
