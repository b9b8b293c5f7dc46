"""How tries to log in are counted: wrong ones, and, far more of them, right ones."""

from contextlib import suppress
from dataclasses import dataclass

from server.api.depend import AskAnybody
from server.errors import TooFast
from server.protocol import bodies
from server.services import names


@dataclass(frozen=True, slots=True)
class Try:
    """One try. key: what it was counted under; of_network: counted for its network, too."""

    ask: AskAnybody
    account: str
    key: str
    of_network: bool

    async def went_well(self) -> None:
        """The secret was right: it is no guess, and uses up what is there for those who are let in."""
        limits = self.ask.parts.limits
        await limits.uncount("log_in_account", self.key)
        if self.of_network:
            await let_network_in(self.ask)
        with suppress(TooFast):  # one of a few at once, who are all in
            await limits.count("entered_account", self.account)


async def count_try(asked: bodies.LogIn, ask: AskAnybody, mark: str | None) -> Try:
    """Before it is looked at: many at once would all be looked at else.

    Nobody is kept out by what others try: a device that came in before is counted by itself, and a
    recovery code, which nobody guesses, for each network by itself. Raises TooFast.
    """
    limits, account = ask.parts.limits, names.name_key(asked.pseudonym)
    await limits.look("entered_account", account)
    if known := ask.parts.devices.find(account, mark):
        key = f"device {known}"
        await limits.count("log_in_account", key)
        return Try(ask, account, key, of_network=False)
    key = account if asked.passphrase else f"code {account} {ask.address_key}"
    await limits.look("log_in_account", key)
    await count_network(ask)
    await limits.count("log_in_account", key)
    return Try(ask, account, key, of_network=True)


async def count_network(ask: AskAnybody) -> None:
    """A try from where somebody is. Raises TooFast."""
    await ask.parts.limits.look("entered_address", ask.address_key)
    await ask.parts.limits.count("log_in_address", ask.address_key)


async def let_network_in(ask: AskAnybody) -> None:
    """A ward that shares an address is not kept out by thirty who came in."""
    limits = ask.parts.limits
    await limits.uncount("log_in_address", ask.address_key)
    with suppress(TooFast):  # one of a few at once, who are all in
        await limits.count("entered_address", ask.address_key)
