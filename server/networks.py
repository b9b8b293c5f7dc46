"""Networks whose people share addresses, a ward or a school, and so have larger limits."""

import ipaddress
from collections.abc import Sequence
from typing import Final, NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST: Final = 1_000


class Trusted(NamedTuple):
    """A network, and how many times as much it may."""

    network: Network
    factor: int


def read_trusted(text: str) -> tuple[Trusted, ...]:
    """From `10.20.0.0/16*20`, with commas. Raises ValueError."""
    return tuple(_read(one.strip()) for one in text.split(",") if one.strip())


def factor_of(trusted: Sequence[Trusted], address: Address) -> int:
    """That of the narrowest network which holds this address; 1 outside all of them."""
    holding = [one for one in trusted if address in one.network]
    return max(holding, key=lambda one: one.network.prefixlen).factor if holding else 1


def _read(text: str) -> Trusted:
    network, _, factor = text.partition("*")
    if not (factor.isascii() and factor.isdecimal() and 1 <= int(factor) <= _MOST):
        raise ValueError
    return Trusted(ipaddress.ip_network(network), int(factor))
