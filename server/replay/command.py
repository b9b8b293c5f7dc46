"""From the command line's arguments to a replay's figures."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.client import Http
from server.errors import ServerError
from server.replay.conversations import read_file
from server.replay.performance import Options, Replay
from server.replay.report import show_progress
from server.replay.staging import Stage, can_stage_here, new_tag, stage_by_tokens, stage_here
from server.settings import Settings

_AT_ONCE = 4


class SignUpFailed(ServerError):
    """The place let nobody in."""

    code = "sign_up_failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. moderator, clinician: tokens, where the database is elsewhere."""

    file: Path
    clients: int
    rooms: int
    options: Options
    limit: int | None = None
    moderator: str | None = None
    clinician: str | None = None


async def replay_file(asked: Asked, settings: Settings) -> dict[str, Any]:
    """Run it; progress on standard error. Raises ServerError, ClientError."""
    conversations = read_file(asked.file, asked.limit)
    tag = new_tag()
    tokens = await sign_up_all(asked.options.url, tag, asked.clients)
    stage = await _stage(asked, settings, tag)
    replay = Replay(asked.options, stage)
    progress = asyncio.create_task(show_progress(replay))
    try:
        return await replay.run(conversations, tokens)
    finally:
        progress.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await progress


async def sign_up_all(url: str, tag: str, count: int) -> list[str]:
    """Tokens of `count` new members."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def sign_up(number: int) -> str:
        async with gate:
            entered = await Http(url).sign_up(member_name(tag, number))
        if entered.token is None or entered.me.state != "active":
            raise SignUpFailed("New members wait for a steward here; a replay needs open sign-up.")
        return entered.token

    return list(await asyncio.gather(*(sign_up(number) for number in range(count))))


def member_name(tag: str, number: int) -> str:
    """Who talks in a replay."""
    return f"replay {tag} {number}"


async def _stage(asked: Asked, settings: Settings, tag: str) -> Stage:
    url = asked.options.url
    if asked.moderator is None:
        here = await asyncio.to_thread(can_stage_here, settings, url, member_name(tag, 0))
        if here:
            return await asyncio.to_thread(stage_here, settings, asked.rooms, tag)
    return await stage_by_tokens(
        url, asked.rooms, moderator=asked.moderator, clinician=asked.clinician
    )
