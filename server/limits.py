"""How much of what, per member and per address. One table for the public, one for drills on this machine."""

import hashlib
import hmac
import ipaddress
import secrets
import time
from typing import Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from server.errors import TooFast

Kind = Literal[
    "post",
    "post_burst",
    "frame",
    "screened",
    "join",
    "sign_up",
    "log_in_account",
    "log_in_address",
    "request",
]

_PROFILES: dict[str, dict[str, str]] = {
    "normal": {
        "post": "30/minute",
        "post_burst": "10/5 second",
        "frame": "600/minute",
        "screened": "10/minute",
        "join": "60/hour",
        "sign_up": "10/hour",
        "log_in_account": "10/hour",
        "log_in_address": "30/hour",
        "request": "600/minute",
    },
    "bench": {
        "post": "1000000/minute",
        "post_burst": "1000000/second",
        "frame": "1000000/minute",
        "screened": "1000000/minute",
        "join": "1000000/hour",
        "sign_up": "1000000/hour",
        "log_in_account": "10/hour",
        "log_in_address": "1000000/hour",
        "request": "1000000/minute",
    },
}

POSTS_PER_MINUTE = {"normal": 30, "bench": 1_000_000}


class Limits:
    """A moving window per kind and key, in memory."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self._items: dict[str, RateLimitItem] = {
            kind: parse(rule) for kind, rule in _PROFILES[profile].items()
        }
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._salt = secrets.token_bytes(32)

    def hit(self, kind: Kind, key: str) -> None:
        """Count one. Raises TooFast, saying when to come back."""
        item = self._items[kind]
        if not self._limiter.hit(item, kind, key):
            reset_at, _ = self._limiter.get_window_stats(item, kind, key)
            raise TooFast(retry_after_s=_seconds_until(reset_at))

    def check(self, kind: Kind, key: str) -> None:
        """Raises TooFast when the next one would be too many; counts nothing."""
        item = self._items[kind]
        if not self._limiter.test(item, kind, key):
            reset_at, _ = self._limiter.get_window_stats(item, kind, key)
            raise TooFast(retry_after_s=_seconds_until(reset_at))

    def address_key(self, address: str) -> str:
        """A network, not a person: /24 or /56 under a salt that is forgotten at restart. Never stored."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return "unknown"
        network = ipaddress.ip_network((ip, 24 if ip.version == 4 else 56), strict=False)
        return hmac.new(self._salt, network.network_address.packed, hashlib.sha256).hexdigest()[:24]


def _seconds_until(reset_at: float) -> float:
    return round(max(0.5, reset_at - time.time()), 1)
