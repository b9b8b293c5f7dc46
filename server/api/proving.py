"""Proving again who asks, for what must not be open to whoever finds a screen unlocked."""

from typing import Annotated

from fastapi import Depends

from server.api.depend import Ask, AskMember
from server.errors import ProofNeeded, WrongLogIn
from server.services import accounts, sessions


async def check_proven(
    ask: AskMember, passphrase: str | None = None, code: str | None = None
) -> None:
    """Proved in the last ten minutes, or right now: by passphrase, or by the recovery code, which stays good.

    A program's token was made for what it asks. Raises ProofNeeded, WrongLogIn, TooFast.
    """
    if passphrase or code:
        await _prove(ask, passphrase, code)
    elif ask.actor.scopes is None and not await is_proven(ask):
        raise ProofNeeded


async def is_proven(ask: AskMember) -> bool:
    """Whether it was proved lately who sits there."""
    until = await ask.parts.database.read(lambda work: sessions.proved_until(work, ask.actor))
    return until is not None


async def note_proven(ask: AskMember) -> None:
    """It was proved just now."""
    await ask.parts.database.do(lambda work: sessions.note_proved(work, ask.actor))


async def _prove(ask: AskMember, passphrase: str | None, code: str | None) -> None:
    limits, account = ask.parts.limits, str(ask.actor.id)
    # Counted before it is looked at: many at once would all be looked at else.
    await limits.count("log_in_account", account)
    if not await _is_right(ask, passphrase, code):
        raise WrongLogIn
    await note_proven(ask)
    await limits.uncount("log_in_account", account)


async def _is_right(ask: AskMember, passphrase: str | None, code: str | None) -> bool:
    if code:
        return await ask.read("me.read", lambda work: accounts.has_code(work, ask.actor, code))
    stored = await ask.read("me.read", lambda work: accounts.passphrase_hash_of(work, ask.actor))
    return await ask.parts.passphrases.matches(stored, passphrase or "")


async def _proven(ask: Ask) -> AskMember:
    await check_proven(ask)
    return ask


AskProven = Annotated[AskMember, Depends(_proven)]
"""A member who has proved lately who they are. Raises ProofNeeded."""
