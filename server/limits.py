"""How much of what, per member and per address. One table for the public, one for drills on this machine."""

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from server.errors import TooFast
from server.networks import Trusted, factor_of

Kind = Literal[
    "post",
    "post_burst",
    "frame",
    "screened",
    "join",
    "sign_up",
    "log_in_account",
    "log_in_address",
    "entered_account",
    "entered_address",
    "passkey_asked",
    "invite",
    "request",
    "outside",
    "outside_look",
]

_MINUTE, _HOUR = 60.0, 3_600.0
NONE_TO_SPEAK_OF: Final = 1_000_000


class Rule(NamedTuple):
    """At most so many in any stretch of so long."""

    most: int
    within_s: float


_PROFILES: Final[dict[str, dict[Kind, Rule]]] = {
    "normal": {
        "post": Rule(30, _MINUTE),
        "post_burst": Rule(10, 5.0),
        "frame": Rule(600, _MINUTE),
        "screened": Rule(10, _MINUTE),
        "join": Rule(60, _HOUR),
        "sign_up": Rule(10, _HOUR),
        "log_in_account": Rule(10, _HOUR),
        "log_in_address": Rule(30, _HOUR),
        # Right secrets cost a slow hash each: as many as a ward needs at a change of shifts.
        "entered_account": Rule(20, _HOUR),
        "entered_address": Rule(120, _HOUR),
        "passkey_asked": Rule(120, _HOUR),
        # A whole group in one sitting; not a door for everybody by a page that was left open.
        "invite": Rule(60, _HOUR),
        "request": Rule(600, _MINUTE),
        "outside": Rule(10, _HOUR),
        "outside_look": Rule(60, _HOUR),
    },
    "bench": {
        "post": Rule(NONE_TO_SPEAK_OF, _MINUTE),
        "post_burst": Rule(NONE_TO_SPEAK_OF, 1.0),
        "frame": Rule(NONE_TO_SPEAK_OF, _MINUTE),
        "screened": Rule(NONE_TO_SPEAK_OF, _MINUTE),
        "join": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "sign_up": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "log_in_account": Rule(10, _HOUR),
        "log_in_address": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "entered_account": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "entered_address": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "passkey_asked": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "invite": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "request": Rule(NONE_TO_SPEAK_OF, _MINUTE),
        "outside": Rule(NONE_TO_SPEAK_OF, _HOUR),
        "outside_look": Rule(NONE_TO_SPEAK_OF, _HOUR),
    },
}

POSTS_PER_MINUTE = {"normal": 30, "bench": 1_000_000}


_OF_NETWORKS: Final[frozenset[Kind]] = frozenset(
    {
        "sign_up", "log_in_address", "entered_address", "passkey_asked", "outside",
        "outside_look",
    }
)  # fmt: skip
"""Counted under an address's key: a trusted network has so many times as much."""
_SWEEP_EVERY: Final = 10_000
_LEAST_WAIT_S: Final = 0.5


class Limits:
    """A moving window per kind and key, in memory. A few hundred nanoseconds each: every frame is counted.

    now: seconds on a clock that never goes back. trusted: networks that may do more.
    """

    def __init__(
        self,
        profile: str,
        now: Callable[[], float] = time.monotonic,
        salt: bytes | None = None,
        trusted: Sequence[Trusted] = (),
    ) -> None:
        self.profile = profile
        self._rules = _PROFILES[profile]
        self._now = now
        self._times: dict[tuple[Kind, str], deque[float]] = {}
        self._hits = 0
        self._salt = salt or secrets.token_bytes(32)
        self._trusted = trusted

    async def count(self, kind: Kind, key: str) -> None:
        """Count one with all workers that serve; here there is one. Raises TooFast."""
        self.hit(kind, key)

    async def uncount(self, kind: Kind, key: str) -> None:
        """Count the last one under this key no more: it did no harm."""
        self.take_back(kind, key)

    async def look(self, kind: Kind, key: str) -> None:
        """Raises TooFast when the next one would be too many for all workers; counts nothing."""
        self.check(kind, key)

    async def close(self) -> None:
        """Let go of what was opened."""

    def rule(self, kind: Kind) -> Rule:
        """What holds here."""
        return self._rules[kind]

    def most(self, kind: Kind, key: str) -> int:
        """How many of them under this key."""
        most = self._rules[kind].most
        return most * int(key.partition("*")[2] or 1) if kind in _OF_NETWORKS else most

    def hit(self, kind: Kind, key: str, of: int = 1) -> None:
        """Count one. Raises TooFast, saying when to come back; what was refused is not counted.

        of: how many workers share it, each with its part.
        """
        now = self._now()
        times = self._recent(kind, key, now)
        self._refuse_when_full(kind, key, times, now, of)
        times.append(now)
        self._hits += 1
        if self._hits % _SWEEP_EVERY == 0:
            self._forget_idle(now)

    def take_back(self, kind: Kind, key: str) -> None:
        """The same of what `hit` counted."""
        times = self._times.get((kind, key))
        if times:
            times.pop()

    def check(self, kind: Kind, key: str) -> None:
        """Raises TooFast when the next one would be too many; counts nothing."""
        now = self._now()
        self._refuse_when_full(kind, key, self._recent(kind, key, now), now)

    def _recent(self, kind: Kind, key: str, now: float) -> deque[float]:
        """When it was counted in the window that ends now, oldest first."""
        times = self._times.get((kind, key))
        if times is None:
            times = self._times[kind, key] = deque()
        begun = now - self._rules[kind].within_s
        while times and times[0] <= begun:
            times.popleft()
        return times

    def _refuse_when_full(
        self, kind: Kind, key: str, times: deque[float], now: float, of: int = 1
    ) -> None:
        most = max(1, self.most(kind, key) // of)
        if len(times) >= most:
            wait_s = times[len(times) - most] + self._rules[kind].within_s - now
            raise TooFast(retry_after_s=round(max(_LEAST_WAIT_S, wait_s), 1))

    def _forget_idle(self, now: float) -> None:
        """Keys nobody used for a whole window."""
        for kind, key in [*self._times]:
            if not self._recent(kind, key, now):
                del self._times[kind, key]

    def address_key(self, address: str) -> str:
        """A network, not a person: /24 or /56 under the server's own secret. Counted under for an hour at most,
        and stored nowhere else.
        With the factor of a trusted network, whose address is compared before anything is hashed."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return "unknown"
        network = ipaddress.ip_network((ip, 24 if ip.version == 4 else 56), strict=False)
        key = hmac.new(self._salt, network.network_address.packed, hashlib.sha256).hexdigest()[:24]
        factor = factor_of(self._trusted, ip)
        return key if factor == 1 else f"{key}*{factor}"
