"""Proving again who asks, for what must not be open to whoever finds a screen unlocked."""

from server.api.depend import AskMember
from server.errors import WrongLogIn
from server.services import accounts


async def check_proven(ask: AskMember, passphrase: str | None, code: str | None) -> None:
    """By the present passphrase or the recovery code, which stays good. Raises WrongLogIn, TooFast."""
    limits, account = ask.parts.limits, str(ask.actor.id)
    # Counted before it is looked at: many at once would all be looked at else.
    limits.hit("log_in_account", account)
    if not await _is_proven(ask, passphrase, code):
        raise WrongLogIn
    limits.take_back("log_in_account", account)


async def _is_proven(ask: AskMember, passphrase: str | None, code: str | None) -> bool:
    if code:
        return await ask.read("me.read", lambda work: accounts.has_code(work, ask.actor, code))
    stored = await ask.read("me.read", lambda work: accounts.passphrase_hash_of(work, ask.actor))
    return await ask.parts.passphrases.matches(stored, passphrase or "")
